"""Drafted questions: what sentences, tables and headings suggest, what is left out, and what a person decides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from typer.testing import CliRunner

from app.cli.main import app, main
from citewell import KnowledgeBase
from eval.datasets import load_dataset
from eval.drafting.asking import asked as ask
from eval.drafting.cells import cells
from eval.drafting.definitions import definition
from eval.drafting.draft import Draft, draft
from eval.drafting.figures import masked
from eval.drafting.folder import QuestionFolder
from eval.drafting.question_set import draft_questions
from eval.drafting.rules import drafts
from eval.drafting.selection import ALIKE, AMBIGUOUS, EASY, TRIVIAL, Selection
from eval.evidence import locate
from kb.errors import DatasetError, UserError
from kb.text.sentences import sentences
from kb.types import Block, Chunk, Document, Span

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "documents"
TIDES = """# Tides

## Why the sea rises twice

Two bulges of water face the moon and its far side while the earth turns below them. A tidal bore is a wave that runs
up a river against its current. In the Bay of Fundy, where the funnel of the coast narrows, the water rises by 16
metres between low and high tide, more than anywhere else in the world.
"""


@pytest.fixture
def base(tmp_path: Path) -> KnowledgeBase:
    """A base with the sample's documents, or with those that a test puts in place of them."""
    with KnowledgeBase.open("drafting", home=tmp_path / "bases", create=True) as opened:
        yield opened


def made(text: str, *, source: str = "/d/a.md", title: str = "A") -> Document:
    return Document("d", source, title, text, "text/markdown", "0" * 64)


def asked(
    kind: str, question: str, quote: str, *, source: str = "/d/a.md", title: str = "A", subject: str = ""
) -> Draft:
    return draft(kind, question, made(quote, source=source, title=title), Span(0, len(quote)), subject=subject)


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("A tidal bore is a wave of the sea that runs up a river.", "What is a tidal bore?", "a wave of the sea"),
        ("BM25 is a ranking function, used by many.", "What is BM25?", "a ranking function"),
        (
            "“Business Day” means any day other than a Saturday, Sunday or holiday.",
            'What does "Business Day" mean?',
            "any day other than a Saturday",
        ),
        ("Ein Vergleich ist ein Vertrag mit Nachgeben.", "Was ist ein Vergleich?", "ein Vertrag mit Nachgeben"),
        ("La marée est un mouvement de la mer.", "Qu'est-ce que la marée ?", "un mouvement de la mer"),
        ("La marea es un movimiento del mar.", "¿Qué es la marea?", "un movimiento del mar"),
        ("咖啡因是一個中樞神經系統興奮劑，能夠提神。", "咖啡因是什麼？", "一個中樞神經系統興奮劑"),
        ("潮汐とは、海面が上下する現象である。", "潮汐とは何ですか。", "海面が上下する現象である"),
    ],
)
def test_a_definition_asks_for_its_term(sentence: str, question: str, answer: str) -> None:
    found = definition(sentence)
    assert found and (found.question, found.answer) == (question, answer)


@pytest.mark.parametrize(
    "sentence",
    [
        "This is a wave of the open sea.",
        "The contract is a fixed-price contract with the state.",
        "One reason is the shape of the coast itself.",
        "There is a bay in the far north.",
        "前者是一款較為經濟的跑車。",
        "It rained all day in the bay.",
        "A tidal bore is a wave.",
    ],
)
def test_what_is_only_pointed_at_is_not_defined(sentence: str) -> None:
    assert definition(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "As the report says, sales in Europe rose by 12.5% within the year, mainly for toys.",
            "sales in Europe rose by what percentage within the year?",
            "12.5%",
        ),
        (
            "For this the company paid its former owners $3.4 million, which it had borrowed.",
            "For this the company paid its former owners what amount?",
            "$3.4 million",
        ),
        (
            "The old harbour of the town was closed in 1974, after the flood.",
            "The old harbour of the town was closed in which year?",
            "1974",
        ),
        (
            "The whole fleet of the island counts 48 boats, most of them small.",
            "The whole fleet of the island counts how many boats?",
            "48",
        ),
        (
            "本屆歐洲國家盃決賽週共有12個城市被選為比賽地點。",
            "本屆歐洲國家盃決賽週共有____個城市被選為比賽地點?",
            "12",
        ),
    ],
)
def test_a_figure_is_masked_in_its_clause(sentence: str, question: str, answer: str) -> None:
    assert [(found.question, found.answer) for found in masked(sentence)][:1] == [(question, answer)]


@pytest.mark.parametrize(
    "sentence",
    [
        "The rules are explained at length in section 12 of the old handbook.",
        "The board met in its new building on May 14 and went home.",
        "The water rises by between 4 and 16 metres in the whole bay.",
        "3. Take the lid off the pot and let it cool down well.",
    ],
)
def test_numbers_that_tell_nothing_are_not_asked_for(sentence: str) -> None:
    assert not list(masked(sentence))


def test_a_cell_is_asked_by_its_row_and_column() -> None:
    table = (
        "In millions | 2022 | 2021\nNet revenue | 3,105 | 2,874\nof which\nOther income, net | 12 | (40)\nTax | 5 | 6"
    )
    found = list(cells(table, header_rows=1))
    assert [(cell.label, cell.column, cell.value) for cell in found] == [
        ("Net revenue", "2022", "3,105"),
        ("Other income, net", "2022", "12"),
    ]
    assert [table[cell.row.start : cell.row.end].count("\n") for cell in found] == [0, 0]
    assert not list(cells(table, header_rows=0))
    markdown = "| Model | Window |\n|---|---|\n| all-MiniLM in small | 256 tokens |"
    assert [cell.value for cell in cells(markdown, header_rows=2)] == ["256 tokens"]


def test_what_repeats_its_evidence_is_trivially_lexical() -> None:
    quote = "The whole fleet of the island counts 48 boats."
    assert asked("number", "The whole fleet of the island counts how many boats?", quote).is_trivially_lexical
    assert not asked("number", "How large is the island's navy?", quote).is_trivially_lexical


def test_drafts_of_the_sample_stand_in_their_documents(base: KnowledgeBase) -> None:
    base.ingest(SAMPLE).wait()
    kinds = set()
    for row in base.documents():
        document = base.document(row.source)
        assert document
        for one in drafts(document):
            kinds.add(one.kind)
            assert " ".join(document.text[one.span.start : one.span.end].split()) == one.quote
            assert one.answer in one.quote
            assert one.answer not in one.question or not one.answer
    assert kinds == {"definition", "number", "cell", "heading"}


def test_a_heading_asks_for_what_stands_below_it(base: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "tides.md").write_text(TIDES)
    base.ingest(tmp_path / "tides.md").wait()
    document = base.document(str(tmp_path / "tides.md"))
    assert document
    found = {one.kind: one for one in drafts(document)}
    assert found["heading"].question == "Why the sea rises twice?"
    assert found["heading"].quote.startswith("Two bulges of water")
    assert (found["number"].question, found["number"].answer) == (
        "the water rises by how many metres between low and high tide?",
        "16",
    )


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Taxi fares in town", "Taxi fares in town?"),
        ("1.2 Fares of a taxi", "Fares of a taxi?"),
        ("Item 1A. Fares of a taxi", "Fares of a taxi?"),
        ("Part IV: Fares of a taxi", "Fares of a taxi?"),
        ("IV. Fares of a taxi", "Fares of a taxi?"),
        ("Part exchange of a taxi", "Part exchange of a taxi?"),
        ("2024 fares of a taxi", "2024 fares of a taxi?"),
    ],
)
def test_a_heading_is_asked_without_its_number(heading: str, question: str) -> None:
    text = f"{heading}\nPeople pay much more for a ride at night than by day."
    end = len(heading)
    blocks = (
        Block(0, end, "heading", (heading,)),
        Block(end + 1, len(text), "paragraph", (heading,)),
    )
    assert [one.question for one in drafts(replace(made(text), blocks=blocks))] == [question]


def test_long_text_without_blanks_is_passed_over_at_once() -> None:
    """What would keep the search for figures busy for minutes."""
    for start in ("The ships of the line count ", "IV. "):
        text = f"{start}{'1;' * 100_000} boats of wood in all."
        blocks = (Block(0, len(text), "paragraph", ()), Block(0, len(text), "heading", (text,)))
        began = perf_counter()
        assert not list(drafts(replace(made(text), blocks=blocks)))
        assert perf_counter() - began < 5


def test_of_several_that_ask_the_same_none_or_one_is_chosen(base: KnowledgeBase, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    shared = "All disputes are settled by the court of the seller's town."
    for name in ("lamp", "boat"):
        sections = (
            "# The " + name,
            "## Upkeep",
            "See below.",
            "## Money",
            f"A {name} costs much money to keep. {shared}",
        )
        (documents / f"{name}.md").write_text("\n\n".join(sections))
    base.ingest(documents).wait()
    lamp, boat = str(documents / "lamp.md"), str(documents / "boat.md")
    texts = {source: base.document(source) for source in (lamp, boat)}

    def of(source: str, question: str, quote: str, subject: str = "") -> Draft:
        document = texts[source]
        assert document
        at = document.text.index(quote)
        return draft("definition", question, document, Span(at, at + len(quote)), subject=subject)

    def chosen(*given: Draft) -> tuple[list[str], dict[str, int]]:
        selection = Selection(base.embedder, {"lexical": base.retriever("lexical")})
        questions = [one.question for one in selection.chosen(given)]
        return questions, {reason: number for reason, number in selection.left_out.items() if number}

    costs = "A lamp costs much money to keep."
    assert chosen(of(lamp, "Where is a trial held?", shared)) == ([], {AMBIGUOUS: 1})
    assert chosen(of(lamp, "A lamp costs what to keep?", costs)) == ([], {TRIVIAL: 1})
    # By words alone "expensive" finds nothing, "lamp money" the passage at once.
    assert chosen(of(lamp, "Lamp money?", costs)) == ([], {EASY: 1})
    assert chosen(of(lamp, "Is it expensive?", costs)) == (["Is it expensive?"], {})
    assert chosen(of(lamp, "Is it expensive?", costs), of(lamp, "Is it very expensive?", costs))[1] == {ALIKE: 1}
    upkeep = [of(lamp, "Upkeep?", costs, "upkeep"), of(boat, "Upkeep?", "A boat costs much money to keep.", "upkeep")]
    assert sorted(chosen(*upkeep)[0]) == ["Upkeep (The boat)?", "Upkeep (The lamp)?"]
    assert chosen(upkeep[0], of(lamp, "Upkeep?", shared, "upkeep")) == ([], {AMBIGUOUS: 2})


def test_a_question_set_is_a_dataset_that_grows(base: KnowledgeBase, tmp_path: Path) -> None:
    base.ingest(SAMPLE).wait()
    folder = tmp_path / "questions"
    first = draft_questions(base, folder, count=8)
    assert first.drafted == first.questions == 8
    assert first.documents == len(list(SAMPLE.iterdir())) and not first.missing
    dataset = load_dataset(folder)
    assert dataset.drafts == 8
    for question in dataset.questions:
        for evidence in question.evidence:
            document = base.document(str(SAMPLE / evidence.source))
            target = locate(evidence, question.answers, source=str(SAMPLE / evidence.source), document=document)
            assert target.quotes and (target.answers or not question.answers)
            if evidence.page:
                assert target.pages and any(page.start <= target.quotes[0].start < page.end for page in target.pages)
    # A person edits one line by hand, oddly spaced, and rejects another: both stay as they are.
    lines = (folder / "questions.jsonl").read_text().splitlines()
    lines[0] = (
        json.dumps({**json.loads(lines[0]), "question": "My own words?", "status": "accepted"}, indent=None) + "  "
    )
    rejected = json.loads(lines[1])
    lines[1] = json.dumps({**rejected, "status": "rejected"})
    (folder / "questions.jsonl").write_text("\n".join(lines))
    second = draft_questions(base, folder, count=5)
    assert (second.drafted, second.questions, second.decided) == (5, 13, 2)
    after = (folder / "questions.jsonl").read_text().splitlines()
    assert after[:8] == lines
    assert rejected["question"] not in [json.loads(line)["question"] for line in after[8:]]
    assert len({json.loads(line)["id"] for line in after}) == 13
    known = load_dataset(folder)
    assert (len(known.questions), known.drafts) == (12, 11)


def test_an_id_is_drafted_once_though_its_evidence_was_edited(base: KnowledgeBase, tmp_path: Path) -> None:
    base.ingest(SAMPLE).wait()
    folder = tmp_path / "set"
    draft_questions(base, folder, count=1)
    (row,) = QuestionFolder(folder).rows()
    evidence = row["evidence"]
    assert isinstance(evidence, list)
    edited = {**row, "question": "Zounds?", "evidence": [{**evidence[0], "quote": "of the"}]}
    (folder / "questions.jsonl").write_text(json.dumps(edited) + "\n", encoding="utf-8")
    draft_questions(base, folder, count=1000)
    load_dataset(folder)


def test_lines_stay_as_they_are_whatever_ends_them(tmp_path: Path) -> None:
    target = QuestionFolder(tmp_path)
    rows = [{"id": str(number), "question": "Line\u2028or\x85 next?", "status": "draft"} for number in range(3)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    target.file.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8", newline="")
    target.decide("1", "accepted")
    first, second, third = target.file.read_bytes().decode("utf-8").split("\n")
    assert (first, third) == (lines[0] + "\r", lines[2])
    assert json.loads(second) == {**rows[1], "status": "accepted"}
    with pytest.raises(UserError, match="half of a surrogate pair"):
        target.decide("1", "accepted", question="\udce4")
    assert json.loads(target.file.read_text(encoding="utf-8").split("\n")[1])["question"] == rows[1]["question"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"question": "Why?"}, '"id" must be there'),
        ({"id": 3, "question": "Why?"}, '"id" must be there and be a text'),
        ({"id": "a", "question": "Why?"}, "a second time"),
        ({"id": "b", "question": None}, '"question" must be there'),
        ({"id": "b", "question": "Why?", "answers": "because"}, '"answers" must be a list'),
        ({"id": "b", "question": "Why?", "evidence": None}, '"evidence" must be a list'),
    ],
)
def test_a_broken_question_is_told_before_a_review(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: dict[str, object], told: str
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"id": "a", "question": "How?", "status": "draft"}) + "\n" + json.dumps(row) + "\n")
    assert main(["eval", "questions", str(tmp_path), "--review"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "line 2" in error and told in error


def test_what_is_not_edited_in_a_review_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "a", "question": "Which  two?", "answers": ["x; y", "z"], "status": "draft"}
    file = tmp_path / "questions.jsonl"
    command = ["eval", "questions", str(tmp_path), "--review"]
    edits: list[tuple[str, dict[str, object]]] = [
        ("e\n\n\n", {}),
        ("e\n \nx\n", {"answers": ["x"]}),
        ("e\nWhich?\n\n", {"question": "Which?"}),
    ]
    for keys, changes in edits:
        file.write_text(json.dumps(row))
        assert CliRunner().invoke(app, command, input=keys).exit_code == 0
        assert json.loads(file.read_text()) == {**row, **changes, "status": "accepted"}
    assert main(["--json", *command]) == 2
    assert "leave out --json" in capsys.readouterr().err


class Reader(CustomLLM):
    """Asks what a passage's longest sentence says, in words of its own; every third reply is of another kind."""

    calls: int = 0
    ends_after: int = 1_000
    copies: bool = True

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="reader")

    def complete(self, prompt: str, **_: object) -> CompletionResponse:
        self.calls += 1
        if self.calls > self.ends_after:
            raise ConnectionError("connection refused")
        if self.calls % 3 == 0:
            return CompletionResponse(text=["I cannot help with that.", '{"question": 3}'][self.calls % 2])
        passage = prompt.split("The passage:\n")[1]
        quote = max((passage[span.start : span.end] for span in sentences(passage)), key=lambda text: len(text) % 200)
        last = quote.rstrip(".").split()[-1]
        reply = {"question": f"Hm{self.calls}?", "quote": quote, "answer": last if self.copies else "42nd"}
        return CompletionResponse(text=f"Gladly:\n```json\n{json.dumps(reply)}\n```")

    def stream_complete(self, prompt: str, **_: object) -> CompletionResponseGen:
        raise NotImplementedError


def test_a_language_model_asks_and_what_it_did_not_copy_is_left_out(base: KnowledgeBase, tmp_path: Path) -> None:
    base.ingest(SAMPLE).wait()
    llm = Reader()
    report = draft_questions(base, tmp_path / "set", count=5, llm=llm)
    assert report.kinds == {"llm": 5} and report.left_out["not in the passage"] == llm.calls // 3
    rows = [json.loads(line) for line in (tmp_path / "set" / "questions.jsonl").read_text().splitlines()]
    assert len({row["evidence"][0]["source"] for row in rows}) == 5
    assert all(row["answers"][0] in row["evidence"][0]["quote"] for row in rows)
    load_dataset(tmp_path / "set")
    # It is asked no more than three times as often, and what it asked before it failed is kept.
    rambling = Reader(copies=False)
    assert draft_questions(base, tmp_path / "none", count=2, llm=rambling).left_out == {"not in the passage": 6}
    assert rambling.calls == 6
    with pytest.raises(UserError, match='language model "reader" does not answer: connection refused'):
        draft_questions(base, tmp_path / "half", count=5, llm=Reader(ends_after=2))
    assert len(load_dataset(tmp_path / "half").questions) == 2


@pytest.mark.parametrize("around", ["{}", "<think>Of {{x}} I ask {{y: 1}}.</think>{}", "```json\n{}\n```\nNote {{z}}."])
def test_braces_in_passages_and_replies_are_kept(around: str) -> None:
    text = "To close a block of the language {title}, the last line is }, and it stands alone. " * 2

    class Coder(Reader):
        def complete(self, prompt: str, **_: object) -> CompletionResponse:
            assert '{"question": "...",' in prompt and '"{passage}"' in prompt and "{{" not in prompt
            assert text in prompt
            reply = {"question": "How does it end?", "quote": text[: len(text) // 2], "answer": "}, and it"}
            return CompletionResponse(text=around.format(json.dumps(reply)))

    document = made(text, title="{passage}")
    chunk = Chunk("c", "d", document.source, text, 0, len(text))
    found = ask(Coder(), document, chunk)
    assert found and (found.question, found.answer) == ("How does it end?", "}, and it")


def test_a_reply_of_half_characters_is_of_no_use() -> None:
    text = "The whole fleet of the island counts 48 boats."

    class Broken(Reader):
        def complete(self, *_: object, **__: object) -> CompletionResponse:
            return CompletionResponse(text=json.dumps({"question": "\ud800?", "quote": text, "answer": "48"}))

    assert ask(Broken(), made(text), Chunk("c", "d", "/d/a.md", text, 0, len(text))) is None


def test_documents_are_linked_as_people_know_them_and_nothing_is_replaced(base: KnowledgeBase, tmp_path: Path) -> None:
    papers, notes = tmp_path / "papers", tmp_path / "notes"
    for folder in (papers / "2024", notes):
        folder.mkdir(parents=True)
        (folder / "tides.md").write_text(TIDES)
    base.ingest(papers).wait()
    rows = base.documents()
    target = QuestionFolder(tmp_path / "set")
    assert target.link(rows) == {str(papers / "2024" / "tides.md"): "2024/tides.md"}
    assert (target.documents / "2024" / "tides.md").samefile(papers / "2024" / "tides.md")
    # Of the same size, but not the file that lies there: the questions in the folder are on that one.
    new = papers / "2024" / "new"
    new.write_text(TIDES.replace("16", "17"))
    new.replace(papers / "2024" / "tides.md")
    assert target.link(rows) == {}
    assert "16" in (target.documents / "2024" / "tides.md").read_text()
    base.ingest([papers, notes]).wait()
    assert sorted(QuestionFolder(tmp_path / "both").link(base.documents()).values()) == [
        "notes/tides.md",
        "papers/2024/tides.md",
    ]
    (notes / "tides.md").unlink()
    report = draft_questions(base, tmp_path / "third", count=3)
    assert (report.documents, report.missing) == (1, 1)


def test_a_document_of_the_longest_name_is_linked(base: KnowledgeBase, tmp_path: Path) -> None:
    name = f"{'潮' * 84}.md"
    (tmp_path / name).write_text(TIDES)
    base.ingest(tmp_path / name).wait()
    assert QuestionFolder(tmp_path / "set").link(base.documents()) == {str(tmp_path / name): name}


def test_wrong_places_and_an_empty_base_are_told(base: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no document"):
        draft_questions(base, tmp_path / "set", count=1)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("Dear Ann")
    (tmp_path / "file").write_text("")
    for name in ("taken", "file"):
        with pytest.raises(UserError, match=name):
            draft_questions(base, tmp_path / name, count=1)
    assert (tmp_path / "taken" / "letter.txt").read_text() == "Dear Ann"
    (tmp_path / "tides.md").write_text(TIDES)
    base.ingest(tmp_path / "tides.md").wait()
    with pytest.raises(UserError, match="cannot be written: Not a directory"):
        draft_questions(base, tmp_path / "file" / "below", count=1)


def test_questions_that_people_wrote_are_not_mixed_with_drafts(base: KnowledgeBase, tmp_path: Path) -> None:
    base.ingest(SAMPLE).wait()
    row = {"id": "mine", "question": "Why?", "answerable": False}
    (tmp_path / "set" / "documents").mkdir(parents=True)
    (tmp_path / "set" / "questions.jsonl").write_text(json.dumps(row))
    with pytest.raises(UserError, match="holds questions that were not drafted"):
        draft_questions(base, tmp_path / "set", count=1)
    (tmp_path / "set" / "questions.jsonl").write_text(json.dumps({**row, "status": "accepted"}))
    assert draft_questions(base, tmp_path / "set", count=1).questions == 2


def test_a_wrong_status_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    row = {"id": "a", "question": "Why?", "answerable": False, "status": "maybe"}
    (tmp_path / "questions.jsonl").write_text(
        json.dumps({**row, "id": "b", "status": "draft"}) + "\n" + json.dumps(row)
    )
    with pytest.raises(DatasetError, match='line 2: "status" must be "draft", "accepted" or "rejected"'):
        load_dataset(tmp_path)


def test_drafted_reviewed_and_measured_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, folder = tmp_path / "bases", tmp_path / "set"
    assert main(["--home", str(home), "--quiet", "ingest", str(SAMPLE)]) == 0
    capsys.readouterr()
    assert main(["--home", str(home), "--json", "eval", "questions", str(folder), "-n", "6"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["drafted"] == 6 == sum(report["kinds"].values())
    before = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]

    assert main(["--json", "eval", "questions", str(folder), "--review"]) == 2
    assert capsys.readouterr() == ("", "--review is a conversation, of which there is no JSON: leave out --json.\n")
    keys = "a\nx\nr\ns\ne\nWhat do I ask?\n\nq\n"
    seen = CliRunner().invoke(app, ["eval", "questions", str(folder), "--review"], input=keys)
    assert seen.exit_code == 0
    assert all(row["question"].split()[0] in seen.output for row in before[:5])
    after = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    assert [row["status"] for row in after] == ["accepted", "rejected", "draft", "accepted", "draft", "draft"]
    assert after[3]["question"] == "What do I ask?" and after[3]["answers"] == before[3]["answers"]
    assert [{**row, "status": "draft"} for row in (after[0], after[1])] == before[:2]

    assert main(["--home", str(home), "--json", "eval", "retrieval", str(folder), "--configs", "lexical"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert (measured["questions"], measured["drafts"]) == (5, 3)
    assert measured["evidence"]["located"] == 5
    assert main(["--home", str(home), "eval", "answers", str(folder)]) == 0
    assert "Drafts that nobody has accepted yet: 3" in capsys.readouterr().out
