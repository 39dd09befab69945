"""In which order a model reads passages: the best ones where it reads best."""

from __future__ import annotations

from dataclasses import replace

from generation.context.passage import PassageContext


def at_the_edges(context: PassageContext) -> PassageContext:
    """The best passage first, the second best last, and so on inwards.

    Models overlook most in the middle of what they read (Liu et al., "Lost in the Middle", 2023).
    """
    ranks = range(len(context.passages))
    order = [*ranks[::2], *reversed(ranks[1::2])]
    moved = {rank: place for place, rank in enumerate(order)}
    ledger = (
        entry if entry.passage is None else replace(entry, passage=moved[entry.passage]) for entry in context.ledger
    )
    return replace(context, passages=tuple(context.passages[rank] for rank in order), ledger=tuple(ledger))
