"""Search in the lexical index: what a question asks for, as tantivy's queries.

Beside its words and compounds, words in double quotes are looked for as they stand, and words that no passage has, with
a slip of the pen, a blank too many or one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import log
from typing import Literal

import numpy as np
import tantivy
from numpy.typing import NDArray

from kb.text.asked import Asked, asked
from kb.text.terms import terms

CONTEXT_WEIGHT = 0.4
RARITY = 0.25
"""A term's score counts by its rarity (idf, 1 for a term of no passage) to this power, beside BM25's own idf: the
common words of a long question weigh less."""
_LESS_SURE = 0.8
"""What an alternative counts that is the term of fewer languages than another."""
_SATURATION = 2.2
"""What BM25 multiplies idf by at most: k1 + 1."""
LOOKED_UP_MAX = 2_000
"""So many numbers are looked up one by one; more are faster found by going through the list of all."""
_TERMS_MAX = 1_000
"""A query has at most this many different terms; the rest of a pasted page is left out."""
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」')
_LETTERS = re.compile(r"[^\W\d_]+")
_FIELDS = ("text", "context", "joined")
_SHORTEST_PART = 3
_SHORTEST_MISSPELT, _LONGEST_MISSPELT = 5, 40
_GUESSES_MAX = 12
"""So many words of a question are guessed at: each takes a look at all terms, and a text full of strange words is not
misspelt."""
_LONG = 8
"""Letters of a word in which two may be wrong instead of one."""
_GUESSED = 0.5
"""What a misspelt word counts, as a share of the rarest one."""

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Among:
    """Passages by their numbers, or all of documents by theirs."""

    field: Literal["chunk", "document"]
    numbers: Sequence[int]


class LexicalSearcher:
    """One state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, languages: Sequence[str]) -> None:
        self._schema = schema
        self._searcher = searcher
        self._languages = languages

    def passage_count(self) -> int:
        return int(self._searcher.num_docs)

    def passages_with(self, term: str) -> int:
        return int(self._searcher.doc_freq("text", term))

    def passages_with_word(self, word: str) -> int:
        things = asked(word, self._languages)
        terms = things[0].alternatives if len(things) == 1 else ()
        return max(map(self.passages_with, terms), default=0)

    def matching(self, query: str, limit: int, among: Among | None = None) -> tuple[Numbers, Scores]:
        """Numbers and scores of the best `limit` passages, best first; context terms count CONTEXT_WEIGHT.

        With `among`, only those of its passages or documents are found; their scores stay the same.
        """
        things = asked(query, self._languages)[:_TERMS_MAX]
        limit = min(limit, self._searcher.num_docs)
        if not things or limit <= 0:
            return np.empty(0, np.int64), np.empty(0)
        clauses = [clause for each in things for clause in self._clauses(each)]
        strange = [each.alternatives[0] for each in things if not self._stands_somewhere(each)][:_GUESSES_MAX]
        clauses += [guess for term in strange for guess in self._guesses(term)]
        clauses += [*self._quotations(query), *self._joins(query)]
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in clauses])
        if among is not None:
            wanted = wanted.and_must_match(self._any_of(among))
        found = self._searcher.search(wanted, limit, count=False).hits
        numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return np.array(numbers, np.int64), np.array([score for score, _ in found], np.float64)

    def holding(self, text: str, limit: int) -> list[int]:
        """Numbers of at most `limit` passages that have all words of `text`, read in any one language; best first."""
        forms = dict.fromkeys(tuple(terms(text, language)) for language in (None, *self._languages))
        readings = [self._all_of(tuple(dict.fromkeys(form))) for form in forms if form]
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, reading) for reading in readings])
        limit = min(limit, self._searcher.num_docs)
        found = self._searcher.search(wanted, limit, count=False).hits if readings and limit > 0 else []
        numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return [int(number or 0) for number in numbers]

    def numbers(self) -> list[int]:
        """The passages held, repeated if they stand twice; for verification."""
        return [number for _, number in addresses(self._searcher)]

    def _any_of(self, among: Among) -> tantivy.Query:
        """Finds its passages, and adds nothing to their scores."""
        if len(among.numbers) > LOOKED_UP_MAX:
            found = tantivy.Query.term_set_query(self._schema, among.field, among.numbers)
        else:
            term_query = partial(tantivy.Query.term_query, self._schema, among.field, index_option="basic")
            found = tantivy.Query.boolean_query([(tantivy.Occur.Should, term_query(one)) for one in among.numbers])
        return tantivy.Query.const_score_query(found, 0.0)

    def _clauses(self, thing: Asked) -> Iterator[tantivy.Query]:
        """A thing asked for in the text, however it is spelled there, and in the context.

        Of its alternatives the one that scores highest counts, and each as if it were as common as the commonest.
        """
        rarities = {term: self._rarity(term) for term in thing.alternatives}
        common = min(rarities.values())
        weights = {term: _LESS_SURE * common ** (1 + RARITY) / rarity for term, rarity in rarities.items()}
        weights[thing.alternatives[0]] /= _LESS_SURE
        for field, share in (("text", 1.0), ("context", CONTEXT_WEIGHT)):
            held = [term for term in thing.alternatives if self._searcher.doc_freq(field, term)]
            found = [self._term(field, term, weights[term] * share) for term in held]
            if field == "text":
                found += self._joined(thing, common)
            if found:
                yield found[0] if len(found) == 1 else tantivy.Query.disjunction_max_query(found)

    def _stands_somewhere(self, thing: Asked) -> bool:
        return any(self._searcher.doc_freq(field, term) for field in _FIELDS for term in thing.alternatives)

    def _joined(self, thing: Asked, rarity: float) -> list[tantivy.Query]:
        """A thing in another spelling: it counts as one mention in a passage of average length.

        By BM25 it would count next to nothing in a list of part numbers, since few passages hold any. An identifier
        counts as much as its parts can at most, so that no passage which repeats these comes before it.
        """
        parts = _SATURATION * sum(self._rarity(part) ** (1 + RARITY) for part in thing.parts)
        weight = self._highest() * (parts or rarity ** (1 + RARITY))
        held = [term for term in thing.alternatives if self._searcher.doc_freq("joined", term)]
        queries = [tantivy.Query.term_query(self._schema, "joined", term, index_option="basic") for term in held]
        return [tantivy.Query.const_score_query(query, weight) for query in queries]

    def _quotations(self, query: str) -> Iterator[tantivy.Query]:
        """The words between double quotes, side by side, in whichever language."""
        for match in _QUOTED.finditer(query):
            quoted = next(filter(None, match.groups()))
            forms = dict.fromkeys(tuple(terms(quoted, language)) for language in (None, *self._languages))
            yield from (self._phrase(form) for form in forms if len(form) > 1)

    def _joins(self, query: str) -> Iterator[tantivy.Query]:
        """Neighbouring words that passages write as one: "data base" for "database"."""
        words = list(dict.fromkeys(pairwise(_LETTERS.findall(query))))[:_TERMS_MAX]
        for first, second in words:
            if min(len(first), len(second)) >= _SHORTEST_PART:
                joined = asked(first + second, self._languages)[0].alternatives[0]
                if self.passages_with(joined):
                    yield self._term("text", joined, _LESS_SURE * self._rarity(joined) ** RARITY)

    def _guesses(self, term: str) -> Iterator[tantivy.Query]:
        """What a term that no passage has may stand for: two words with a blank between them, or one misspelt."""
        if not term.isalpha() or not _SHORTEST_MISSPELT <= len(term) <= _LONGEST_MISSPELT:
            return
        for place in range(_SHORTEST_PART, len(term) - _SHORTEST_PART + 1):
            if self.passages_with(term[:place]) and self.passages_with(term[place:]):
                yield self._phrase((term[:place], term[place:]))
        near = tantivy.Query.fuzzy_term_query(
            self._schema, "text", term, distance=2 if len(term) >= _LONG else 1, transposition_cost_one=True
        )
        yield tantivy.Query.boost_query(near, _GUESSED * self._highest())

    def _all_of(self, words: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, self._term("text", word, 1.0)) for word in words])

    def _phrase(self, words: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.phrase_query(self._schema, "text", list(words))

    def _term(self, field: str, term: str, weight: float) -> tantivy.Query:
        return tantivy.Query.boost_query(
            tantivy.Query.term_query(self._schema, field, term, index_option="freq"), weight
        )

    def _rarity(self, term: str) -> float:
        """BM25's inverse document frequency of a term, as a share of the highest that there can be."""
        total = self.passage_count()
        frequency = min(self._frequency(term), total)
        return log(1 + (total - frequency + 0.5) / (frequency + 0.5)) / self._highest()

    def _highest(self) -> float:
        """The inverse document frequency of a term that no passage has."""
        return log(1 + (self.passage_count() + 0.5) / 0.5)

    def _frequency(self, term: str) -> int:
        """In how many passages' texts a term stands, in one spelling."""
        return max(self.passages_with(term), int(self._searcher.doc_freq("joined", term)))


def addresses(searcher: tantivy.Searcher) -> list[tuple[tantivy.DocAddress, int]]:
    """Where each passage is, and its number, segment by segment."""
    if not searcher.num_docs:
        return []
    found = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
    addresses = sorted((address for _, address in found), key=lambda address: (address.segment_ord, address.doc))
    numbers = searcher.fast_field_values("chunk", addresses)
    return [(address, int(number or 0)) for address, number in zip(addresses, numbers, strict=True)]
