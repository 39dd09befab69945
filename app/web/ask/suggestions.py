"""First questions that a base suggests by itself: what its documents define and treat, each of which it answers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock, Thread

from citewell.knowledge_base import KnowledgeBase
from eval.drafting.draft import Draft
from eval.drafting.rules import drafts
from kb import precedence
from kb.errors import CitewellError

WANTED = 4
LOOKED_AT = 12
"""Documents that are looked through, spread over all."""
_OF_EACH = 30
"""Drafts of a document that are looked at."""
_TIME = 60.0
"""Seconds after which what was found has to do."""
_SURE = 0.6
"""Confidence from which a base is taken to answer a question well."""
_CAPITAL = re.compile(r"[^\W\d_]")
_LONGEST = 90


@dataclass(frozen=True, slots=True)
class Suggested:
    """Questions on the documents of `state`."""

    state: str
    questions: tuple[str, ...]


class Suggestions:
    """Those of one base, found beside everything else when its documents have changed."""

    def __init__(self) -> None:
        self._found: Suggested | None = None
        self._is_seeking = False
        self._lock = Lock()

    def of(self, base: KnowledgeBase, state: str) -> tuple[str, ...] | None:
        """None while they are sought: ask again soon."""
        with self._lock:
            if self._found and self._found.state == state:
                return self._found.questions
            if not self._is_seeking:
                self._is_seeking = True
                Thread(target=self._seek, args=(base,), daemon=True, name="suggestions").start()
        return None

    def _seek(self, base: KnowledgeBase) -> None:
        found, state = tuple[str, ...](), ""
        try:
            state = base.state
            with precedence.beside():
                found = suggested(base)
        except CitewellError:
            # Nothing can be suggested by a base that cannot be asked; asking it says why.
            pass
        finally:
            with self._lock:
                self._found = Suggested(state, found)
                self._is_seeking = False


def suggested(base: KnowledgeBase, *, seconds: float = _TIME) -> tuple[str, ...]:
    """At most WANTED questions, each answered by the base from the document it comes from; one a document in turn."""
    until = time.monotonic() + seconds
    rows = [row for row in base.documents() if row.state == "ready"]
    step = max(1, len(rows) // LOOKED_AT)
    queues = [_candidates(base, row.source) for row in rows[::step][:LOOKED_AT]]
    found: dict[str, None] = {}
    while queues and len(found) < WANTED and time.monotonic() < until:
        for queue in list(queues):
            question = next((one for one in queue if _is_answered(base, one)), None)
            if question is None:
                queues.remove(queue)
            else:
                found[asked(question)] = None
            if len(found) == WANTED or time.monotonic() > until:
                break
    return tuple(found)


def _candidates(base: KnowledgeBase, source: str) -> Iterator[Draft]:
    """Definitions first, then headings, then years: what reads best as a question."""
    document = base.document(source)
    looked_at: Sequence[Draft] = list(islice(drafts(document), _OF_EACH)) if document else ()
    text = document.text if document else ""
    fit = [_in_small_letters(one, text) for one in looked_at if _reads_well(one)]
    return iter(sorted(fit, key=lambda one: _KINDS.index(one.kind)))


_KINDS = ("definition", "heading", "number")


def _reads_well(draft: Draft) -> bool:
    question = asked(draft)
    if draft.kind not in _KINDS or len(question) > _LONGEST or "____" in question:
        return False
    if draft.kind == "number":
        is_whole = draft.quote.startswith(question[:20])
        return is_whole and question.endswith("in which year?")
    return draft.kind != "definition" or len(draft.subject) > 3


def _in_small_letters(draft: Draft, text: str) -> Draft:
    """ "What is abstention?": a term that has a capital only because it begins the sentence."""
    small = f" {draft.subject} "
    if draft.kind != "definition" or small not in text:
        return draft
    return replace(
        draft, question=re.sub(re.escape(draft.subject), lambda _: draft.subject, draft.question, flags=re.IGNORECASE)
    )


def asked(draft: Draft) -> str:
    """A heading is asked about, unless it is a question already."""
    heading = draft.question.rstrip("?")
    if draft.kind != "heading":
        return draft.question
    if _CLAUSE.match(heading):
        return f"What is said about {heading[0].lower()}{heading[1:]}?"
    if heading.split()[0].casefold() in _ASKING:
        return draft.question
    return f"What is said about “{heading}”?" if _CAPITAL.match(heading) else draft.question


_CLAUSE = re.compile(
    r"(?:how|why|when|where|what)\s(?!(?:\w+\s){0,2}(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has"
    r"|have|much|many|long|often|old|far)\b)",
    re.IGNORECASE,
)
"""A heading that begins like a question and is none: "How a cross-encoder works"."""
_ASKING = frozenset(
    ("what", "which", "who", "whose", "when", "where", "why", "how", "was", "wer", "wie", "warum", "wo", "wann")
)


def _is_answered(base: KnowledgeBase, draft: Draft) -> bool:
    answer = base.ask(asked(draft), by="extractive").answer()
    is_sure = not answer.abstained and (answer.confidence or 0.0) >= _SURE
    return is_sure and any(citation.source == draft.source for citation in answer.citations[:1])
