"""Cuts a document into passages that an embedder sees whole: by page, heading, block and sentence, in even sizes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.atoms import Atom, sections
from ingest.packing import Ruler, cut, halves, pack, runs
from kb.errors import SettingsError
from kb.identity import chunk_id
from kb.protocols import Tokenizer
from kb.text.passages import heading_path, indexed_text
from kb.types import Chunk, Context, Document, main_anchor

_SMALLEST_WINDOW = 16
_SLACK = 16
"""Tokens by which a passage may be longer when it is rendered than its parts are, where one token ends in the next."""
_WORD_END = re.compile(r"[\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|\S(?=\s|$)")


@dataclass(frozen=True, slots=True)
class SentenceSplitter:
    """A Splitter whose passages, with their context before them, hold at most `window` tokens of `tokenizer`.

    `target` is the number of tokens aimed at (the window when None), a quarter of which title and headings may take,
    and half with the header of a table;
    `overlap` is the number of tokens of whole sentences that a passage may repeat from the one before.
    """

    tokenizer: Tokenizer
    window: int
    target: int | None = None
    overlap: int = 0

    def __post_init__(self) -> None:
        if not _SMALLEST_WINDOW <= self._target <= self.window:
            raise SettingsError(
                f"Choose a passage length between {_SMALLEST_WINDOW} and the embedder's {self.window} tokens,"
                f" not {self._target}."
            )
        if not 0 <= self.overlap <= self._target // 2:
            raise SettingsError(f"Choose an overlap between 0 and {self._target // 2} tokens, not {self.overlap}.")

    @property
    def _target(self) -> int:
        return self.window if self.target is None else self.target

    @property
    def fingerprint(self) -> str:
        return f"sentences-4 window={self.window} target={self._target} overlap={self.overlap}"

    def split(self, document: Document) -> list[Chunk]:
        return list(
            _Split(document, self.tokenizer, window=self.window, target=self._target, overlap=self.overlap).chunks()
        )


class _Split:
    """One document on its way into passages: the splitter's plain numbers and what has been measured so far."""

    def __init__(self, document: Document, tokenizer: Tokenizer, *, window: int, target: int, overlap: int) -> None:
        self._document = document
        self._tokenizer = tokenizer
        self._window = window
        self._target = target
        self._overlap = overlap
        self._ruler = Ruler(tokenizer, document.text, [block.start for block in document.blocks])
        self._contexts: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Context, int]] = {}

    def chunks(self) -> Iterator[Chunk]:
        for section in sections(self._document):
            room = self._target - self._overlap - max(self._context(atom.headings)[1] for atom in section)
            yield from self._packed(self._cut(section, room), room)

    def _cut(self, atoms: Sequence[Atom], room: int) -> list[Atom]:
        """The atoms, those that are too long in parts; what follows a heading leaves room for it."""
        pieces: list[Atom] = []
        taken = 0
        for atom in atoms:
            pieces.extend(cut(self._document.text, self._ruler, atom, max(room - taken, room // 2, 1)))
            taken = taken + self._ruler.count(atom.start, atom.end) if atom.is_heading else 0
        return pieces

    def _packed(self, atoms: list[Atom], room: int) -> Iterator[Chunk]:
        for run in runs(atoms):
            yield from self._packed_run(run, room)

    def _packed_run(self, atoms: list[Atom], room: int) -> Iterator[Chunk]:
        spans = [(self._ruler.index(atom.start), self._ruler.index(atom.end)) for atom in atoms]
        extras = [self._context(atom.headings, atom.header)[1] - self._context(atom.headings)[1] for atom in atoms]
        before = -1
        for first, last in pack(atoms, spans, extras, room):
            begin = self._overlapping(spans, before + 1, first) if first and self._overlap else first
            yield from self._finished(atoms[first:last], atoms[begin], room)
            before = begin

    def _overlapping(self, spans: Sequence[tuple[int, int]], earliest: int, first: int) -> int:
        """The atom with which a passage begins that repeats the end of the one before."""
        begin = first
        while begin > earliest and spans[first][0] - spans[begin - 1][0] <= self._overlap:
            begin -= 1
        return begin

    def _finished(self, atoms: list[Atom], start: Atom, room: int) -> Iterator[Chunk]:
        """The passage from `start` over `atoms`; in parts where it proves longer than the window when rendered."""
        chunk = self._chunk(start, atoms[-1].end)
        about = self._ruler.count(chunk.start, chunk.end) + self._context(start.headings, start.header)[1]
        length = self._length(indexed_text(chunk.context, chunk.text)) if about + _SLACK > self._window else about
        if length <= self._window or len(chunk.text) == 1:
            yield chunk
            return
        size = self._ruler.index(atoms[-1].end) - self._ruler.index(atoms[0].start)
        smaller = min(room, size) * self._window // length - 1
        if smaller > 1:
            yield from self._packed(self._cut(atoms, smaller), smaller)
            return
        parts = atoms if len(atoms) > 1 else halves(self._document.text, atoms[0])
        for part in (parts[: len(parts) // 2], parts[len(parts) // 2 :]):
            yield from self._finished(part, part[0], room)

    def _chunk(self, first: Atom, end: int) -> Chunk:
        document = self._document
        text = document.text[first.start : end]
        context = self._context(first.headings, first.header)[0]
        identity = chunk_id(document.id, first.start, end, indexed_text(context, text))
        anchor = main_anchor(document.marks, first.start, end)
        return Chunk(identity, document.id, document.source, text, first.start, end, anchor, context, document.language)

    def _context(self, headings: tuple[str, ...], header: tuple[str, ...] = ()) -> tuple[Context, int]:
        """Title and headings in up to a quarter of the target, with a table's header in up to half; their tokens."""
        key = headings, header
        if key not in self._contexts:
            context = self._fitted(headings)
            if any(header):
                room = self._target // 2 - self._length(heading_path(context))
                context = replace(context, table=self._shortened("\n".join(filter(None, header)), room))
            self._contexts[key] = context, self._length(indexed_text(context, "") + "\n")
        return self._contexts[key]

    def _fitted(self, headings: tuple[str, ...]) -> Context:
        room = self._target // 4
        context = Context(self._document.title, headings)
        while context.headings and self._length(heading_path(context)) > room:
            context = Context(context.title, context.headings[1:])
        return context if context.headings else Context(self._shortened(context.title, room))

    def _shortened(self, title: str, room: int) -> str:
        if self._length(title) <= room:
            return title
        ends = [0, *(match.end() for match in _WORD_END.finditer(title))]
        return title[: ends[bisect_right(ends, room, key=lambda end: self._length(title[:end])) - 1]]

    def _length(self, text: str) -> int:
        return len(self._tokenizer.offsets(text)) if text else 0
