"""Evaluation datasets as plain values: the two layouts on disk, recognised by their files and strictly read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path, PurePath

from eval.lines import Line, add_once, is_unicode, json_rows, list_of, refuse_misspelt, text_lines, text_of
from kb.errors import DatasetError

LARGEST_GRADE = 1_000_000
"""trec_eval counts each grade up to the largest, in memory."""
_DOCUMENT = frozenset({"_id", "title", "text"})
_QUERY = frozenset({"_id", "text"})
_QUESTION = frozenset({"id", "question", "answers", "answerable", "evidence", "status"})
_EVIDENCE = frozenset({"source", "page", "quote"})
_GRADE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9.]+")


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class RankingDataset:
    """The BEIR layout: queries with graded judgements of whole documents.

    `queries` are those with judgements; `judgements` maps a query's id to the grades of document ids.
    """

    name: str
    folder: Path
    queries: tuple[Query, ...]
    judgements: Mapping[str, Mapping[str, int]]

    @property
    def content(self) -> Path:
        """What is ingested."""
        return self.folder / "corpus.jsonl"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer stands: `source` is relative to the documents folder, `page` 1-based where there are pages."""

    source: str
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """`is_draft` is true of a question that was drafted and that no person has accepted yet."""

    id: str
    text: str
    answers: tuple[str, ...]
    answerable: bool
    evidence: tuple[Evidence, ...]
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class QuestionDataset:
    """The knowledge-base layout: questions with their answers, and the evidence for those that can be answered.

    A question whose "status" is "rejected" is not among them.
    """

    name: str
    folder: Path
    questions: tuple[Question, ...]

    @property
    def content(self) -> Path:
        """What is ingested."""
        return self.folder / "documents"

    @property
    def drafts(self) -> int:
        """How many of the questions no person has accepted yet."""
        return sum(question.is_draft for question in self.questions)

    @property
    def answerable(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.answerable)


Dataset = RankingDataset | QuestionDataset


def load_dataset(folder: Path) -> Dataset:
    """The dataset in `folder`; DatasetError names the file and line of the first thing that is wrong with it."""
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}: name the folder that holds the dataset.")
    if any((folder / name).exists() for name in ("corpus.jsonl", "queries.jsonl", "qrels")):
        return _ranking_dataset(folder)
    if any((folder / name).exists() for name in ("questions.jsonl", "documents")):
        return _question_dataset(folder)
    raise DatasetError(
        f"{folder} is not a dataset: it needs corpus.jsonl, queries.jsonl and qrels/test.tsv, "
        "or questions.jsonl and a folder documents."
    )


def digest(dataset: Dataset) -> str:
    """Identity of what is asked and held to be right, in whatever order it lies there: 32 hexadecimal digits.

    Queries and judgements, or questions with answers and evidence; not the documents, nor whether a draft was accepted.
    """
    if isinstance(dataset, QuestionDataset):
        asked = sorted(json.dumps({**asdict(question), "is_draft": False}) for question in dataset.questions)
    else:
        judged = ((query.id, query.text, dataset.judgements[query.id]) for query in dataset.queries)
        asked = sorted(json.dumps(row, sort_keys=True) for row in judged)
    return blake2b("\n".join(asked).encode(), digest_size=16).hexdigest()


def _ranking_dataset(folder: Path) -> RankingDataset:
    documents = _documents(folder / "corpus.jsonl")
    queries = _queries(folder / "queries.jsonl")
    judgements = _judgements(folder / "qrels" / "test.tsv", queries=queries, documents=documents)
    judged = tuple(Query(identity, text) for identity, text in queries.items() if identity in judgements)
    return RankingDataset(folder.name, folder, judged, judgements)


def _documents(path: Path) -> set[str]:
    identities: set[str] = set()
    for line, row in json_rows(path):
        refuse_misspelt(row, _DOCUMENT, line)
        add_once(text_of(row, "_id", line), to=identities, place=line)
        text_of(row, "text", line, blank=True)
        if row.get("title") is not None:
            text_of(row, "title", line, blank=True)
    if not identities:
        raise DatasetError(f"{path} holds no document: add one JSON object a line.")
    return identities


def _queries(path: Path) -> dict[str, str]:
    identities: set[str] = set()
    queries: dict[str, str] = {}
    for line, row in json_rows(path):
        refuse_misspelt(row, _QUERY, line)
        identity = text_of(row, "_id", line)
        add_once(identity, to=identities, place=line)
        queries[identity] = text_of(row, "text", line)
    if not queries:
        raise DatasetError(f"{path} holds no query: add one JSON object a line.")
    return queries


def _judgements(path: Path, *, queries: Mapping[str, str], documents: set[str]) -> dict[str, dict[str, int]]:
    """Grades by query and document; those of 0 and less are not relevant, as in TREC's.

    A query that bears a document's id was made from it: that document is neither found nor missed, so its judgement
    is left out, and with it a query that has no other.
    """
    judgements: dict[str, dict[str, int]] = {}
    is_header = True
    for number, text in text_lines(path):
        line = Line(path, number)
        fields = [field.strip() for field in text.split("\t")]
        if len(fields) != 3:
            raise line.error(f"expected three columns separated by tabs, found {len(fields)}")
        if is_header:
            _check_header(fields, line)
            is_header = False
            continue
        query, document, grade = fields
        if query not in queries:
            raise line.error(f'no query has the id "{query}"')
        if document not in documents:
            raise line.error(f'no document has the id "{document}"')
        if document in judgements.get(query, {}):
            raise line.error(f'the pair "{query}" and "{document}" is judged a second time')
        value = _grade(grade, line)
        if query != document:
            judgements.setdefault(query, {})[document] = value
    if not judgements:
        raise DatasetError(f"{path} holds no judgement: add rows of query-id, corpus-id and score below its header.")
    return judgements


def _check_header(fields: Sequence[str], line: Line) -> None:
    if _NUMBER.fullmatch(fields[2]):
        raise line.error("expected a header (query-id, corpus-id, score), found a judgement")


def _grade(text: str, line: Line) -> int:
    if not _GRADE.fullmatch(text):
        raise line.error(f'the score "{text[:40]}" is not a whole number')
    if abs(float(text)) > LARGEST_GRADE:
        raise line.error(f"the score {text[:40]} is beyond {LARGEST_GRADE:,}, the largest that is read")
    return int(text)


def _question_dataset(folder: Path) -> QuestionDataset:
    documents = folder / "documents"
    if not documents.is_dir():
        raise DatasetError(f"{folder} has questions.jsonl but no folder documents: put the files to ask about there.")
    identities: set[str] = set()
    questions: list[Question] = []
    for line, row in json_rows(folder / "questions.jsonl"):
        question = _question(row, line, documents)
        add_once(question.id, to=identities, place=line)
        if row.get("status") != "rejected":
            questions.append(question)
    if not questions:
        raise DatasetError(f"{folder / 'questions.jsonl'} holds no question: add one JSON object a line.")
    return QuestionDataset(folder.name, folder, tuple(questions))


def _question(row: Mapping[str, object], line: Line, documents: Path) -> Question:
    refuse_misspelt(row, _QUESTION, line)
    answerable = row.get("answerable", True)
    if not isinstance(answerable, bool):
        raise line.error('"answerable" must be true or false')
    evidence = tuple(_evidence(item, line, documents) for item in list_of(row, "evidence", line))
    if answerable and not evidence:
        raise line.error('an answerable question needs at least one entry in "evidence"')
    if row.get("status", "accepted") not in ("draft", "accepted", "rejected"):
        raise line.error('"status" must be "draft", "accepted" or "rejected"')
    answers = list_of(row, "answers", line)
    if not all(isinstance(answer, str) and answer.strip() and is_unicode(answer) for answer in answers):
        raise line.error('every entry of "answers" must be a text that is not empty, of whole characters')
    return Question(
        id=text_of(row, "id", line),
        text=text_of(row, "question", line),
        answers=tuple(str(answer) for answer in answers),
        answerable=answerable,
        evidence=evidence,
        is_draft=row.get("status") == "draft",
    )


def _evidence(item: object, line: Line, documents: Path) -> Evidence:
    if not isinstance(item, dict):
        raise line.error('every entry of "evidence" must be an object with source, page and quote')
    refuse_misspelt(item, _EVIDENCE, line)
    source = text_of(item, "source", line)
    page = item.get("page")
    if page is not None and (not isinstance(page, int) or isinstance(page, bool) or page < 1):
        raise line.error(f"the page {json.dumps(page)} is neither null nor a number from 1 up")
    relative = PurePath(source)
    if relative.is_absolute() or ".." in relative.parts or not _is_file(documents / relative):
        raise line.error(f'the folder documents holds no file "{source}"')
    return Evidence(source, page, text_of(item, "quote", line))


def _is_file(path: Path) -> bool:
    """False too for a name that no file can have."""
    try:
        return path.is_file()
    except OSError:
        return False
