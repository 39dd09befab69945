"""Drafting: from a base to questions on its documents, in a folder that `citewell eval` can measure with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from citewell import KnowledgeBase
from eval.drafting.draft import Draft
from eval.drafting.folder import QuestionFolder
from eval.drafting.rules import drafts
from eval.drafting.selection import Selection
from kb.errors import UserError

_MODES = ("dense", "lexical")
Progress = Callable[[str, int, int], None]
"""Told the stage ("documents", "questions"), how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class DraftingReport:
    """What was drafted: `kinds` counts the new questions by kind, `left_out` the other drafts by reason.

    `questions` are all in the folder, `decided` those of them that a person has accepted or rejected. `missing` counts
    the documents of which no file lies on the disk any more.
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
    base: KnowledgeBase, folder: Path, *, count: int, progress: Progress = lambda *_: None
) -> DraftingReport:
    """Adds at most `count` drafts on the documents of `base` to the questions in `folder`, and the documents to it.

    Parts of files (attachments, records) are not asked about, since evidence names a file. Raises UserError for a base
    without documents and for a folder that holds something else, DatasetError for questions there that are broken.
    """
    target = QuestionFolder(folder)
    target.require_usable()
    known, asked = target.rows(), target.evidence()
    ready = [row for row in base.documents() if row.state == "ready"]
    if not ready:
        raise UserError(f'The knowledge base "{base.name}" holds no document to ask about; ingest some first.')
    names = target.link(ready)
    selection = Selection(base.embedder, {mode: base.retriever(mode) for mode in _MODES})
    for row in known:
        selection.know(str(row.get("question", "")))
    whole = [row.source for row in ready if row.source in names]
    new = (draft for draft in _suggested(base, whole, progress) if (names[draft.source], draft.quote) not in asked)
    chosen: list[Draft] = []
    for draft in islice(selection.chosen(new), count):
        chosen.append(draft)
        progress("questions", len(chosen), count)
    target.add(chosen, names)
    return DraftingReport(
        folder=target.folder,
        kinds=Counter(draft.kind for draft in chosen),
        left_out={reason: number for reason, number in selection.left_out.items() if number},
        questions=len(known) + len(chosen),
        decided=sum(row.get("status") != "draft" for row in known),
        documents=len(names),
        missing=len({row.file for row in ready}) - len(names),
    )


def _suggested(base: KnowledgeBase, sources: list[str], progress: Progress) -> Iterator[Draft]:
    for done, source in enumerate(sources, start=1):
        document = base.document(source)
        if document:
            yield from drafts(document)
        progress("documents", done, len(sources))
