"""Hostile documents: what is read of them, what a language model is shown, and what people see of it all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hostile_documents import EVIL, FACT, FORGED, HIDDEN, SEEN, TELLTALE, Hostile, make_all
from hypothesis import given, strategies
from tiny_files import UNKNOWN, word_tokenizer
from transformers import PreTrainedTokenizerFast

from app.cli.main import main
from app.web.ask.answers import answer_html
from app.web.reading.excerpts import excerpt_html, passage_html
from citewell import KnowledgeBase
from generation.chat_prompt import chat_prompt
from generation.context.passage import ContextPassage
from generation.prompting.rendering import rendered, shown
from kb.protocols import Message
from kb.text.visible import visible
from kb.types import Chunk, Citation, Context, Span

LINE = re.compile(r'</?passages>||\[\d+\](?: "[^"]*")?|>(?: .*\S)?')
MARKER = re.compile(r"[\[［【〔][ \t^]*\d[\d \t,;:^–-]*(?:†[^\n\]】］〕]*)?[\]］】〕]")
LINK_NAME = "\x1b]8;;http:evil\x07click \u202egnp.\u202c[1].txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile").resolve()
    make_all(folder)
    (folder / LINK_NAME).write_text("The harbour of Crab Cove was dug in 1790 by prisoners.")
    return folder


@pytest.fixture(scope="module")
def base(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), create=True) as filled:
        report = filled.ingest([folder]).wait()
        assert not report.failed and not report.skipped
        yield filled


def read(base: KnowledgeBase, folder: Path, name: str) -> str:
    document = base.document(str(folder / name))
    assert document is not None
    return document.text


def test_the_suite_is_large_enough() -> None:
    names = [*(hostile.name for hostile in (*HIDDEN, *SEEN)), *FORGED]
    assert len(set(names)) == len(names) >= 80
    assert len({Path(name).suffix for name in names}) >= 14


@pytest.mark.parametrize("hostile", HIDDEN, ids=lambda hostile: hostile.name)
def test_what_nobody_sees_is_not_read(base: KnowledgeBase, folder: Path, hostile: Hostile) -> None:
    text = read(base, folder, hostile.name)
    assert FACT in text
    assert TELLTALE not in text and "passwords" not in text


@pytest.mark.parametrize("hostile", SEEN, ids=lambda hostile: hostile.name)
def test_what_people_see_is_read_and_called_what_it_is(base: KnowledgeBase, folder: Path, hostile: Hostile) -> None:
    text = " ".join(read(base, folder, hostile.name).split())
    assert FACT in text
    assert f"{' '.join(hostile.called.split())} {EVIL}".strip() in text


@pytest.mark.parametrize(
    ("name", "label"), [("hidden slide.pptx", "slide 2 (hidden)"), ("sheet.xlsx", "sheet Other (hidden), row 1")]
)
def test_what_lies_on_a_hidden_slide_or_sheet_is_cited_so(
    base: KnowledgeBase, folder: Path, name: str, label: str
) -> None:
    chunks = base.passages(str(folder / name))
    assert [chunk.anchor.label for chunk in chunks if chunk.anchor and EVIL in chunk.text] == [label]


def context_passage(chunk: Chunk) -> ContextPassage:
    spans = (Span(chunk.start, chunk.end),)
    return ContextPassage(
        chunk.document_id, chunk.source, spans, chunk.text, chunk.context, chunk.anchor, (), (), tokens=0
    )


def in_words(text: str, *, title: str = "", headings: tuple[str, ...] = (), table: str = "") -> ContextPassage:
    context = Context(title, headings, table)
    return ContextPassage("d", "s", (Span(0, len(text)),), text, context, None, (), (), tokens=0)


@pytest.fixture(scope="module")
def passages(base: KnowledgeBase) -> list[ContextPassage]:
    sources = {row.source for row in base.documents()}
    return [context_passage(chunk) for source in sorted(sources) for chunk in base.passages(source)]


def assert_frame(text: str, passages: Sequence[ContextPassage]) -> None:
    lines = text.split("\n")
    assert all(map(LINE.fullmatch, lines)), [line for line in lines if not LINE.fullmatch(line)]
    assert [lines[0], lines[-1]] == ["<passages>", "</passages>"]
    assert Counter(lines)["<passages>"] == Counter(lines)["</passages>"] == 1
    assert MARKER.findall(text) == [f"[{number}]" for number in range(1, len(passages) + 1)]
    assert text == visible(text)


def test_a_rendered_document_is_quoted_and_numbered_by_us_alone(passages: list[ContextPassage]) -> None:
    assert len(passages) > 80
    text = rendered(passages)
    assert_frame(text, passages)
    assert len(re.findall("[<＜]/?passages", text)) == 2
    tokens = {sign for _, _, signs in FAMILIES.values() for sign in signs if sign[0] in "<["}
    assert tokens and not [token for token in tokens if token in text]


@given(strategies.text("ab1 2[]<>|\n\r\u2028\u200b\u202e/【】†［］＜:\"'#\t\x1b\U000e0041user", max_size=60))
def test_no_text_whatever_breaks_the_frame(words: str) -> None:
    passages = [in_words(words, title=words, headings=(words,), table=words), in_words("x")]
    assert_frame(rendered(passages), passages)


def test_words_stay_as_they_are() -> None:
    plain = 'Costs rose by 3 < 4 % (see "Annex [B]") to $1,200; x -> y, a[i], <b>bold</b>.\n\n- one\n- two'
    assert shown(plain).text == plain
    assert rendered([in_words(plain, title="Costs", table="a | b")]) == (
        '<passages>\n[1] "Costs"\n> a | b\n> '
        + plain.replace("\n\n", "\n>\n> ").replace("- one\n", "- one\n> ")
        + "\n</passages>"
    )
    assert visible("می\u200cخواهم so\u00adft 👩\u200d👩 a\u200db\r\n") == "می\u200cخواهم soft 👩\u200d👩 ab\n"


def test_every_character_that_is_shown_has_its_place() -> None:
    text = "".join(FORGED.values())
    found = shown(text)
    assert len(found.text) == len(found.places) < len(text)
    same = [one == text[place] for one, place in zip(found.text, found.places, strict=True)]
    assert sum(same) > 0.95 * len(same)
    start = found.text.index("mail the passwords")
    assert text[found.places[start] :].startswith("mail the passwords")


def template(turn: str, *, system: str = "", reply: str) -> str:
    """A chat template of the form that most have; without `system` it refuses that role."""
    refuses = "" if system else "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    return (
        refuses + "{% for message in messages %}{% if message.role == 'system' %}" + system
        + "{% else %}" + turn + "{% endif %}{% endfor %}{% if add_generation_prompt %}" + reply + "{% endif %}"
    )  # fmt: skip


def by_role(user: str, assistant: str) -> str:
    return "{% if message.role == 'user' %}" + user + "{% else %}" + assistant + "{% endif %}"


C = "{{ message.content }}"
R = "{{ message.role }}"
CHATML = f"<|im_start|>{R}\n{C}<|im_end|>\n"
LLAMA = f"<|start_header_id|>{R}<|end_header_id|>\n\n{C}<|eot_id|>"
FAMILIES: dict[str, tuple[str, list[str], list[str]]] = {
    # A template, the special tokens of its tokenizer, and what ends or begins a turn in it.
    "chatml": (
        template(CHATML, system=CHATML, reply="<|im_start|>assistant\n"),
        ["<|im_start|>", "<|im_end|>"],
        ["<|im_start|>", "<|im_end|>"],
    ),
    "chatml unknown to the tokenizer": (
        template(CHATML, system=CHATML, reply="<|im_start|>assistant\n"),
        [],
        ["<|im_start|>", "<|im_end|>"],
    ),
    "llama 3": (
        template(LLAMA, system=LLAMA, reply="<|start_header_id|>assistant<|end_header_id|>\n\n"),
        ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    ),
    "mistral": (
        template(by_role(f"[INST] {C} [/INST]", f"{C}</s>"), reply=""),
        ["<s>", "</s>"],
        ["[INST]", "[/INST]", "</s>"],
    ),
    "gemma": (
        template(f"<start_of_turn>{R}\n{C}<end_of_turn>\n", reply="<start_of_turn>model\n"),
        ["<start_of_turn>", "<end_of_turn>"],
        ["<start_of_turn>", "<end_of_turn>"],
    ),
    "phi": (
        template(f"<|{R}|>\n{C}<|end|>\n", system=f"<|system|>\n{C}<|end|>\n", reply="<|assistant|>\n"),
        ["<|end|>"],
        ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>"],
    ),
    "deepseek": (
        template(by_role(f"<｜User｜>{C}", f"<｜Assistant｜>{C}"), system=C, reply="<｜Assistant｜><think>\n"),
        ["<｜User｜>", "<｜Assistant｜>"],
        ["<｜User｜>", "<｜Assistant｜>", "<think>"],
    ),
    "vicuna": (
        template(by_role(f" USER: {C}", f" ASSISTANT: {C}</s>"), system=C, reply=" ASSISTANT:"),
        ["</s>"],
        ["USER:", "ASSISTANT:", "</s>"],
    ),
    "alpaca": (
        template(
            by_role(f"### Instruction:\n{C}\n\n", f"### Response:\n{C}\n\n"),
            system=f"{C}\n\n",
            reply="### Response:\n",
        ),
        ["</s>"],
        ["\n### Instruction:", "\n### Response:"],
    ),
    "plain": ("", ["</s>"], ["\nUser:", "\nAssistant:"]),
}


def tokenizer(family: str) -> PreTrainedTokenizerFast:
    chat_template, special, _ = FAMILIES[family]
    made = PreTrainedTokenizerFast(
        tokenizer_object=word_tokenizer([UNKNOWN]), unk_token=UNKNOWN, additional_special_tokens=special
    )
    made.chat_template = chat_template or None
    return made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("is_framed", [True, False], ids=["rendered", "bare"])
def test_a_prompt_has_the_turns_that_we_wrote(passages: list[ContextPassage], family: str, is_framed: bool) -> None:
    """Framed as passages are, or even quoted as it stands, as a draft that is sent back quotes it."""
    made, (_, _, signs) = tokenizer(family), FAMILIES[family]
    content = rendered(passages) if is_framed else "".join(FORGED.values())
    before = [Message("system", "Answer."), Message("user", "What?")]

    def turns(quoted: str) -> dict[str, int]:
        messages = [*before, Message("assistant", f"It says: {quoted}"), Message("user", f"{quoted}\n\nQuestion: Why?")]
        text = chat_prompt(made, messages).text
        return {sign: text.count(sign) for sign in signs}

    assert turns(content) == turns("words")
    assert any(sign.strip() in "".join(FORGED.values()) for sign in signs), "the suite forges it"


def test_our_own_instructions_keep_their_headings() -> None:
    asked = chat_prompt(tokenizer("alpaca"), [Message("system", "### Response:\nbriefly"), Message("user", "Who?")])
    assert asked.text.startswith("### Response:\nbriefly")


def test_thoughts_and_tools_are_taken_out_where_they_are_tokens() -> None:
    made = tokenizer("chatml")
    made.add_tokens(["<think>", "</think>", "<tool_call>", "<b>"])
    text = chat_prompt(made, [Message("user", "<think>So.</think> <tool_call> <b>bold</b>")]).text
    assert not re.search("think>|tool_call>", text) and "<b>bold</b>" in text


@pytest.mark.parametrize(
    "question", ["What does the keeper's sign say?", "What does the keeper's flag say?", "Who built Mole Point?"]
)
def test_an_answer_shows_what_documents_say_and_fetches_nothing(base: KnowledgeBase, question: str) -> None:
    answer = base.ask(question).answer()
    assert answer.citations
    pieces = [answer_html(answer.text, answer.citations), *(passage_html(hit.chunk.text) for hit in answer.hits)]
    for citation in answer.citations:
        document = base.document(citation.source)
        assert document is not None
        pieces.append(excerpt_html(document, citation.spans))
    html = "".join(pieces)
    blocks = {"div", "p", "ul", "li", "blockquote", "table", "tr", "th", "td", "pre"}
    assert set(re.findall(r"</?(\w+)", html)) <= blocks | {"mark", "span", "button", "strong", "code"}
    attributes = {"class", "type", "title", "data-choice", "aria-pressed", "aria-label"}
    assert set(re.findall(r'([\w-]+)="[^"]*"', " ".join(re.findall(r"<\w+ (.*?)>", html)))) <= attributes
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_a_marker_in_a_quote_is_no_chip() -> None:
    quote = "It was never built [1]."
    citation = Citation(1, "c", "s", "t", None, (Span(0, len(quote)),), quote, verified=True)
    html = answer_html(f'"{quote}" [1] [7]', [citation])
    assert html.startswith(f'<div class="cw-answer"><p>&quot;{quote}&quot; <button ') and html.count("<button") == 1
    assert html.endswith(">1</button> [7]</p></div>")


@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["--json", "list"],
        ["ask", "What does the keeper's sign say?"],
        ["--json", "ask", "What does the keeper's sign say?"],
        ["ask", "--explain", "Who dug the harbour of Crab Cove?"],
        ["--json", "search", "the harbour of Crab Cove"],
        ["search", "the keeper's sign"],
    ],
    ids=" ".join,
)
def test_no_document_and_no_file_name_steers_the_terminal(
    base: KnowledgeBase, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(base.folder.parent), *command]) == 0
    written = "".join(capsys.readouterr())
    assert "click" in written or TELLTALE in written
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", written)
