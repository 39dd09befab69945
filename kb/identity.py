"""Stable identities: of a document by its source, of a passage by its place and what is indexed of it."""

from __future__ import annotations

from hashlib import blake2b


def document_id(source: str) -> str:
    """16 hexadecimal digits (63 bits, so that they fit SQLite's and tantivy's integers)."""
    return _digest(source)


def chunk_id(document: str, start: int, end: int, indexed_text: str) -> str:
    """16 hexadecimal digits (63 bits); `indexed_text` is the passage with its context, as it is embedded."""
    return _digest("\x00".join((document, str(start), str(end), indexed_text)))


def _digest(value: str) -> str:
    number = int.from_bytes(blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return f"{number >> 1:016x}"
