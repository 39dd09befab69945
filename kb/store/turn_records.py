"""How a turn of a conversation lies in its row: the answer as JSON, its origins as rows of their own."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from kb.conversation import Origin, Turn
from kb.types import Anchor, Answer, Citation, Span, Statement

Row = tuple[Any, ...]

TURN_COLUMNS = "question, searched, answer, asked, stopped, forgotten"


def turn_row(turn: Turn) -> Row:
    """Values for TURN_COLUMNS."""
    return (
        turn.question,
        turn.searched,
        json.dumps(_answer_values(turn.answer), ensure_ascii=False, separators=(",", ":")),
        turn.asked.isoformat(),
        turn.is_stopped,
        turn.is_forgotten,
    )


def turn_of(row: Row, origins: tuple[Origin, ...]) -> Turn:
    """The turn of a row of TURN_COLUMNS."""
    question, searched, answer, asked, stopped, forgotten = row
    return Turn(
        question=question,
        searched=searched,
        answer=_answer_of(question, json.loads(answer)),
        asked=datetime.fromisoformat(asked),
        origins=origins,
        is_stopped=bool(stopped),
        is_forgotten=bool(forgotten),
    )


def _answer_values(answer: Answer) -> dict[str, object]:
    return {
        "text": answer.text,
        "abstained": answer.abstained,
        "generator": answer.generator,
        "confidence": answer.confidence,
        "notes": answer.notes,
        "statements": [
            (statement.span.start, statement.span.end, statement.markers, statement.problems)
            for statement in answer.statements
        ],
        "citations": [_citation_values(citation) for citation in answer.citations],
    }


def _answer_of(question: str, values: dict[str, Any]) -> Answer:
    return Answer(
        question=question,
        text=values["text"],
        abstained=values["abstained"],
        citations=tuple(_citation_of(one) for one in values["citations"]),
        generator=values["generator"],
        confidence=values["confidence"],
        statements=tuple(
            Statement(Span(start, end), tuple(markers), tuple(problems))
            for start, end, markers, problems in values["statements"]
        ),
        notes=tuple(values["notes"]),
    )


def _citation_values(citation: Citation) -> dict[str, object]:
    anchor = citation.anchor
    return {
        "marker": citation.marker,
        "chunk": citation.chunk_id,
        "source": citation.source,
        "title": citation.title,
        "anchor": (anchor.kind, anchor.label, anchor.number) if anchor else None,
        "spans": [(span.start, span.end) for span in citation.spans],
        "quote": citation.quote,
        "verified": citation.verified,
    }


def _citation_of(values: dict[str, Any]) -> Citation:
    return Citation(
        marker=values["marker"],
        chunk_id=values["chunk"],
        source=values["source"],
        title=values["title"],
        anchor=Anchor(*values["anchor"]) if values["anchor"] else None,
        spans=tuple(Span(start, end) for start, end in values["spans"]),
        quote=values["quote"],
        verified=values["verified"],
    )
