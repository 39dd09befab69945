"""What a question asks the lexical index for: its words and compounds, each in every language of the documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kb.text.compounds import compound_terms, compound_words, is_identifier
from kb.text.stems import ENGLISH, rule_of
from kb.text.terms import normalised, terms_by


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked for, found as any of `alternatives`: a question is too short for its language to be told.

    The first is the term of most languages; another may be a chance: to Hungarian, the stem of "region" is "reg".

    For an identifier (AB-1234/5), `parts` are the terms of its parts, all of which together say less than itself.
    """

    alternatives: tuple[str, ...]
    parts: tuple[str, ...] = ()


def asked(query: str, languages: Iterable[str]) -> list[Asked]:
    """What `query` asks for in English and `languages`, in order, each thing once; its compounds come last."""
    rules, normal = list(dict.fromkeys([ENGLISH, *map(rule_of, languages)])), normalised(query)
    words = [Asked(group) for group in _groups(terms_by(rule, normal) for rule in rules)]
    compounds = compound_words(normal)
    joined = _groups(compound_terms(rule, compounds) for rule in rules)
    parts = [tuple(terms_by(ENGLISH, word)) if is_identifier(word) else () for word in compounds]
    return list(dict.fromkeys([*words, *map(Asked, joined, parts)]))


def _groups(by_rule: Iterable[list[str]]) -> Iterator[tuple[str, ...]]:
    """The different terms of each place, of which there are as many by every rule; those of most rules first."""
    return (tuple(term for term, _ in Counter(group).most_common()) for group in zip(*by_rule, strict=True))
