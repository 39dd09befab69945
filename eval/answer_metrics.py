"""Quality of one answer: its words against those accepted, its citations against the documents."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from eval.evidence import Target
from eval.folding import verbatim
from eval.metrics import Values
from eval.statements import Statement, statements
from kb.text.terms import terms
from kb.text.words import CJK, words
from kb.types import Answer, Citation

LONGEST_QUOTE = 60
"""Words of a quote that may hold an answer: nobody wins by quoting pages."""
COUNTS = frozenset({"unsupported_numbers"})
"""Metrics that may exceed 1."""
_SUPPORTED = 0.75
_TOKEN = re.compile(rf"[{CJK}]|(?:(?![{CJK}])\S)+")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_AMOUNT = re.compile(r"\W*(\d+(?:,\d{3})*(?:\.\d+)?)\W*")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MARKERS = re.compile(r"\s*\[\d+\]")


def answer_values(answer: Answer, accepted: Sequence[str]) -> Values:
    """Of an answer to a question that the documents answer; an abstention is 0 in all.

    answer_in_first_quote and answer_in_quotes: whether an accepted answer stands in the first quote, in any of them.
    exact_match and f1: of the answer's words without its markers, the best over the accepted answers.
    """
    if answer.abstained:
        return dict.fromkeys(("answer_in_first_quote", "answer_in_quotes", "exact_match", "f1"), 0.0)
    holds = [holds_answer(citation.quote, accepted) for citation in answer.citations]
    said = _MARKERS.sub("", answer.text)
    return {
        "answer_in_first_quote": float(any(holds[:1])),
        "answer_in_quotes": float(any(holds)),
        "exact_match": max((float(_same(said, one)) for one in accepted), default=0.0),
        "f1": max((token_f1(said, one) for one in accepted), default=0.0),
    }


def citation_values(answer: Answer, verbatim_quotes: Sequence[bool]) -> Values:
    """Of an answer that is no abstention; `verbatim_quotes` says of each citation whether its document says its quote.

    citation_recall is the share of statements that their citations together support, citation_precision the share of
    citations that support their statement alone or that it needs (Gao et al., "Enabling Large Language Models to
    Generate Text with Citations", 2023), with support told by `supports`. An answer that cites nothing has a recall of
    0 and no precision. unsupported_numbers counts those that stand in no quote that the answer cites.
    """
    quotes = {citation.marker: citation.quote for citation in answer.citations}
    said = statements(answer.text)
    held = [supports(_quotes(statement, quotes), statement.text) for statement in said]
    precise = [_needed(marker, statement, quotes) for statement in said for marker in statement.markers]
    numbers = {number for statement in said for number in _numbers(statement.text)}
    values = {
        "citation_recall": _share(held),
        "unsupported_numbers": float(len(numbers - _numbers(*quotes.values()))),
    }
    if precise:
        values["citation_precision"] = _share(precise)
    if verbatim_quotes:
        values["verbatim_rate"] = _share(verbatim_quotes)
    return values


def statement_values(answer: Answer) -> Values:
    """Of an answer in a language model's words: the share of statements that passed the product's own check."""
    if not answer.statements:
        return {}
    return {"statements_borne_out": _share([statement.is_supported for statement in answer.statements])}


def cites_evidence(citation: Citation, targets: Sequence[Target]) -> bool:
    """Whether a quote of at most 60 words overlaps a piece of evidence in half of the shorter of both."""
    if len(words(citation.quote)) > LONGEST_QUOTE:
        return False
    return any(
        2 * (min(span.end, piece.end) - max(span.start, piece.start))
        >= min(span.end - span.start, piece.end - piece.start)
        for target in targets
        if target.source == citation.source
        for piece in target.quotes
        for span in citation.spans
    )


def holds_answer(quote: str, accepted: Iterable[str]) -> bool:
    """Whether one of `accepted` stands in a quote of at most 60 words as whole words, case and typography aside.

    An answer that is a number and nothing else is compared by its value: $1577.00 stands in "1,577".
    """
    if len(words(quote)) > LONGEST_QUOTE:
        return False
    folded = verbatim(quote).text
    values = {_value(number) for number in _NUMBER.findall(folded)}
    return any(_stands_in(folded, verbatim(answer).text) or _amount(answer) in values for answer in accepted)


def supports(quotes: Sequence[str], statement: str) -> bool:
    """Whether the quotes hold every number of the statement and three quarters of its terms.

    By words alone: a paraphrase is held to be unsupported, a contradiction in the same words is not seen.
    """
    said = set(terms(statement))
    held = set(terms(" ".join(quotes)))
    return bool(quotes) and _numbers(statement) <= held and len(said & held) >= _SUPPORTED * len(said)


def token_f1(said: str, accepted: str) -> float:
    """Harmonic mean of precision and recall of tokens after SQuAD's normalisation (Rajpurkar et al., 2016).

    Lower case, no punctuation, no articles; a character of Chinese, Japanese or Korean is a token of its own.
    """
    one, other = Counter(_tokens(said)), Counter(_tokens(accepted))
    if not one or not other:
        return float(one == other)
    shared = (one & other).total()
    return 2 * shared / (one.total() + other.total())


def _same(said: str, accepted: str) -> bool:
    return _tokens(said) == _tokens(accepted)


def _tokens(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if not _is_punctuation(character))
    return _TOKEN.findall(_ARTICLES.sub(" ", kept))


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def _amount(answer: str) -> Decimal | None:
    found = _AMOUNT.fullmatch(answer)
    return _value(found[1]) if found else None


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _stands_in(text: str, sought: str) -> bool:
    at = text.find(sought) if sought else -1
    while at >= 0:
        if _parted(text[at - 1 : at], sought[0]) and _parted(sought[-1], text[at + len(sought) :][:1]):
            return True
        at = text.find(sought, at + 1)
    return False


def _parted(before: str, after: str) -> bool:
    """Whether a word ends between two characters: in CJK, where nothing marks words, anywhere."""
    return not (before.isalnum() and after.isalnum()) or _is_cjk(before) or _is_cjk(after)


def _is_cjk(character: str) -> bool:
    return re.match(f"[{CJK}]", character) is not None


def _quotes(statement: Statement, quotes: dict[int, str]) -> list[str]:
    return [quotes[marker] for marker in statement.markers if marker in quotes]


def _needed(marker: int, statement: Statement, quotes: dict[int, str]) -> bool:
    """Whether the citation alone supports its statement, or the statement loses its support without it."""
    if marker not in quotes:
        return False
    if supports([quotes[marker]], statement.text):
        return True
    cited = _quotes(statement, quotes)
    others = [quotes[other] for other in statement.markers if other in quotes and other != marker]
    return supports(cited, statement.text) and not supports(others, statement.text)


def _numbers(*texts: str) -> set[str]:
    return {term for text in texts for term in terms(text) if term[0].isdigit()}


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
