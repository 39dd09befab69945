"""Whether a name of a sentence stands in its sources in another form: as an acronym, spelled out, of a country."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.checking.comparison import Comparison
from generation.checking.statements import Item
from generation.checking.wording import folded
from kb.text.stems import without_accents

_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "lady",
        "lord",
        "st",
        "herr",
        "frau",
        "monsieur",
        "madame",
        "señor",
        "señora",
    ]
)
_NATIONS = """
    american america us usa states|british britain uk kingdom england english|french france|german germany|spanish spain
    |dutch netherlands holland|danish denmark|swedish sweden|norwegian norway|finnish finland|polish poland|swiss
    switzerland|greek greece|turkish turkey|portuguese portugal|irish ireland|scottish scots scotland|welsh wales|czech
    czechia bohemia|chinese china|japanese japan|russian russia|italian italy|european europe|thai thailand|iraqi iraq
    |israeli israel|egyptian egypt|canadian canada|mexican mexico|peruvian peru|hungarian hungary|belgian belgium
    |austrian austria|australian australia|roman rome|parisian paris|viennese vienna
"""
_OF_NATION = {word: number for number, words in enumerate(_NATIONS.split("|")) for word in words.split()}


def is_named(item: Item, comparison: Comparison) -> bool:
    """Whether some source or its context has the name, be it in another form."""
    plain = without_accents(item.said.casefold()).removesuffix("'s").removesuffix("’s")
    if plain in _TITLES or item.term in comparison.context_terms:
        return True
    texts = [folded(one.statement.text) for one in comparison.found] + [folded(one.text) for one in comparison.context]
    spaced = re.sub(r"[-_/]", " ", folded(item.said))
    if any(spaced in re.sub(r"[-_/]", " ", text) for text in texts if " " in spaced):
        return True
    words = [re.findall(r"[^\W_]+", text) for text in texts]
    nation = _OF_NATION.get(plain)
    if nation is not None and any(_OF_NATION.get(word) == nation for ones in words for word in ones):
        return True
    return any(_abbreviates(plain, ones) or plain in map(without_accents, ones) for ones in words)


def _abbreviates(name: str, words: Sequence[str]) -> bool:
    """Whether `name` is made of the first letters of neighbouring words."""
    size = len(name)
    if not 2 <= size <= 6 or not name.isalpha():
        return False
    return any("".join(word[0] for word in words[at : at + size]) == name for at in range(len(words) - size + 1))
