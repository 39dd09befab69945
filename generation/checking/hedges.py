"""Whether a sentence drops what a passage says with reserve and puts something stronger in its place."""

from __future__ import annotations

import re

from generation.checking.comparison import Comparison
from generation.checking.statements import Item

_RESERVE = re.compile(
    r"(?<![^\W_])(?:may|might|can|could|would|should|expect\w*|propos\w*|seem\w*|appear\w*|suggest\w*|possib\w+|likely"
    r"|unlikely|probab\w+|perhaps|potential\w*|some|sometimes|often|typically|usually|generally|mostly|most|plan\w*"
    r"|consider\w*|estimat\w*|intend\w*|aim\w*|up to|about|around|approximately|nearly|almost|kann|könn\w*|dürfte\w*"
    r"|vielleicht|etwa|rund|meist\w*|soll\w*|peu[tv]\w*|pourrai\w*|souvent|environ|parfois|puede\w*|podría\w*|quizás?"
    r"|suele\w*|propon\w*|algun\w*)(?![^\W_])|可能|也许|或许|预计|預計|有望|大约|约|往往",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"(?<![^\W_])(?:must|shall|always|never|every|all|each|any|only|no matter|regardless|whether or not|entitled|at all"
    r"|even if|will|show\w*|prove\w*|immer|nie|jede\w*|alle\w*|muss|müssen|toujours|jamais|tou[st]\w*|doi[tv]\w*"
    r"|siempre|nunca|tod[oa]s?|debe\w*)(?![^\W_])|必须|必須|一定|所有|都|总是",
    re.IGNORECASE,
)
_MEANT = 0.3  # share of the clause with the reserve that the sentence must have


def dropped_reserve(comparison: Comparison) -> str:
    """The word of reserve that the best statement has and the sentence lacks, if that has a stronger one; else ""."""
    best, sentence = comparison.best, comparison.draft.text
    if best is None or not best.statement.items or _RESERVE.search(sentence):
        return ""
    text = best.statement.text
    if not _strong_words(sentence) - _strong_words(text):
        return ""
    said = best.strengths.max(axis=0)
    for match in _RESERVE.finditer(text):
        clause = _clause_at(best.statement.items, match.start())
        places = [item.place for item in best.statement.items if item.clause == clause]
        if said[places].mean() >= _MEANT:
            return match.group()
    return ""


def _strong_words(text: str) -> set[str]:
    return {match.group().casefold() for match in _STRONG.finditer(text)}


def _clause_at(items: tuple[Item, ...], start: int) -> int:
    return next((item.clause for item in items if item.end > start), items[-1].clause)
