"""Answers in a language model's words: how markers, sentences, thoughts, refusals and failures are taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator
from tiny_generators import tiny_llama

from citewell import KnowledgeBase
from citewell.models import Once
from generation.markers import cited, renumbered, without_markers
from generation.prompting.prompt import REFUSAL, load_prompts
from generation.sentence_stream import SentenceStream
from kb.errors import SettingsError
from kb.settings import Settings
from kb.text.thoughts import spoken
from kb.types import Answer

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
QUESTION = "What does b = 0 do in BM25?"
TRUE = "With b = 0 the length of a passage is ignored"
FALSE = "The parameter b was 17 in the year 1931"

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    settings = Settings(answer={"remembered": 0})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), settings=settings, create=True) as filled:
        assert not filled.ingest([SAMPLE / "documents"]).wait().failed
        yield filled


@pytest.fixture
def ask(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def asked(model: ScriptedGenerator, question: str = QUESTION, *, strict: bool = False) -> Answer:
        monkeypatch.setattr(base._models, "generator", Once(lambda: model))
        return base.ask(question, by="model", strict=strict).answer()

    return asked


def numbered(base: KnowledgeBase, words: str) -> int:
    """The number by which the model is shown the passage that says `words`."""
    passages = base.context(QUESTION).passages
    return next(number for number, passage in enumerate(passages, 1) if words in passage.text)


@pytest.mark.parametrize(
    ("text", "numbers", "bare"),
    [
        ("It is so [1].", (1,), "It is so."),
        ("It is so. [1][3]", (1, 3), "It is so."),
        ("It is so [1, 2] and so [2;4].", (1, 2, 4), "It is so and so."),
        ("Es ist so [1 und 2]. 【3】", (1, 2, 3), "Es ist so."),
        ("It is so [Passage 2].", (2,), "It is so."),
        ("a[i], a[0], [sic] and [2021-05] stay", (), "a[i], a[0], [sic] and [2021-05] stay"),
        ("Use `fees[1]` here [1-3].", (1, 2, 3), "Use `fees[1]` here."),
        ("Use the .NET runtime and the .env file [1] .", (1,), "Use the .NET runtime and the .env file."),
        ("是这样的［１］。", (1,), "是这样的。"),
    ],
)
def test_markers_are_read_in_the_forms_that_models_write(text: str, numbers: tuple[int, ...], bare: str) -> None:
    assert cited(text) == numbers
    assert without_markers(text) == bare


def test_a_marker_is_renumbered_in_its_place_and_nothing_is_left_of_one_that_names_nothing() -> None:
    text = "One [7], two [9]. Three [7, 8]."
    marked = {7: "[1]", 8: "[2]"}
    assert renumbered(text, lambda number: marked.get(number, "")) == "One [1], two. Three [1][2]."


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "A is so. [1], [2] The board has seven members [3].",
            ["A is so. [1], [2]", "The board has seven members [3]."],
        ),
        ("It is so.\n[1][2]\nThe rest follows [3].", ["It is so.\n[1][2]", "The rest follows [3]."]),
        ("[1] The fee is 25.\n[2] It has four stars.", ["[1] The fee is 25.", "[2] It has four stars."]),
    ],
)
def test_markers_go_with_the_sentence_that_they_stand_behind(text: str, sentences: list[str]) -> None:
    stream = SentenceStream()
    found = [sentence.text.strip() for sentence in stream.take(text)]
    assert [*found, stream.rest().text.strip()] == sentences


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_sentences_come_whole_with_their_markers_however_the_text_is_cut(size: int) -> None:
    text = "The U.S. Army left in 1945 [1]. It came back. [2][3] 是这样的。[4]它也是。\n\n- a point [5]\n- another one"
    stream, shown = SentenceStream(), ""
    found: list[str] = []
    for start in range(0, len(text), size):
        for sentence in stream.take(text[start : start + size]):
            found.append(sentence.text)
            shown += sentence.text[sentence.shown :]
        shown += stream.preview()
    last = stream.rest()
    found.append(last.text)
    assert shown + last.text[last.shown :] == text
    assert "".join(found) == text
    assert [sentence.strip() for sentence in found] == [
        "The U.S. Army left in 1945 [1].",
        "It came back. [2][3]",
        "是这样的。[4]",
        "它也是。",
        "- a point [5]",
        "- another one",
    ]


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (["<thi", "nk>no <b>", "</th", "ink>yes"], ["yes"]),
        (["a < b ", "<think>x</think>", "c"], ["a < b ", "c"]),
        (["I wonder</thi", "nk>", "so"], ["I wonder", None, "so"]),
        (["<think>never said"], []),
        (["a <th"], ["a ", "<th"]),
        (["The fee is <think>", " 25 EUR [1]."], ["The fee is ", " 25 EUR [1]."]),
    ],
)
def test_what_a_model_thinks_aloud_is_not_said(pieces: list[str], said: list[str | None]) -> None:
    assert list(spoken(pieces)) == said


def test_a_cited_sentence_becomes_a_citation_of_the_words_that_bear_it_out(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    answer = ask(ScriptedGenerator(f"{TRUE} [{at}]. {FALSE} [{at}][77]. It is well known."))
    assert [statement.is_supported for statement in answer.statements] == [True, False, False]
    assert [answer.words_of(statement) for statement in answer.statements] == [
        f"{TRUE}.",
        f"{FALSE}.",
        "It is well known.",
    ]
    assert "77" not in answer.text
    assert all(citation.verified for citation in answer.citations)
    assert "With b = 0 the length is ignored" in answer.citations[0].quote
    for citation in answer.citations:
        document = base.document(citation.source)
        assert document
        assert " ... ".join(document.text[span.start : span.end] for span in citation.spans) == citation.quote
    assert answer.statements[2].problems == ("it cites no passage",)
    assert answer.generator == "scripted"


def test_what_is_shown_while_it_is_written_is_what_the_answer_says(
    base: KnowledgeBase, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    model = ScriptedGenerator(f"\n{TRUE} [{at}].\n\n- {TRUE}, so to say. [{at}][88]\n", size=2)
    monkeypatch.setattr(base._models, "generator", Once(lambda: model))
    reply = base.ask(QUESTION, by="model")
    assert "".join(reply).rstrip() == reply.answer().text


@pytest.mark.parametrize(
    "reply",
    [
        REFUSAL,
        "The passages do not mention what b = 0 does.",
        "I don't know.",
        "<think>Hm.</think>" + REFUSAL,
        "Unfortunately, none of the passages mention the price.",
        "Die Dokumente enthalten dazu keine Angaben.",
        "Les documents ne le disent pas.",
        "文件没有说明。",
    ],
)
def test_a_model_that_finds_no_answer_abstains(ask: Ask, reply: str) -> None:
    answer = ask(ScriptedGenerator(reply))
    assert answer.abstained
    assert answer.text == "The documents do not say."
    assert not answer.citations
    assert answer.hits


@pytest.mark.parametrize(
    "reply",
    [
        "The documents do not say who decided it, but the annual fee is 25 EUR [1].",
        "The source code does not include binaries [1].",
        "Information shall not be given to third parties.",
        "There is no information desk on the second floor.",
        "The documents do not say more, but the chair was jailed in 2019.",
        "The documents do not say, only that Paris is the capital of France.",
    ],
)
def test_what_says_something_is_no_refusal_and_is_checked(ask: Ask, reply: str) -> None:
    answer = ask(ScriptedGenerator(reply))
    assert not answer.abstained
    assert [answer.words_of(statement) for statement in answer.statements] == [reply.replace(" [1]", "")]
    assert ask(ScriptedGenerator(reply), strict=True).generator == "extractive"


@pytest.mark.parametrize("claim", ["It is known that the chair was jailed in 2019:", "# The chair was jailed in 2019"])
def test_a_claim_in_the_form_of_a_heading_is_checked(base: KnowledgeBase, ask: Ask, claim: str) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    model = ScriptedGenerator(f"{claim}\n\n{TRUE} [{at}].")
    assert [statement.is_supported for statement in ask(model).statements] == [False, True]


def test_headings_lead_ins_and_the_lines_of_a_table_claim_nothing(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    text = f"## Length\n\n**In short**\n\nIt comes to this:\n\n| Parameter | Effect |\n|---|---|\n| b | {TRUE} [{at}] |"
    assert len(ask(ScriptedGenerator(text)).statements) == 1


def test_a_line_that_comes_again_is_left_out_and_the_rest_is_said(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    answer = ask(
        ScriptedGenerator(
            f"**Anna**\n- Not stated.\n\n**Karl**\n- Not stated.\n\n{TRUE} [{at}]. {TRUE} [{at}]. The end."
        )
    )
    assert answer.text == f"**Anna**\n- Not stated.\n\n**Karl**\n- Not stated.\n\n{TRUE} [1]. The end."
    assert not answer.notes


def test_no_model_is_asked_about_what_the_documents_do_not_speak_of(ask: Ask) -> None:
    model = ScriptedGenerator("It is so [1].")
    answer = ask(model, "Who painted the ceiling of the Sistine Chapel?")
    assert answer.abstained
    assert not model.asked


def test_a_model_that_dies_before_a_word_leaves_the_documents_own_words(ask: Ask) -> None:
    answer = ask(ScriptedGenerator("(fails)"))
    assert answer.generator == "extractive"
    assert answer.citations
    assert answer.notes == (
        "The language model scripted is gone; start it again; so the documents' own words are shown.",
    )


def test_a_model_that_dies_in_mid_answer_leaves_what_it_said(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    answer = ask(ScriptedGenerator(f"{TRUE} [{at}]. And the(fails)"))
    assert answer.text == f"{TRUE} [1]. And the"
    assert answer.notes == ("The answer breaks off: The language model scripted is gone; start it again.",)


def test_a_model_that_repeats_itself_is_stopped(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    model = ScriptedGenerator(f"{TRUE} [{at}]. " * 50)
    answer = ask(model)
    assert answer.text == f"{TRUE} [1]."
    assert answer.notes == ("The answer breaks off: The language model scripted only repeats itself.",)
    assert model.closed == 1


def test_a_strict_answer_is_mended_once_it_was_told_what_is_wrong(base: KnowledgeBase, ask: Ask) -> None:
    at = numbered(base, "With b = 0 the length is ignored")
    model = ScriptedGenerator(f"{TRUE} [{at}]. {FALSE} [{at}].", f"{TRUE} [{at}].")
    answer = ask(model, strict=True)
    assert answer.text == f"{TRUE} [1]."
    assert model.asked[1][-2].content == f"{TRUE} [{at}]. {FALSE} [{at}]."
    told = model.asked[1][-1].content
    assert f"- {FALSE}. (" in told
    assert f"- {TRUE}" not in told


def test_a_strict_answer_that_is_not_mended_is_the_documents_own(base: KnowledgeBase, ask: Ask) -> None:
    model = ScriptedGenerator(f"{FALSE} [1].")
    answer = ask(model, strict=True)
    assert len(model.asked) == 3
    assert answer.generator == "extractive"
    assert "do not bear out" in answer.notes[0]


def test_a_stopped_answer_stops_the_model(base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ScriptedGenerator(f"{TRUE} [1]. " + "And so on it goes, ever on. ")
    monkeypatch.setattr(base._models, "generator", Once(lambda: model))
    reply = base.ask(QUESTION, by="model")
    next(iter(reply))
    reply.close()
    assert model.closed == 1


def test_passages_and_question_are_in_the_users_message_and_own_prompts_replace_ours(tmp_path: Path) -> None:
    (tmp_path / "question.txt").write_text("Q {question} P {passages} {braces} stay", encoding="utf-8")
    prompts = load_prompts(str(tmp_path))
    system, user = prompts.ask("Why {passages}?", [])
    assert system.role == "system"
    assert REFUSAL in system.content
    assert user.content.startswith("Q Why {passages}? P ")
    assert user.content.endswith(" {braces} stay")
    again = prompts.ask_again([system, user], "draft", ["one"])
    assert [message.role for message in again] == ["system", "user", "assistant", "user"]
    assert "- one" in again[-1].content


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [("question.txt", b"{question}", "must have {passages}"), ("answer.txt", b"\xff", "cannot be read as UTF-8")],
)
def test_a_prompt_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=complaint):
        load_prompts(str(tmp_path))
    with pytest.raises(SettingsError, match="no folder"):
        load_prompts(str(tmp_path / "nowhere"))


def test_a_real_model_that_has_learnt_nothing_goes_the_whole_way(tmp_path: Path, base: KnowledgeBase) -> None:
    folder = tiny_llama(tmp_path / "model", window=8192)
    settings = Settings(generator={"model": str(folder), "device": "cpu", "max_tokens": 12})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=base.folder.parent, settings=settings) as asked:
        answer = asked.ask(QUESTION).answer()
    assert answer.generator == "model"
    assert not any(statement.is_supported for statement in answer.statements)


def test_a_context_is_made_to_fit_the_window_of_the_model(tmp_path: Path, base: KnowledgeBase) -> None:
    """What the model reads gets less, and the ledger says what was left out; nothing is cut in silence."""
    folder = tiny_llama(tmp_path / "model", window=700)
    settings = Settings(generator={"model": str(folder), "device": "cpu", "max_tokens": 12})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=base.folder.parent, settings=settings) as asked:
        reply = asked.ask(QUESTION)
        assert reply.answer().generator == "model"
        read = reply.trace().context
    whole = base.context(QUESTION)
    assert read
    assert 0 < read.tokens < whole.tokens
    assert read.budget < whole.budget
    assert len(reply.hits) == sum(entry.fate != "left out" for entry in read.ledger)


def test_where_memory_does_not_do_the_better_half_is_read_and_that_is_said(base: KnowledgeBase, ask: Ask) -> None:
    whole = len(base.context(QUESTION).passages)
    model = ScriptedGenerator("(full)", f"{TRUE} [1].")
    answer = ask(model)
    shown = [max(int(n) for n in re.findall(r"(?m)^\[(\d+)\]", asked[-1].content)) for asked in model.asked]
    assert shown == [whole, whole // 2]
    assert answer.text == f"{TRUE} [1]."
    assert answer.statements[0].is_supported
    assert answer.notes == (f"Memory did for {whole // 2} of the {whole} passages that the model was to read.",)


def test_a_passage_that_never_fits_the_window_ends_in_the_documents_own_words(tmp_path: Path) -> None:
    """A single sentence is not cut: making it fit comes to an end, and the model's own words say why."""
    (tmp_path / "one.md").write_text("The fee " + "and the charge that is due for it " * 20 + "is 25 euros.")
    model = {"model": str(tiny_llama(tmp_path / "model", window=330)), "device": "cpu", "max_tokens": 12}
    with KnowledgeBase.open(home=tmp_path / "home", settings=Settings(generator=model), create=True) as base:  # type: ignore[arg-type]
        base.ingest([tmp_path / "one.md"]).wait()
        answer = base.ask("What is the fee?").answer()
    assert answer.generator == "extractive"
    assert "too long for the language model" in answer.notes[0]


def test_a_model_for_which_memory_never_does_leaves_the_documents_own_words(ask: Ask) -> None:
    answer = ask(ScriptedGenerator("(full)"))
    assert answer.generator == "extractive"
    assert answer.notes[-1].startswith("The language model scripted does not fit; use a smaller one;")


def test_a_passage_without_a_word_may_be_cited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rule.md").write_text("|----|----|\n|----|----|\n")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "rule.md"]).wait()
        monkeypatch.setattr(base._models, "generator", Once(lambda: ScriptedGenerator(f"{FALSE} [1].")))
        answer = base.ask(QUESTION, by="model", threshold=0.0, mode="dense").answer()
    assert [statement.is_supported for statement in answer.statements] == [False]
    assert answer.citations[0].verified
