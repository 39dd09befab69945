"""Which measure a question wants an amount of - time, length, money, how often - and where a sentence gives one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.checking.figures import figures
from generation.checking.units import CURRENCIES
from generation.wanted import figures as numbers

_PAYING = (
    r"\b(?:costs?|prices?|pay|paid|fees?|rent|fines?|charged?|salary|wages?|budget|spen[dt]|earn(?:ed|s)?|worth"
    r"|kost\w+|preis|bezahl\w+|zahl\w+|miete|coûte\w*|prix|payer|loyer|cuestan?|precio|pagar|alquiler)\b"
)
_ASKED = {
    measure: re.compile(pattern, re.IGNORECASE)
    for measure, pattern in {
        "money": rf"(?:\bhow\s+much|\bwas\s+(?=kost)|\bwhat\s+d(?:o|oes|id)\b(?=.*\bcost\b)|\bwie\s*viel|\bcombien"
        rf"|\bcuánto)\b.*?{_PAYING}",
        "data": r"\bhow\s+much\s+(?:memory|ram|space|disk|storage)\b|\bwie\s*viel\s+(?:speicher|platz)",
        "mass": r"\bhow\s+heavy\b|\bwie\s+schwer\b|\b(?:how\s+much|what)\s+d(?:o|oes|id)\b.*\bweigh\b",
        "age": r"\bhow\s+old\b|\bwie\s+alt\b|\bquel\s+âge\b|\bqué\s+edad\b",
        "duration": r"\bhow\s+long\b|\bwie\s+lang|\bcombien\s+de\s+temps\b|\bcuánto\s+tiempo\b",
        "distance": r"\bhow\s+far\b|\bwie\s+weit\b",
        "frequency": r"\bhow\s+(?:often|frequently)\b|\bwie\s+(?:oft|häufig)\b|\bfréquence\b|\bfrecuencia\b",
    }.items()
}
_KINDS = {
    "money": CURRENCIES | {"share"},
    "data": {"data", "share"},
    "mass": {"mass"},
    "age": {"time"},
    "duration": {"time", "length"},
    "distance": {"time", "length"},
    "frequency": {"times", "frequency"},
}
_IN_WORDS = {
    "money": re.compile(r"\bfree(?:\s+of\s+charge)?\b|\bkostenlos|\bgratuit|\bgratis\b", re.IGNORECASE),
    "age": re.compile(r"\b(?:aged?|alter|âge|edad)\b", re.IGNORECASE),
    "duration": re.compile(r"\b(?:until|till|through|forever|indefinitely|bis|jusqu\w*|hasta)\b", re.IGNORECASE),
    "frequency": re.compile(
        r"\b(?:every|each|per|once|twice|always|never|regularly|rarely|hourly|daily|(?:bi)?weekly|(?:bi)?monthly|quarterly"
        r"|(?:bi)?annual(?:ly)?|yearly|jede[nrms]?|alle|pro|einmal|zweimal|täglich|wöchentlich|monatlich|jährlich"
        r"|chaque|tou(?:te)?s\s+les|par|cada|todos|por|diario|semanal|mensual|anual)\b",
        re.IGNORECASE,
    ),
}


def measure_asked(question: str) -> str:
    """The name of a measure, empty where no amount of one is asked for."""
    return next((measure for measure, pattern in _ASKED.items() if pattern.search(question)), "")


def amounts(sentence: str, measure: str, language: str | None) -> Iterator[str]:
    """Where `sentence` tells of the measure: figures with a unit that fits, and words that say it without one."""
    in_words = _IN_WORDS.get(measure)
    if in_words and (found := in_words.search(sentence)):
        yield sentence[found.start() :]
    if next(numbers(sentence, language), None) is None:
        return
    for figure in figures(sentence, language):
        if figure.kind in _KINDS[measure]:
            yield figure.said
