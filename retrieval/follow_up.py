"""Search for what is missing once something was found: a language model reads that and says what to look for next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.notes import Note, unheard
from kb.protocols import Retriever
from kb.text.passages import indexed_text
from kb.types import Hit
from retrieval.asking import Asker
from retrieval.decomposition import in_turns
from retrieval.prompting import prompt
from retrieval.replies import Reply, bare, distinct

READ = 6
"""Passages that the model reads at each step, the best of all searches so far."""
_SEARCH = re.compile(r"^\W*search\W*[:：]\W*(.+)$", re.IGNORECASE | re.MULTILINE)
_ENOUGH = re.compile(r"\W*enough\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FollowUpRetriever:
    """What `retriever` finds for the query and, in at most `steps` steps, for what the model then finds missing.

    Each further question is asked in view of what was found (self-ask, Press et al., 2022; ReAct, Yao et al., 2022), so
    that it can name what only the passages name. The findings are taken in turns, and a score is 1 / rank. The model
    reads the same passages however many are asked for. Where it has nothing to say, which `on_fallback` hears, the
    search ends.
    """

    retriever: Retriever
    asker: Asker
    steps: int = 2
    on_fallback: Note = unheard

    def retrieve(self, query: str, k: int) -> list[Hit]:
        depth = max(k, READ)
        asked, found = [query], [self.retriever.retrieve(query, depth)]
        for _ in range(self.steps):
            following = self._following(asked, in_turns([hits[:READ] for hits in found])[:READ])
            if not following:
                break
            asked += following
            found.append(self.retriever.retrieve(following[0], depth))
        return in_turns(found)[:k] if len(found) > 1 else found[0][:k]

    def _following(self, asked: Sequence[str], hits: Sequence[Hit]) -> list[str]:
        """The next question, or none."""
        passages = [("passage", indexed_text(hit.chunk.context, hit.chunk.text)) for hit in hits]
        searched = [("searched", text) for text in asked[1:]]
        wanted = self.asker.ask(
            [prompt("follow", asked[0], {}, beside=[*searched, *passages])], read=missing, on_fallback=self.on_fallback
        )
        known = {text.casefold() for text in asked}
        return [text for text in distinct(wanted, beside=asked[0]) if text.casefold() not in known][:1]


def missing(reply: Reply) -> list[str] | None:
    """The question of a reply that asks for a search, none where it says that there is enough; None where neither."""
    if found := _SEARCH.search(reply.text):
        return [text for text in [bare(found[1])] if text]
    return [] if _ENOUGH.match(reply.text) else None
