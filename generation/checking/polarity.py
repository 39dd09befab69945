"""What a statement denies: its negations with what they bear on, and the words that deny by their meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generation.checking.alignment import Aligned, Strengths
from generation.checking.comparison import Comparison
from generation.checking.findings import Finding
from generation.checking.statements import Item, Statement, parted

_NEGATION = re.compile(
    r"(?<![^\W_])(?:not|never|no|none|nobody|nothing|neither|nor|cannot|without|no longer"
    r"|fail(?:s|ed)? to|nicht|nichts|kein\w{0,2}|nie|niemals|ohne|weder|pas|jamais|aucune?|sans|ni|nunca|jamás"
    r"|ningun[ao]?|ningún|sin|tampoco)(?![^\W_])|(?<=n)['’]t(?![^\W_])|[不没沒未无無勿莫非](?![但僅仅論论常來来])",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"\b(?:not|no|never) (?:only|just|merely|more|less|later|fewer|earlier|doubt|matter|exceed\w*|above|below)\b"
    r"|whether or not|\bor not\b|\bnot until\b|nicht nur|non seulement|no sólo|no solo|pas seulement|pas plus de"
    r"|\b(?:no|none|nobody|never|not)\b[^.,;:]{1,80}?\bwithout\b"
    r"|\bnot necessarily\b|\bno\.(?=\s?\d)",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"^\W*(?:according to (?:the|this) (?:(?:\w+ ){0,2}\w+,|\w+(?= (?:even|the|an?|all|no|it|there)\b))"
    r"|(?:the|this) (?:passage|document|text|source|manual|report"
    r"|article)s? (?:say|state|explain|note|mention|report|show|add)s? that|laut (?:dem|der) \w+)\s*",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"^\W*(?:yes|no|ja|nein|oui|non|sí|si|是的?|不是?|没有|沒有|有)\s*[,.:;!，。：；]\s*", re.IGNORECASE
)
_FINITE = re.compile(
    r"(?<![^\W_])(?:is|are|was|were|has|have|had|does|do|did|can|could|may|might|must|shall|should|will|would|ist|sind"
    r"|war|waren|wird|werden|hat|haben|kann|est|sont|était|ont|peut|es|son|era|fue|ha|puede)(?![^\W_])",
    re.IGNORECASE,
)
_DENYING = re.compile(
    r"(?<![^\W_])(?:prohibit\w*|forbid\w*|forbade|bann?(?:ed|s)?|exclud\w*|refus\w*|lack\w*|fail\w*|prevent\w*|avoid\w*"
    r"|miss(?:es|ing)?|absen\w+|impossible|wrong|den(?:y|ies|ied)|reject\w*|invalid\w*|unable|neglect\w*|overlook\w*"
    r"|ignor\w+|only|except\w*|unless|rul(?:es?|ed) out|stop\w*|ceas\w+|free (?:of|from)|rather|instead|little|few"
    r"|hardly|rarely|seldom|depend\w*|un(?!like|der|til|it|io|iq|ivers)\w{4,}|in(?:eligible|correct|sufficient|complete\w*|dependent\w*)"
    r"|at most|no more than|höchstens|au plus|como máximo"
    r"|disapprov\w*|dissent\w*|zero|false|less|outside|nur|verboten|untersagt|fehl\w+|sauf|seul\w*|interdit\w*"
    r"|manqu\w+|sólo|solo|prohibid\w*|falta\w*|gratis|gratuit\w*)(?![^\W_])|[禁拒缺免]|只",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"\W*(?:$|[,;:.!?()]|\b(?:and|but|or|und|aber|et|mais|y|pero)\b)")
_AUXILIARY = (
    r"(?:shall|may|can|must|will|is|are|has|have|does|do|darf|kann|wird|ist|peut|doit|est|puede|debe|es)(?![^\W_])"
)
_SUBJECT = re.compile(
    rf"(?:no|kein\w*|aucune?|ning[uú]n[ao]?)\s+(?:[^\W\d_]+\s+){{1,3}}{_AUXILIARY}|nor\s+{_AUXILIARY}\s+(?:any\s+|the\s+)?\w+",
    re.IGNORECASE,
)
"""No carrier shall permit it: what is denied is the permission, not the carrier."""
_REACH = 4
_SAYS = {"denied": "denies", "undenied": "does not deny"}
_VERBATIM = 0.8  # share of a sentence from which on its denials can be compared with the words of a statement
_LIKELY = 3  # statements that must all conflict, where as many are near the best
_STEM = 6  # letters by which such words are the same
_SURE = 0.55
"""Cosine from which on two words are taken for one another where a denial hangs on it."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A negation at `start` and the items in its reach, the one that it bears on first."""

    start: int
    reach: tuple[Item, ...]


def bare_reply(sentence: str) -> str:
    """A sentence without the yes or no by which it answers a question, and without naming what it cites."""
    return _ATTRIBUTION.sub("", _REPLY.sub("", sentence, count=1), count=1) or sentence


def denials(statement: Statement) -> list[Denial]:
    """The negations of a statement in order; each reaches what follows it in its clause, or else what precedes it."""
    excused = [match.span() for match in _NO_DENIAL.finditer(statement.text)]
    return [
        Denial(match.start(), tuple(_reach(statement, match.start(), match.end())))
        for match in _NEGATION.finditer(statement.text)
        if not any(start <= match.start() < end for start, end in excused)
    ]


def _reach(statement: Statement, start: int, end: int) -> Iterator[Item]:
    if subject := _SUBJECT.match(statement.text, start):
        end = subject.end()
    after = [item for item in statement.items if item.start >= end]
    before = [item for item in statement.items if item.end <= start]
    if not after or parted(statement, end, after[0].start):
        if before and _LAST_WORD.match(statement.text, end):
            yield from reversed([item for item in before if item.clause == before[-1].clause][-2:])
        return
    for number, item in enumerate(after[:_REACH]):
        if item.clause != after[0].clause or (
            number and _FINITE.search(statement.text, after[number - 1].end, item.start)
        ):
            return
        yield item


def denied_places(found: Sequence[Denial]) -> set[int]:
    """The places of items that an odd number of denials reach."""
    reached: set[int] = set()
    for denial in found:
        reached ^= {item.place for item in denial.reach}
    return reached


def denial_findings(comparison: Comparison) -> Iterator[Finding]:
    """Where the sentence affirms what its sources deny, or, all but in their words, denies what they affirm."""
    for clause in comparison.clauses():
        likely = comparison.best_for(clause)[:_LIKELY]
        for kind, conflict in (("denied", _affirms), ("undenied", _denies)):
            words = [conflict(comparison, one, clause) for one in likely]
            if words and all(words):
                yield Finding(kind, f"the passage {_SAYS[kind]} “{words[0]}”")


def _affirms(comparison: Comparison, one: Aligned, clause: int) -> str:
    """What a statement denies and a clause of the draft affirms.

    A denial that has no counterpart is excused where the draft has one left over, in whatever words.
    """
    unmet, unmet_there = _unmet(comparison.draft, one)
    if unmet or _other_words(comparison.draft.text, one.statement.text):
        return ""
    places = [item.place for item in comparison.draft.items if item.clause == clause]
    return next((word for denial in unmet_there if (word := _affirmed(denial, one.same[places].T))), "")


def _denies(comparison: Comparison, one: Aligned, clause: int) -> str:
    """What a clause of the draft denies and a statement that has nearly all of its words affirms."""
    unmet, unmet_there = _unmet(comparison.draft, one)
    if comparison.exact < _VERBATIM or unmet_there or _other_words(one.statement.text, comparison.draft.text):
        return ""
    mine = [denial for denial in unmet if any(item.clause == clause for item in denial.reach)]
    return next((word for denial in mine if (word := _affirmed(denial, one.strengths))), "")


def _unmet(draft: Statement, one: Aligned) -> tuple[list[Denial], list[Denial]]:
    """The denials of the draft and of a statement that the other has not."""
    mine, theirs = denials(draft), denials(one.statement)
    if not one.strengths.size:
        return [], []
    met, met_there = _met(mine, theirs, one)
    unmet = [denial for denial, is_met in zip(mine, met, strict=True) if not is_met]
    return unmet, [denial for denial, is_met in zip(theirs, met_there, strict=True) if not is_met]


def _met(mine: Sequence[Denial], theirs: Sequence[Denial], one: Aligned) -> tuple[list[bool], list[bool]]:
    pairs = [
        (row, column)
        for row, denial in enumerate(mine)
        for column, other in enumerate(theirs)
        if any(one.strengths[a.place, b.place] >= _SURE for a in denial.reach for b in other.reach)
    ]
    contrary = [any(one.opposed[:, item.place].any() for item in other.reach) for other in theirs]
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return [row in rows for row in range(len(mine))], [
        column in columns or contrary[column] for column in range(len(theirs))
    ]


def _affirmed(denial: Denial, strengths: Strengths) -> str:
    """The first word in the reach of a denial, or the next, that the other side has; `strengths` has a row for each."""
    for item in [item for item in denial.reach if not (item.figure or item.is_name)][:2]:
        if strengths[item.place].max(initial=0.0) >= _SURE:
            return item.said
    return ""


def _other_words(text: str, other: str) -> bool:
    """Whether `text` has a word that denies by its meaning and that `other` has not."""
    said = {match.group().casefold()[:_STEM] for match in _DENYING.finditer(other)}
    return any(match.group().casefold()[:_STEM] not in said for match in _DENYING.finditer(text))
