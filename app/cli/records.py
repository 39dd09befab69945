"""Hits, citations and answers as the JSON objects that the command line promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kb.conversation import Conversation, Turn
from kb.text.passages import heading_path
from kb.types import Anchor, Answer, Chunk, Citation, Hit, Place, Statement

if TYPE_CHECKING:
    from citewell.trace import PassageUse, StageTrace, Trace

Record = dict[str, object]


def hit_records(hits: Sequence[Hit]) -> list[Record]:
    return [_hit_record(rank, hit) for rank, hit in enumerate(hits, start=1)]


def answer_record(answer: Answer, hits: Sequence[Hit]) -> Record:
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.abstained,
        "citations": [_citation_record(citation) for citation in answer.citations],
        "hits": hit_records(hits),
        "generator": answer.generator,
        "timings": {stage: round(float(seconds), 4) for stage, seconds in answer.timings.items()},
        "confidence": None if answer.confidence is None else float(answer.confidence),
        "statements": [_statement_record(answer, statement) for statement in answer.statements],
        "notes": list(answer.notes),
        "remembered": answer.remembered.isoformat() if answer.remembered else None,
    }


def turn_record(conversation: Conversation, searched: str) -> Record:
    """What an answer within a conversation says besides: where it is kept, and as what the question was searched."""
    return {"conversation": {"id": conversation.id, "title": conversation.title}, "searched": searched}


def conversation_record(conversation: Conversation) -> Record:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created": conversation.created.isoformat(),
        "changed": conversation.changed.isoformat(),
        "questions": conversation.size,
    }


def turn_records(conversation: Conversation) -> list[Record]:
    return [_kept_turn_record(turn) for turn in conversation.turns]


def _kept_turn_record(turn: Turn) -> Record:
    answer = answer_record(turn.answer, ())
    del answer["hits"], answer["timings"]
    return {
        **answer,
        "searched": turn.searched,
        "asked": turn.asked.isoformat(),
        "stopped": turn.is_stopped,
        "forgotten": turn.is_forgotten,
    }


def explained_hit_records(trace: Trace) -> list[Record]:
    """The hits of a search, each with where the stages that found it put it."""
    records = zip(hit_records(trace.hits), trace.hits, strict=True)
    return [{**record, "stages": _places(trace, hit.chunk)} for record, hit in records]


def trace_record(trace: Trace) -> Record:
    return {
        "stages": [_stage_record(stage) for stage in trace.stages],
        "notes": list(trace.notes),
        "passages": [_passage_record(trace, use) for use in trace.passages],
        **_context_record(trace),
    }


def _stage_record(stage: StageTrace) -> Record:
    return {
        "stage": stage.name,
        "query": stage.query,
        "milliseconds": round(1000 * stage.seconds, 3),
        "hits": len(stage.hits),
        "notes": list(stage.notes),
    }


def _passage_record(trace: Trace, use: PassageUse) -> Record:
    chunk = use.chunk
    return {
        "chunk_id": chunk.id,
        "source": chunk.source,
        "page": _page(chunk.anchor),
        "anchor": _label(chunk.anchor),
        "state": use.state,
        "tokens": use.tokens,
        "used": use.used,
        "stages": _places(trace, chunk),
    }


def _places(trace: Trace, chunk: Chunk) -> Record:
    places = trace.places(chunk.id)
    return {stage: {"rank": place.rank, "score": float(place.score)} for stage, place in places.items()}


def _hit_record(rank: int, hit: Hit) -> Record:
    chunk = hit.chunk
    return {
        "rank": rank,
        "score": float(hit.score),
        "chunk_id": chunk.id,
        "source": chunk.source,
        "page": _page(chunk.anchor),
        "anchor": _label(chunk.anchor),
        "start": chunk.start,
        "end": chunk.end,
        "heading": heading_path(chunk.context),
        "text": chunk.text,
    }


def _citation_record(citation: Citation) -> Record:
    """start and end enclose all its spans."""
    return {
        "marker": citation.marker,
        "source": citation.source,
        "page": _page(citation.anchor),
        "anchor": _label(citation.anchor),
        "quote": citation.quote,
        "start": citation.spans[0].start,
        "end": citation.spans[-1].end,
        "verified": citation.verified,
        "also": [_place_record(place) for place in citation.also],
    }


def _statement_record(answer: Answer, statement: Statement) -> Record:
    """start and end are offsets in the answer's text."""
    start, end = statement.span.start, statement.span.end
    return {
        "text": answer.text[start:end],
        "start": start,
        "end": end,
        "markers": list(statement.markers),
        "supported": statement.is_supported,
        "problems": list(statement.problems),
    }


def _context_record(trace: Trace) -> Record:
    """What a language model read, if one did; `passage` counts from 1, as the model saw them numbered."""
    if (context := trace.context) is None:
        return {}
    ledger = {
        "tokens": context.tokens,
        "budget": context.budget,
        "ledger": [
            {
                "chunk_id": entry.hit.chunk.id,
                "source": entry.hit.chunk.source,
                "fate": entry.fate,
                "tokens": entry.tokens,
                "kept": entry.kept,
                "passage": None if entry.passage is None else entry.passage + 1,
            }
            for entry in context.ledger
        ],
    }
    return {"context": ledger}


def _place_record(place: Place) -> Record:
    return {
        "source": place.source,
        "page": _page(place.anchor),
        "anchor": _label(place.anchor),
        "start": place.span.start,
        "end": place.span.end,
    }


def _page(anchor: Anchor | None) -> int | None:
    return anchor.number if anchor and anchor.kind == "page" else None


def _label(anchor: Anchor | None) -> str | None:
    return anchor.label if anchor else None
