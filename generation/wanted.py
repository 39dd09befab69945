"""What kind of answer a question wants - a name, a date, a number - and which words of a sentence are such."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.text.terms import UNSPACED

_KIND = r"\b(?:what|which)\s+(?:[\w-]+\s+){0,2}"
_WHO = re.compile(r"\bwho(?:m|se)?\b|^\W*(?:wer|wem|wen|qui|quién(?:es)?)\b", re.IGNORECASE)
_WHEN = re.compile(
    rf"\bwhen\b|{_KIND}(?:year|date|day|month|century|decade)s?\b|什[麼么][時时]|何[時时]|哪一?[年天月日]|いつ|언제"
    r"|^\W*wann\b|\bwelche[mnrs]?\s+(?:jahr|tag|datum|monat)|^\W*quand\b|\bquel(?:le)?s?\s+(?:année|date|jour|mois)\b"
    r"|\bcuándo\b|\bqué\s+(?:año|fecha|día|mes)\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(
    r"\bhow\s+(?:many|much|long|old|far|tall|large|big|high|fast|wide|deep|heavy)\b|多少|[幾几]"
    r"|\bwie\s*(?:viele?[nrs]?|lange?|hoch|alt|weit|groß|schnell|teuer|schwer)\b|\bcombien\b|\bcuánt[oa]s?\b",
    re.IGNORECASE,
)
_OTHER_FIGURE = re.compile(
    rf"\bhow\s+often\b|{_KIND}(?:time|period)s?\b|\bwie\s+oft\b|多[長长高大遠远久重]"
    rf"|{_KIND}(?:percent|percentage|number|amount|ratio|size|population|price|cost|rate|share|total)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?<=\w)\s+who\b|\b(?!(?:and|at|by|for|from|in|of|on|to|under|with)\s)\w+\s+who(?:m|se)\b|\bwhen\b(?=\s+(?:I|you|he|she|it|we|they|there|an?|the|my|your|his|her|its|our|their)\b)",
    re.IGNORECASE,
)
"""Where these words begin a clause that belongs to another: before a subject, or behind what they tell of."""
_WORD = re.compile(r"[\w.,:%$€£¥°-]+")
_NUMBER = re.compile(r"[^\W\d_]{0,2}[$€£¥]?\d[\d.,:]*(?:%|°?[^\W\d_]{0,3})\W*")
"""With a unit, perhaps; "37signals" is a name."""
_PLACE = re.compile(
    r"^\W*(?:\d{1,3}|[a-z])[.)]\s|§+\s*\d+\w?|\b(?i:abs|nr|art|artikel|satz|section|chapter|page)\b\.?\s+\d+"
)
"""Of an item, a paragraph: its number says nothing."""
_COUNTING = re.compile(r"^\W*(?:(?:first|second|third)\s*,|may\b)", re.IGNORECASE)
_MONTHS = {
    "en": r"January|February|March|April|May|June|July|August|September|October|November|December",
    "de": r"Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
    "fr": r"janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    "es": r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
}
_NUMERALS = {
    "en": r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?"
    r"|thousands?|[mb]illions?|half|thirds?|quarters?|first|second|once|twice|several|dozens?|century|centuries",
    "de": r"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\w+zehn|\w+[zß]ig|\w*hundert|\w*tausend"
    r"|million(?:en)?|milliarden?|hälfte|halbe[nrs]?|drittel|viertel|dutzend",
    "fr": r"deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|quarante"
    r"|cinquante|soixante|cents?|mille|millions?|milliards?|moitié|tiers|quart|douzaine",
    "es": r"dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|veinte|treinta|cuarenta"
    r"|cincuenta|sesenta|setenta|ochenta|noventa|cien|cientos?|mil|mill[oó]n(?:es)?|mitad|tercio|cuarto|docena",
}
_IN_WORDS = {
    language: re.compile(rf"(?:(?i:{numerals})|(?-i:{_MONTHS[language]}))\W*")
    for language, numerals in _NUMERALS.items()
}
_IN_CHARACTERS = re.compile(rf"[一二三四五六七八九十百千萬万億亿兩两]|{UNSPACED.pattern}\d|\d{UNSPACED.pattern}")
_DATE = re.compile(
    r"(?!\W*(?:[$€£¥]|\d+[.,]\d+\W*$|[\d.,]+%))\D*\d|[一二三四五六七八九十]年"
    r"|\W*(?:centur(?:y|ies)|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|noon|midnight|christmas|easter"
    r"|montags?|dienstags?|mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|mittags?|mitternacht"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    rf"|(?-i:{'|'.join(_MONTHS.values())}))\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\W*\d+(?:st|nd|rd|th)\W*", re.IGNORECASE)
_WHETHER = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had"
    r"|ist|sind|war|waren|hat|haben|kann|können|darf|dürfen|muss|müssen|soll|sollen|wird|werden|gibt|gilt"
    r"|est-ce|peut-on|y\s+a-t-il|es|son|está|están|hay|puede|pueden|debe|deben)\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí)\b\s*[,.!:;–—-](?!\s*\d)", re.IGNORECASE)
_REACHING = re.compile(
    r"\b(?:where|address(?:es)?|e-?mails?|(?:tele)?phone|fax|call|contact(?:ed)?|reach(?:ed)?|postcode|zip"
    r"|wo|adresse|telefon\w*|erreich\w*|où|téléphone|courriel|dónde|dirección|teléfono|correo)\b",
    re.IGNORECASE,
)
_ARTICLE = r"(?:(?:an?|the|eine?|der|die|das|une?|l[ae]s?|el|los)\s+|l['’])?"
_DEFINED = re.compile(
    r"^\W*(?:what(?:['’]s|\s+(?:is|are|does))|was\s+(?:ist|sind|bedeutet)|qu['’]est-ce\s+qu(?:e\s+|['’])|qué\s+(?:es|son))"
    rf"\s*{_ARTICLE}(?P<thing>[\w'’-]+(?:\s+[\w'’-]+){{0,3}}?)"
    r"(?:\s+mean)?(?:\s*\?|\s+(?:in|of|for|according|and|bei|im|von|dans|en)\b)",
    re.IGNORECASE,
)
_DEFINING = (
    r"(?:is|are|means?|refers?\s+to|denotes?|describes?"
    r"|ist|sind|bezeichnet|bedeutet|est|sont|désigne|es|son|significa)\b"
)
_CAPITALISED = re.compile(r"(?:(?<=\S\s)|(?<=\S\s[\"“„«(\[*_])|(?<=\S\s\*\*))(?!I\b)[A-Z][\w’'-]*")

_AGENT = re.compile(
    r"\b(?:by|von|vom|par|por)\s+(?:(?:the|der|dem|die|le|la|el)\s+)?[A-Z]"
    r"|^\W*(?!(?:An?|As|He|His|It|Its|She|That|The|These|They|This|Those)\b)[A-Z][\w’'-]+\s+"
    r"(?:[A-Z][a-z]|(?:\w+ed|built|drew|found|gave|had|has|is|led|made|took|was|will|won|wrote)\b)"
)


def asks_who(question: str) -> bool:
    return _WHO.search(_CLAUSE.sub(" ", question)) is not None


def asks_when(question: str) -> bool:
    return _WHEN.search(_CLAUSE.sub(" ", question)) is not None


def asks_how_many(question: str) -> bool:
    return _HOW_MANY.search(question) is not None


def asks_figure(question: str) -> bool:
    """A number or a date."""
    return asks_when(question) or asks_how_many(question) or _OTHER_FIGURE.search(question) is not None


def asks_contact(question: str) -> bool:
    """Where somebody is, or is to be reached."""
    return _REACHING.search(question) is not None


def asks_whether(question: str) -> bool:
    return _WHETHER.match(question) is not None


def says_yes_or_no(sentence: str) -> bool:
    """In so many words, at its beginning."""
    return _YES_OR_NO.match(sentence) is not None


def thing_defined(question: str) -> str:
    """What a question asks the meaning of: "recall" of "What is recall in retrieval?"; empty where it asks no such."""
    found = _DEFINED.match(question)
    return found["thing"] if found else ""


def defines(sentence: str, thing: str) -> bool:
    """Whether a sentence begins by saying what `thing` is."""
    return re.match(rf"\W*{_ARTICLE}{re.escape(thing)}\W*\s{_DEFINING}", sentence, re.IGNORECASE) is not None


def figures(sentence: str, language: str | None) -> Iterator[str]:
    """The words that are or hold numbers, or months; not those that name something, or say which item this is."""
    in_words = _IN_WORDS.get(language or "en", _IN_WORDS["en"])
    for found in _WORD.finditer(_COUNTING.sub(" ", _PLACE.sub(" ", sentence))):
        parts = re.split(r"[-–]", found.group())
        if (
            _IN_CHARACTERS.search(found.group())
            or any(map(_NUMBER.fullmatch, parts))
            or any(map(in_words.fullmatch, parts))
        ):
            yield found.group()


def dates(sentence: str) -> Iterator[str]:
    return (found.group() for found in _WORD.finditer(_PLACE.sub(" ", sentence)) if is_date(found.group()))


def is_date(word: str) -> bool:
    """Whether a word is part of one, or a number that may be."""
    return _DATE.match(word) is not None


def is_ordinal(word: str) -> bool:
    return _ORDINAL.fullmatch(word) is not None


def names(sentence: str) -> Iterator[str]:
    """Words with a capital that do not owe it to their place."""
    return (found.group() for found in _CAPITALISED.finditer(sentence))


def acts(sentence: str) -> bool:
    """Whether it says by whom something was done, or begins with the name of who did it."""
    return _AGENT.search(sentence) is not None


def has_capitals(sentence: str) -> bool:
    return sentence.upper() != sentence.lower()
