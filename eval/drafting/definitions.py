"""Sentences that say what something is, in languages whose way of saying so is known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text.words import words


@dataclass(frozen=True, slots=True)
class Definition:
    """`term` is what is defined, `question` asks for it, `answer` says what it is, in the sentence's own words."""

    term: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Form:
    """A way of defining: `pattern` has the groups `lead` (an article), `term` and `answer`; `question` has {term}.

    `not_terms` are words in what seems a term which show that nothing is defined.
    """

    pattern: re.Pattern[str]
    question: str
    not_terms: frozenset[str] = frozenset()


_WORD = r"[^\W_](?:[^\s,;:.!?()\"“”„«»|*]|\.(?=\w))*"
_SPACED = rf"[\"“„«]?(?P<term>{_WORD}(?:\s{_WORD}){{0,3}}?)[\"”“»]?(?:\s\([^()]*\))?"
_UNSPACED = r"(?P<lead>)[「“]?(?P<term>[^\s，。、；：,.;:()（）「」“”是为為]{2,14}?)[」”]?(?:[（(][^（）()]*[）)])?"


def _form(lead: str, verb: str, question: str, not_terms: str = "") -> _Form:
    pattern = re.compile(rf"(?:(?P<lead>{lead})\s)?{_SPACED}\s{verb}(?P<answer>.+)", re.DOTALL)
    return _Form(pattern, question, frozenset(not_terms.split()))


_ENGLISH_NOT = """
    this that these those it its there here he she we they you i his her our their your my what which who whose one
    another each every either neither some most many much more several few all both such other others same only even
    if when while where why how in on at for to of with as by from but and or so also not no yet then thus however
    result results reason problem idea goal aim question answer example difference advantage disadvantage point
    following first second third last next main best only purpose thing case fact rest latter former
    the a an below above here since because normally generally usually background abstract objective conclusions
    now today finally sometimes often perhaps according based given among between under over after before"""

_FORMS = (
    _form("An?|The", r"is\s(?=(?:an?|the|any|one)\s)", "What is {term}?", _ENGLISH_NOT),
    _form("The", r"are\s(?=(?:the|any|all|those|a)\s)", "What are {term}?", _ENGLISH_NOT),
    _form("An?|The", r"(?:means|refers\sto|denotes|stands\sfor)\s", 'What does "{term}" mean?', _ENGLISH_NOT),
    _form("The", r"(?:mean|refer\sto|denote|stand\sfor)\s", 'What does "{term}" mean?', _ENGLISH_NOT),
    _form("Der|Die|Das|Eine?", r"ist\s(?=eine?r?\s)", "Was ist {term}?", "das dies es er sie hier da er man wer was"),
    _form("Die", r"sind\s(?=(?:die|alle)\s)", "Was sind {term}?", "das dies es sie hier da"),
    _form("Le|La|Un|Une", r"est\s(?=une?\s)", "Qu'est-ce que {term} ?", "ce il elle on c'est qui ceci cela"),
    _form("El|La|Un|Una", r"es\s(?=una?\s)", "¿Qué es {term}?", "este esta esto ello que quien ese esa eso"),
    _form("Il|La|Lo|Un|Una", r"è\s(?=una?\s)", "Che cos'è {term}?", "questo questa ciò che chi"),
    _Form(re.compile(rf"{_UNSPACED}，?(?:是指|是(?=一)|指的?是)(?P<answer>.+)", re.DOTALL), "{term}是什麼？"),
    _Form(re.compile(rf"{_UNSPACED}とは、?(?P<answer>.+)", re.DOTALL), "{term}とは何ですか。"),
)
_RELATIVE = r",?\s(?:which|that|who|whose|where|der|die|das|qui|que)\s"
_CLAUSE = re.compile(rf"(?P<whole>.+?)(?:(?<!\d),(?!\d)|;|:|[。；，、]|\s[–—(]|（|{_RELATIVE}|[.!?]?$)", re.DOTALL)
_POINTING = re.compile(
    "[也還还則则就仍該该此其這这那都]|由[於于]|因[為为此而]|[雖虽]然|^[但即而]|前者|[後后]者|[現现]在|目前|通常|同[時时]|主要|基本|一直"
    "|至今|[位參参].?於|的$"
)
_LEAST = 3
"""Words that an answer has at least; what is shorter says little."""


def definition(sentence: str) -> Definition | None:
    """What `sentence` defines, if it is of a known form; the answer ends with the clause."""
    for form in _FORMS:
        match = form.pattern.fullmatch(sentence)
        if match and not _is_vague(match, form):
            clause = _CLAUSE.match(match["answer"].strip())
            answer = clause["whole"].strip() if clause else ""
            if len(words(answer)) >= _LEAST:
                term = match["term"]
                asked = f"{match['lead'].lower()} {term}" if match["lead"] else term
                return Definition(term, form.question.format(term=asked), answer)
    return None


def _is_vague(match: re.Match[str], form: _Form) -> bool:
    """Whether what seems to be defined is only pointed at ("this", "the contract"), or no name at all."""
    term = match["term"]
    if form.not_terms.intersection(term.casefold().split()) or _POINTING.search(term):
        return True
    return match["lead"] == "The" and " " not in term and term.islower()
