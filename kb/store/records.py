"""How values lie in the manifest's rows: ids as integers, anchors and contexts as JSON, vectors and boxes as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import numpy as np

from kb.types import Anchor, Block, Chunk, Context, Document, Mark, TextBox

Row = tuple[Any, ...]

CHUNK_COLUMNS = (
    "chunks.id, chunks.document, documents.source, chunks.text, chunks.start, chunks.stop, chunks.anchor,"
    " chunks.context, documents.language"
)
DOCUMENT_COLUMNS = "id, source, title, media_type, sha256, language, modified, tags, marks, blocks, boxes, text"

_DECODER = json.JSONDecoder()
_BOX = np.dtype([("span", "<i4", 2), ("page", "<i4"), ("edges", "<f4", 4)])


def number(identity: str) -> int:
    """The integer that an id of 16 hexadecimal digits is in the stores."""
    return int(identity, 16)


def identity(number: int) -> str:
    return f"{number:016x}"


def embedding_key(fingerprint: str, text: str) -> bytes:
    """What an embedding is found by: the embedder's identity and the text embedded."""
    return blake2b(f"{fingerprint}\x00{text}".encode(), digest_size=16).digest()


def document_row(document: Document, file: str) -> Row:
    """Values for DOCUMENT_COLUMNS, preceded by the file that the document came from."""
    return (
        file,
        number(document.id),
        document.source,
        document.title,
        document.media_type,
        document.sha256,
        document.language,
        document.modified.isoformat() if document.modified else None,
        _json(document.tags),
        _json([(mark.offset, *_anchor_values(mark.anchor)) for mark in document.marks]),
        _pack_blocks(document.blocks),
        _pack_boxes(document.boxes),
        document.text,
    )


def document_of(row: Row) -> Document:
    """The document of a row of DOCUMENT_COLUMNS."""
    identifier, source, title, media_type, sha256, language, modified, tags, marks, blocks, boxes, text = row
    return Document(
        id=identity(identifier),
        source=source,
        title=title,
        text=text,
        media_type=media_type,
        sha256=sha256,
        language=language,
        modified=datetime.fromisoformat(modified) if modified else None,
        tags=tuple(json.loads(tags)),
        marks=marks_of(marks),
        blocks=unpack_blocks(blocks),
        boxes=_unpack_boxes(boxes),
    )


def marks_of(value: str) -> tuple[Mark, ...]:
    return tuple(Mark(offset, Anchor(*values)) for offset, *values in json.loads(value))


def chunk_row(chunk: Chunk, embedding: int) -> Row:
    return (
        number(chunk.id),
        number(chunk.document_id),
        chunk.start,
        chunk.end,
        chunk.text,
        _json(_anchor_values(chunk.anchor)) if chunk.anchor else None,
        _json((chunk.context.title, chunk.context.headings, chunk.context.table)),
        embedding,
    )


class ChunkRows:
    """Makes passages of rows of CHUNK_COLUMNS. Neighbours share anchors and contexts, which are read once for all."""

    def __init__(self) -> None:
        self._anchors: dict[str, Anchor] = {}
        self._contexts: dict[str, Context] = {}

    def chunk(self, row: Row) -> Chunk:
        identifier, document, source, text, start, end, anchor, context, language = row
        return Chunk(
            id=identity(identifier),
            document_id=identity(document),
            source=source,
            text=text,
            start=start,
            end=end,
            anchor=self._anchor(anchor) if anchor else None,
            context=self._context(context),
            language=language,
        )

    def _anchor(self, written: str) -> Anchor:
        if written not in self._anchors:
            self._anchors[written] = Anchor(*_read(written))
        return self._anchors[written]

    def _context(self, written: str) -> Context:
        if written not in self._contexts:
            title, headings, table = _read(written)
            self._contexts[written] = Context(title=title, headings=tuple(headings), table=table)
        return self._contexts[written]


def _anchor_values(anchor: Anchor) -> tuple[str, str, int | None]:
    return anchor.kind, anchor.label, anchor.number


def _read(written: str) -> Any:
    """What `_json` has written. json.loads looks for white space around it, too, which takes longer than to read it."""
    return _DECODER.raw_decode(written)[0]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pack_blocks(blocks: Sequence[Block]) -> str:
    """Paths of headings once each, blocks with the number of theirs."""
    paths = {path: index for index, path in enumerate(dict.fromkeys(block.headings for block in blocks))}
    rows = [
        (block.start, block.end, block.kind, paths[block.headings], block.caption, block.header_rows)
        for block in blocks
    ]
    return _json((list(paths), rows))


def unpack_blocks(value: str) -> tuple[Block, ...]:
    paths, rows = json.loads(value)
    return tuple(
        Block(start, end, kind, tuple(paths[path]), caption, header_rows)
        for start, end, kind, path, caption, header_rows in rows
    )


def _pack_boxes(boxes: Sequence[TextBox]) -> bytes:
    packed = np.empty(len(boxes), _BOX)
    for index, box in enumerate(boxes):
        packed[index] = ((box.start, box.end), box.page, (box.left, box.bottom, box.right, box.top))
    return packed.tobytes()


def _unpack_boxes(data: bytes) -> tuple[TextBox, ...]:
    return tuple(
        TextBox(int(start), int(end), int(page), *map(float, edges))
        for (start, end), page, edges in np.frombuffer(data, _BOX).tolist()
    )
