"""The Settings page: what it shows, what a change does to file and base, and that its figures are README's."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.cli.main import main
from app.web.literal import in_html, in_markdown
from app.web.serving import ENTRY
from app.web.settings.adopting import rebuilds
from app.web.settings.gains import gains
from app.web.settings.looking import machine_look, models_look
from app.web.settings.machine import leaving
from app.web.settings.models import in_memory
from app.web.settings.saving import SettingsSource, save, save_or_say
from app.web.settings.switches import GROUPS, Switch
from app.web.workspace import workspace
from citewell import KnowledgeBase
from citewell.kept_settings import keep, kept_keys, settings_of, values_of
from kb.errors import SettingsError
from kb.settings import Settings

README = Path(__file__).parents[1] / "README.md"
SWITCHES = [switch for group in GROUPS.values() for switch in group]
CONTROLS = ("selectbox", "toggle", "number_input", "text_input")
COMMENTED = """# mine
[generator]  # none yet
max_tokens = 256  # short

[answer]
# as few as will do
quotes = 2
"""


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A home with one base of one document."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "kettle.md").write_text("# Kettle\n\nThe kettle of the station holds seven litres.\n")
    with KnowledgeBase.open(home=tmp_path / "filled", create=True) as base:
        base.ingest([tmp_path / "documents"]).wait()
    return tmp_path / "filled"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    """Opens the Settings page on a home folder."""

    def opened(folder: Path) -> AppTest:
        monkeypatch.setenv("CITEWELL_HOME", str(folder))
        shown = AppTest.from_file(str(ENTRY), default_timeout=120).run().switch_page("views/settings.py").run()
        assert not shown.exception and not shown.error
        return shown

    yield opened
    workspace().base.close()
    st.cache_resource.clear()


def part(page: AppTest, name: str) -> AppTest:
    page.session_state["settings-part"] = name
    return page.run()


def text(page: AppTest) -> str:
    assert not page.exception
    return "\n".join([*(each.proto.body for each in page.get("html")), *(each.value for each in page.markdown)])


def finished(page: AppTest, is_done: Callable[[], bool]) -> AppTest:
    deadline = time.monotonic() + 120
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return page.run()


def test_a_change_is_written_and_takes_effect_at_once(page: Callable[[Path], AppTest], home: Path) -> None:
    shown = page(home)
    before = workspace().base
    shown.number_input("setting-answer-quotes").set_value(5).run()
    assert not shown.exception and not shown.error
    assert [success.value for success in shown.success] == [
        in_markdown("Saved: Quotes shown. Takes effect at once, for the next question.")
    ]
    assert settings_of(home).answer.quotes == 5
    assert workspace().base.settings.answer.quotes == 5
    assert before.settings.answer.quotes == 3, "what is being answered goes on by the old settings"
    shown = shown.button("default-answer-quotes").click().run()
    assert kept_keys(home) == frozenset()
    assert workspace().base.settings.answer.quotes == 3


def test_every_switch_is_shown_with_what_it_does(page: Callable[[Path], AppTest], home: Path) -> None:
    shown = page(home)
    for name, switches in GROUPS.items():
        html = text(part(shown, name))
        labels = {widget.label for kind in CONTROLS for widget in shown.get(kind)}
        for switch in switches:
            assert in_markdown(switch.label) in labels
            assert in_html(switch.effect) in html and in_html(switch.cost) in html
            if switch.name in gains():
                assert in_html(gains()[switch.name].sentence) in html


def test_a_stage_is_a_part_of_the_mode(page: Callable[[Path], AppTest], home: Path) -> None:
    shown = part(page(home), "Search")
    shown.toggle("setting-answer-mode-rerank").set_value(True).run()
    shown.toggle("setting-answer-mode-mmr").set_value(True).run()
    assert settings_of(home).answer.mode == "hybrid+rerank+mmr"
    shown.selectbox("setting-answer-mode").set_value("dense").run()
    assert settings_of(home).answer.mode == "dense+rerank+mmr"
    shown.toggle("setting-answer-mode-rerank").set_value(False).run()
    assert workspace().base.settings.answer.mode == "dense+mmr"
    assert shown.toggle("setting-answer-mode-hyde").disabled, "no language model is named"


def test_a_wrong_value_is_one_sentence_and_not_kept(page: Callable[[Path], AppTest], home: Path) -> None:
    shown = part(page(home), "Language model")
    shown.text_input("setting-generator-server").set_value("ftp://x").run()
    assert not shown.exception and not shown.success
    assert "generator.server" in shown.error[0].value.replace("\\", "")
    assert kept_keys(home) == frozenset()
    assert shown.text_input("setting-generator-server").value == ""


def test_a_model_that_is_not_here_is_not_kept(home: Path) -> None:
    for key in ("embedding.model", "rerank.model", "generator.model"):
        switch = next(switch for switch in SWITCHES if switch.key == key)
        is_saved, sentence = save_or_say(SettingsSource(home, None), Settings(), switch, "/no/such/model")
        assert not is_saved and "/no/such/model" in sentence
    assert kept_keys(home) == frozenset()


def test_a_variable_is_named_and_not_editable(
    page: Callable[[Path], AppTest], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITEWELL_ANSWER__QUOTES", "7")
    keep(home, None, {"answer.passages": 20})
    shown = page(home)
    assert shown.number_input("setting-answer-quotes").disabled
    assert shown.number_input("setting-answer-quotes").value == 7
    assert "CITEWELL_ANSWER__QUOTES" in text(shown)
    assert not shown.number_input("setting-answer-passages").disabled
    assert shown.number_input("setting-answer-passages").value == 20


def test_keys_are_never_shown(page: Callable[[Path], AppTest], home: Path) -> None:
    keep(home, None, {"generator.key": "a-secret-key", "generator.server": "http://127.0.0.1:9/v1"})
    shown = part(page(home), "Language model")
    assert "key is **set**" in text(shown)
    for name in (*GROUPS, "Models", "This machine"):
        shown = part(shown, name)
        assert "a-secret-key" not in str(shown) and "a-secret-key" not in text(shown)


def test_a_key_is_not_sent_to_a_server_that_it_is_not_for(home: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text('[generator]\nserver = "http://127.0.0.1:9/v1"\nkey = "sk-hidden"\n')
    source = SettingsSource(home, None)
    switch = next(one for one in SWITCHES if one.key == "generator.server")
    with pytest.raises(SettingsError, match="belongs to the server"):
        save(source, settings_of(home), switch, "http://elsewhere.invalid/v1")
    assert settings_of(home).generator.server == "http://127.0.0.1:9/v1"


def test_passages_of_another_length_wait_for_the_rebuilding(page: Callable[[Path], AppTest], filled: Path) -> None:
    shown = part(page(filled), "Index")
    shown.number_input("setting-chunking-target_tokens").set_value(32).run()
    assert workspace().base.settings.chunking.target_tokens is None
    assert workspace().base.ask("How much does the kettle hold?").answer().citations
    assert "still searched by the old settings" in shown.warning[0].value
    shown.button[-1].click().run()
    rebuild = rebuilds().of(workspace().base)
    assert rebuild is not None and not rebuild.job.wait().cancelled
    shown = shown.run()
    assert "up to date" in shown.success[0].value and not shown.warning
    assert workspace().base.settings.chunking.target_tokens == 32
    assert workspace().base.ask("How much does the kettle hold?").answer().citations


def test_an_index_that_the_command_line_has_rebuilt_is_taken_over(
    page: Callable[[Path], AppTest], filled: Path
) -> None:
    shown = part(page(filled), "Index")
    keep(filled, None, {"chunking.target_tokens": 32})
    shown = shown.run()
    assert "still searched by the old settings" in shown.warning[0].value
    assert workspace().base.settings.chunking.target_tokens is None
    command = [sys.executable, "-m", "app.cli.main", "--home", str(filled), "reindex"]
    subprocess.run(command, capture_output=True, check=True)
    shown = shown.run()
    assert not shown.exception and not shown.error and not shown.warning
    assert workspace().base.settings.chunking.target_tokens == 32
    more = filled.parent / "more.md"
    more.write_text("# Lamp\n\nThe lamp of the station burns all night.\n")
    assert workspace().base.ingest([more]).wait().added == 1
    assert workspace().base.ask("How much does the kettle hold?").answer().citations


def test_models_and_machine_are_told_in_words(page: Callable[[Path], AppTest], home: Path) -> None:
    shown = part(page(home), "Models")
    shown = finished(shown, lambda: models_look().job(Settings(), home).is_done)
    row = shown.dataframe[0].value.iloc[0]
    assert (row["Model"], row["Used for"], row["Fits"]) == ("all-MiniLM-L6-v2", "search by meaning", "yes")
    assert in_memory(models_look().job(Settings(), home).wait(), loaded=[]).startswith("None yet")
    workspace().base.embedder.queries(["Anything?"])
    assert "all-MiniLM-L6-v2 for search by meaning" in text(shown.run())
    shown = part(shown, "This machine")
    shown = finished(shown, lambda: machine_look().job(Settings(), home).is_done)
    html = text(shown)
    assert "all-MiniLM-L6-v2 (384 dimensions" in html
    assert "Stay on this machine." in html


def test_a_server_elsewhere_is_said_to_be_sent_passages() -> None:
    assert leaving({"kind": "extractive"}) == "Stay on this machine."
    elsewhere = "are sent to llm.example.org over the network"
    assert leaving({"passages": elsewhere}) == "Are sent to llm.example.org over the network."


def test_every_entrance_reads_what_the_page_writes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, None, {"answer.quotes": 4})
    assert main(["--home", str(home), "--json", "doctor"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["settings_file"], record["settings"]["answer"]["quotes"]) == (str(home / "settings.toml"), 4)
    with KnowledgeBase.open(home=home, create=True) as base:
        assert base.settings.answer.quotes == 4


def test_a_file_that_was_named_is_read_and_written_alone(home: Path, tmp_path: Path) -> None:
    named = tmp_path / "named.toml"
    named.write_text("[answer]\nquotes = 2\n")
    keep(home, None, {"answer.quotes": 4, "answer.passages": 30})
    assert values_of(settings_of(home, named))["answer.passages"] == 10
    keep(home, named, {"answer.strict": True})
    assert kept_keys(home, named) == {"answer.quotes", "answer.strict"}


def test_what_is_said_for_one_start_counts_more_than_what_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home, None, {"answer.quotes": 4, "answer.passages": 30})
    monkeypatch.setenv("CITEWELL_ANSWER__QUOTES", "6")
    assert (settings_of(home).answer.quotes, settings_of(home).answer.passages) == (6, 30)


def test_comments_and_order_of_the_file_stay(home: Path) -> None:
    home.mkdir()
    file = home / "settings.toml"
    file.write_text(COMMENTED)
    keep(home, None, {"answer.quotes": 5, "context.tokens": 900})
    assert file.read_text() == COMMENTED.replace("quotes = 2", "quotes = 5") + "\n[context]\ntokens = 900\n"
    keep(home, None, {"answer.quotes": None, "context.tokens": None})
    assert "# as few as will do" in file.read_text() and "quotes" not in file.read_text()


def test_a_new_file_is_its_owners_alone_and_a_wrong_one_is_refused(home: Path) -> None:
    keep(home, None, {"answer.quotes": 5})
    file = home / "settings.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match=r"answer\.quotes"):
        keep(home, None, {"answer.quotes": 99})
    assert settings_of(home).answer.quotes == 5
    file.write_text("[answer]\ncolour = 1\n")
    with pytest.raises(SettingsError, match=r'"answer\.colour" in .*settings\.toml is not a setting'):
        settings_of(home)


def test_the_bounds_of_numbers_are_those_of_the_settings(home: Path) -> None:
    for switch in SWITCHES:
        if switch.kind in ("whole", "share", "seconds"):
            for value in (switch.low, switch.high):
                keep(home, None, {switch.key: int(value) if switch.kind == "whole" else float(value)})
        elif switch.kind == "choice":
            for value, _ in switch.names:
                keep(home, None, {switch.key: value})


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_switch_is_a_setting_that_there_is(switch: Switch) -> None:
    assert switch.key in values_of(Settings())
    assert switch.effect.endswith((".", "”"))


def test_figures_stand_in_the_readme_too() -> None:
    readme = " ".join(README.read_text(encoding="utf-8").replace("**", "").split())
    assert set(gains()) <= {switch.name for switch in SWITCHES}
    for gain in gains().values():
        for figure in gain.figures:
            assert figure in gain.sentence, f"{figure} is not in the sentence on {gain.switch}"
            assert figure in readme, f"{figure}, of {gain.switch}, is not in README.md"
