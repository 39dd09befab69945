"""Drafted questions: what sentences, tables and headings suggest, what is left out, and what a person decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from typer.testing import CliRunner

from app.cli.main import app, main
from citewell import KnowledgeBase
from eval.datasets import load_dataset
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
from kb.types import Document, Span

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
