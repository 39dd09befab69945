"""Which drafts are worth a person's time: spread over documents and kinds, none twice, none that tells nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain, zip_longest
from math import inf

from eval.drafting.draft import Draft
from eval.evidence import Target, quotes
from eval.folding import letters
from kb.protocols import Embedder, Retriever, Vectors
from kb.text.terms import terms
from kb.types import Chunk, Hit

TRIVIAL, AMBIGUOUS, EASY, ALIKE = "trivially lexical", "ambiguous", "found at once", "near-duplicate"
"""Why a draft is left out."""
_ALIKE, _SHARED = 0.9, 0.5
"""The cosine and the share of common terms above which two questions are near-duplicates."""
_FAR = {"dense": 1.2, "lexical": 1.5}
"""How many times the next passage's score is far ahead: of people's questions on SQuAD's articles, 27% and 39% are."""
_LOOKED_AT = 5
"""Passages that are looked through for evidence that stands in several places."""


@dataclass(slots=True)
class Selection:
    """Chooses among drafts; `left_out` counts the others by reason.

    `modes` are retrievers of the documents. A question whose evidence all of them put first does not tell them apart,
    and one whose evidence stands without a rival in one of them tells nothing of how well that searches. To leave these
    out makes the questions harder than those of people, by the same rule for every mode.
    """

    embedder: Embedder
    modes: Mapping[str, Retriever]
    left_out: Counter[str] = field(default_factory=Counter)
    _known: list[tuple[frozenset[str], Vectors]] = field(default_factory=list)

    def know(self, question: str) -> bool:
        """Notes that `question` is asked; False if one like it was asked before.

        An embedder that does not speak a language finds all its questions alike, so words are to be shared as well.
        """
        asked, vector = frozenset(terms(question)), self.embedder.queries([question])[0]
        is_new = not any(
            float(vector @ other) > _ALIKE and len(asked & known) > _SHARED * len(asked | known)
            for known, other in self._known
        )
        self._known.append((asked, vector))
        return is_new

    def chosen(self, drafts: Iterable[Draft]) -> Iterator[Draft]:
        """Those worth asking; the first few of them already come from all over the documents."""
        asking = [draft for draft in drafts if self._keeps(unless=draft.is_trivially_lexical, reason=TRIVIAL)]
        return (draft for draft in _spread(self._told_apart(asking)) if self.is_worth_asking(draft))

    def is_worth_asking(self, draft: Draft) -> bool:
        """Whether it tells modes apart and is none of those known; if so, it is known from now on."""
        return (
            self._keeps(unless=draft.is_trivially_lexical, reason=TRIVIAL)
            and self._keeps(unless=self._stands_elsewhere(draft), reason=AMBIGUOUS)
            and self._keeps(unless=self._is_found_at_once(draft), reason=EASY)
            and self._keeps(unless=not self.know(draft.question), reason=ALIKE)
        )

    def _keeps(self, *, unless: bool, reason: str) -> bool:
        self.left_out[reason] += unless
        return not unless

    def _told_apart(self, drafts: Sequence[Draft]) -> Iterator[Draft]:
        """What several documents speak of is asked with the document's title; what one does twice is not asked."""
        sources: dict[str, Counter[str]] = defaultdict(Counter)
        for draft in drafts:
            sources[draft.subject][draft.source] += 1
        for draft in drafts:
            among = sources[draft.subject] if draft.subject else {draft.source: 1}
            if self._keeps(unless=among[draft.source] > 1 or (len(among) > 1 and not draft.title), reason=AMBIGUOUS):
                yield draft if len(among) == 1 else replace(draft, question=_with_title(draft))

    def _stands_elsewhere(self, draft: Draft) -> bool:
        """Whether passages elsewhere hold the evidence too, so that to find these would be right as well."""
        quote = letters(draft.quote).text
        found = self.modes["lexical"].retrieve(draft.quote, _LOOKED_AT)
        return any(quote in letters(hit.chunk.text).text and not _holds(hit.chunk, draft) for hit in found)

    def _is_found_at_once(self, draft: Draft) -> bool:
        leads = {name: _lead(mode.retrieve(draft.question, _LOOKED_AT), draft) for name, mode in self.modes.items()}
        return all(lead > 0 for lead in leads.values()) or any(lead >= _FAR[name] for name, lead in leads.items())


def _lead(hits: Sequence[Hit], draft: Draft) -> float:
    """How many times the score of the next passage the evidence's is; 0 where it does not come first."""
    if not hits or not _holds(hits[0].chunk, draft):
        return 0.0
    rival = next((hit.score for hit in hits if not _holds(hit.chunk, draft)), 0.0)
    return hits[0].score / rival if rival > 0 else inf


def _holds(chunk: Chunk, draft: Draft) -> bool:
    return quotes(chunk, Target(draft.source, pages=None, quotes=(draft.span,), answers=()))


def _with_title(draft: Draft) -> str:
    if draft.title.casefold() in draft.question.casefold():
        return draft.question
    return f"{draft.question.rstrip('?？')} ({draft.title})?"


def _spread(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """One of each document in turn, in each document one of each kind in turn, as if by lot but always the same."""
    documents: dict[str, dict[str, list[Draft]]] = defaultdict(lambda: defaultdict(list))
    for draft in sorted(drafts, key=_lot):
        documents[draft.source][draft.kind].append(draft)
    return _in_turn([list(_in_turn(list(kinds.values()))) for kinds in documents.values()])


def _in_turn(queues: Sequence[Sequence[Draft]]) -> Iterator[Draft]:
    return (draft for draft in chain.from_iterable(zip_longest(*queues)) if draft)


def _lot(draft: Draft) -> bytes:
    return blake2b(f"{draft.source}\n{draft.span.start}\n{draft.question}".encode("utf-8", "surrogateescape")).digest()
