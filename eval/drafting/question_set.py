"""Drafting: from a base to questions on its documents, in a folder that `citewell eval` can measure with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from citewell import KnowledgeBase
from eval.drafting.asking import UNUSABLE, asked, spread
from eval.drafting.draft import Draft
from eval.drafting.folder import QuestionFolder, asked_of, identity
from eval.drafting.rules import drafts
from eval.drafting.selection import Selection
from kb.errors import UserError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_CALLS = 3
"""Times that a model is asked for each question that is wanted."""
_MODES = ("dense", "lexical")
Progress = Callable[[str, int, int], None]
"""Told the stage ("documents", "questions"), how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class DraftingReport:
    """What was drafted: `kinds` counts the new questions by kind, `left_out` the other drafts by reason.

    `questions` are all in the folder, `decided` those of them that a person has accepted or rejected. `missing` counts
    the files that are gone, changed since they were ingested, or other than those that `folder` has under their names.
    """

    folder: Path
    kinds: Mapping[str, int]
    left_out: Mapping[str, int]
    questions: int
    decided: int
    documents: int
    missing: int

    @property
    def drafted(self) -> int:
        return sum(self.kinds.values())

    def as_json(self) -> dict[str, object]:
        return {
            "folder": str(self.folder),
            "drafted": self.drafted,
            "kinds": dict(self.kinds),
            "left_out": dict(self.left_out),
            "questions": self.questions,
            "decided": self.decided,
            "documents": self.documents,
            "missing": self.missing,
        }


def draft_questions(
    base: KnowledgeBase, folder: Path, *, count: int, llm: LLM | None = None, progress: Progress = lambda *_: None
) -> DraftingReport:
    """Adds at most `count` drafts on the documents of `base` to the questions in `folder`, and the documents to it.

    They come from `llm`, which is asked at most three times as often, or without one from what the documents suggest.
    Each is written down at once. Parts of files (attachments, records) are not asked about, since evidence names a
    file. Raises UserError for a base without documents, a folder that holds something else and a model that fails,
    DatasetError for questions there that are broken.
    """
    target = QuestionFolder(folder)
    target.require_usable()
    known = target.rows()
    asked_before, taken = asked_of(known), {str(row["id"]) for row in known}
    ready = [row for row in base.documents() if row.state == "ready"]
    if not ready:
        raise UserError(f'The knowledge base "{base.name}" holds no document to ask about; ingest some first.')
    names = target.link(ready)
    selection = Selection(base.embedder, {mode: base.retriever(mode) for mode in _MODES})
    for row in known:
        selection.know(str(row["question"]))
    whole = [row.source for row in ready if row.source in names]

    def is_new(draft: Draft) -> bool:
        name = names[draft.source]
        return (name, draft.quote) not in asked_before and identity(draft, name) not in taken

    chosen: Iterator[Draft]
    if llm:
        replies = islice(_asked(llm, base, whole, selection.left_out), count * _CALLS)
        chosen = (draft for draft in replies if draft and is_new(draft) and selection.is_worth_asking(draft))
    else:
        chosen = filter(is_new, selection.chosen(filter(is_new, _suggested(base, whole, progress))))
    kinds: Counter[str] = Counter()
    for draft in islice(chosen, count):
        target.add(draft, names[draft.source])
        taken.add(identity(draft, names[draft.source]))
        kinds[draft.kind] += 1
        progress("questions", kinds.total(), count)
    return DraftingReport(
        folder=target.folder,
        kinds=kinds,
        left_out={reason: number for reason, number in selection.left_out.items() if number},
        questions=len(known) + kinds.total(),
        decided=sum(row.get("status") != "draft" for row in known),
        documents=len(names),
        missing=len({row.file for row in ready}) - len(names),
    )


def _suggested(base: KnowledgeBase, sources: Sequence[str], progress: Progress) -> Iterator[Draft]:
    for done, source in enumerate(sources, start=1):
        document = base.document(source)
        if document:
            yield from drafts(document)
        progress("documents", done, len(sources))


def _asked(llm: LLM, base: KnowledgeBase, sources: Sequence[str], left_out: Counter[str]) -> Iterator[Draft | None]:
    """What becomes of each passage that the model is asked about; None for a reply of no use."""
    for passage in spread(sources, base.passages):
        document = base.document(passage.source)
        draft = asked(llm, document, passage) if document else None
        left_out[UNUSABLE] += draft is None
        yield draft
