"""The language model of the settings is made by its name, and whatever is wrong with it is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.llm import load_llm
from kb.errors import GeneratorError, SettingsError
from kb.models.llama_index_llm import asking
from kb.settings import Settings, load_settings

MOCK = "llama_index.core.llms:MockLLM"


def of(llm: str, **options: object) -> Settings:
    return Settings(evaluation={"llm": llm, "llm_options": options})  # type: ignore[arg-type]


def test_a_language_model_is_made_with_its_arguments(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'[evaluation]\nllm = "{MOCK}"\n[evaluation.llm_options]\nmax_tokens = 3\n')
    llm = load_llm(load_settings(file))
    assert llm.metadata.num_output == 3
    assert str(llm.complete("What?")) == "text text text"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), "No language model is configured"),
        (of("nonesuch.module:Thing"), "cannot be imported: No module named 'nonesuch'"),
        (of("llama_index.core.llms:Nonesuch"), "cannot be imported"),
        (of("json:dumps"), "cannot be made: .*missing 1 required positional argument"),
        (of("json:JSONDecoder"), "is none of LlamaIndex's"),
        (of(MOCK, max_tokens="many"), "cannot be made"),
    ],
)
def test_what_is_wrong_with_it_is_one_sentence(settings: Settings, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as raised:
        load_llm(settings)
    assert "\n" not in str(raised.value)


def test_a_model_that_does_not_tell_what_it_is_called_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: object) -> object:
        raise ConnectionRefusedError("Connection refused")

    llm = load_llm(of(MOCK))
    monkeypatch.setattr(type(llm), "metadata", property(unreachable))
    with pytest.raises(GeneratorError, match="does not answer: Connection refused"), asking(llm):
        pass


def test_a_service_that_cannot_be_reached_is_one_sentence() -> None:
    llm = load_llm(of(MOCK))
    with pytest.raises(GeneratorError, match="does not answer: Connection refused") as raised, asking(llm):
        raise ConnectionRefusedError("Connection\nrefused")
    assert "\n" not in str(raised.value)


def test_its_arguments_are_written_nowhere() -> None:
    settings = of(MOCK, api_key="a secret")
    assert "a secret" not in settings.model_dump_json() + repr(settings)
    assert settings.model_dump()["evaluation"] == {"llm": MOCK}
