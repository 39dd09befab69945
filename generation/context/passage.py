"""What a generator is given to read, and the ledger that says what became of every hit: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kb.text.passages import heading_path
from kb.types import Anchor, Chunk, Context, Hit, Span

Fate = Literal["whole", "joined", "extended", "compressed", "folded", "left out"]


@dataclass(frozen=True, slots=True)
class ContextPassage:
    """A part of one document to be read: its `spans`, in order and apart, are `text`, joined by " ... ".

    `context` is what it must be read with. `hits` stand in it, best first; `also` are passages that say the same
    elsewhere and are represented by it, so that whoever cites it can cite all of them. `tokens` measures
    `readable_text`.
    """

    document_id: str
    source: str
    spans: tuple[Span, ...]
    text: str
    context: Context
    anchor: Anchor | None
    hits: tuple[Hit, ...]
    also: tuple[Chunk, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What became of a hit.

    "whole": it stands there by itself; "joined": in one passage with neighbours; "extended": that was extended to its
    section; "compressed": only some of its sentences stand there; "folded": another passage says the same and
    represents it; "left out": there was no room. `tokens` are those of the hit by itself, `kept` those of it that
    stand in the context, `passage` is the index of the passage where it stands or is represented.
    """

    hit: Hit
    fate: Fate
    tokens: int
    kept: int
    passage: int | None


@dataclass(frozen=True, slots=True)
class PassageContext:
    """The passages in the order in which they are read, and an entry for every hit, in the order found.

    `tokens` is the sum over the passages: at most `budget`, unless a single sentence of the first hit is longer.
    """

    passages: tuple[ContextPassage, ...]
    ledger: tuple[LedgerEntry, ...]
    tokens: int
    budget: int


def readable_text(context: Context, text: str) -> str:
    """A passage as a generator reads it: the path of headings, the names of a table's columns, then its words."""
    return "\n".join(part for part in (heading_path(context), context.table, text) if part)
