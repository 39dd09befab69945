"""Questions that people asked and that one of them went through: from an answer's feedback to a line of a question set.

It knows nothing of how the feedback is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from citewell import KnowledgeBase
from eval.drafting.draft import plain
from eval.drafting.folder import QuestionFolder
from eval.folding import verbatim
from kb.errors import UserError
from kb.text.sentences import sentences
from kb.types import Chunk, Span

_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a person accepts: of an answerable question the `quote` stands in the document `source`, word for word."""

    question: str
    answers: tuple[str, ...]
    answerable: bool
    source: str = ""
    quote: str = ""


def add_reviewed(base: KnowledgeBase, folder: Path, reviewed: Reviewed) -> str:
    """Adds it to the question set in `folder`, and the documents of `base` to that; gives the question's id.

    Raises UserError for an empty question, one that stands there already, a quote that does not stand in its document,
    and a folder that holds something else.
    """
    target = QuestionFolder(folder)
    target.require_usable()
    question = plain(reviewed.question)
    if not question:
        raise UserError("The question is empty; ask something in words.")
    identity = f"asked-{blake2b(question.casefold().encode(), digest_size=5).hexdigest()}"
    if any(row["id"] == identity for row in target.rows()):
        raise UserError("This question is in the question set already; reject it here, or word it in another way.")
    evidence: list[dict[str, object]] = []
    page = _page(base, reviewed) if reviewed.answerable else None
    names = target.link([row for row in base.documents() if row.state == "ready"])
    if reviewed.answerable:
        if reviewed.source not in names:
            raise UserError(
                f"{base.display_name(reviewed.source)} is a part of a file, or its file is gone or has changed; choose "
                "another document that says it."
            )
        evidence = [{"source": names[reviewed.source], "page": page, "quote": plain(reviewed.quote)}]
    target.append(
        {
            "id": identity,
            "question": question,
            "answers": [plain(answer) for answer in reviewed.answers if answer.strip()] if reviewed.answerable else [],
            "answerable": reviewed.answerable,
            "evidence": evidence,
            "status": "accepted",
        }
    )
    return identity


def find_quote(base: KnowledgeBase, question: str, answer: str, sources: Sequence[str] = ()) -> tuple[str, str]:
    """The document and the sentence of it that hold `answer`, among the passages found for both; "" where none does.

    Those of `sources` are looked at first.
    """
    if not answer.strip():
        return "", ""
    hits = base.search(f"{question} {answer}", _LOOKED_AT)
    passages = sorted((hit.chunk for hit in hits), key=lambda chunk: chunk.source not in sources)
    return next(_holding(passages, answer), ("", ""))


def _holding(passages: Iterable[Chunk], answer: str) -> Iterator[tuple[str, str]]:
    for passage in passages:
        for span in verbatim(passage.text).occurrences(verbatim(answer).text):
            yield passage.source, plain(_around(passage.text, span))


def _around(text: str, span: Span) -> str:
    """The sentences that `span` lies in."""
    touched = [one for one in sentences(text) if one.start < span.end and span.start < one.end] or [span]
    return text[touched[0].start : touched[-1].end]


def _page(base: KnowledgeBase, reviewed: Reviewed) -> int | None:
    """The page on which the quote begins, where there are pages."""
    document = base.document(reviewed.source)
    if document is None:
        raise UserError("Choose the document that says it: one that is in the library.")
    name = base.display_name(reviewed.source)
    span = next(verbatim(document.text).occurrences(verbatim(reviewed.quote).text), None)
    if span is None:
        raise UserError(f"These words do not stand in {name}; copy a sentence from it as it is written there.")
    anchor = document.anchor_at(span.start)
    return anchor.number if anchor and anchor.kind == "page" else None
