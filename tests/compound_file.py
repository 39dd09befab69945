"""Writes OLE compound files (MS-CFB), which Outlook's messages and the old office formats are."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Tree = dict[str, "bytes | Tree"]
"""A storage: streams and storages by their names."""
_SECTOR, _SMALL_SECTOR, _SMALL = 512, 64, 4096
_END, _FREE, _TABLE = -2, -1, -3


class _Chains:
    """Content in sectors of one size, and the table of which sector follows which."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.next: list[int] = []
        self.content = bytearray()

    def store(self, content: bytes) -> int:
        """The first sector of what is stored."""
        first, count = len(self.next), -(-len(content) // self.size)
        if not count:
            return _END
        self.next.extend((*range(first + 1, first + count), _END))
        self.content += content.ljust(count * self.size, b"\0")
        return first

    def table(self) -> bytes:
        return struct.pack(f"<{len(self.next)}i", *self.next)


def compound(tree: Tree) -> bytes:
    """The file with these streams and storages."""
    entries = list(_entries("Root Entry", tree, 0, _FREE))
    large, small = _Chains(_SECTOR), _Chains(_SMALL_SECTOR)
    starts = [_stored(content, large, small) for _, content, _, _ in entries]
    starts[0] = large.store(bytes(small.content))
    small_table = large.store(small.table())
    packed = (_packed(*entry, start) for entry, start in zip(entries, starts, strict=True))
    directory = large.store(_root(next(packed), len(small.content)) + b"".join(packed))
    tables = 1
    while len(large.next) + tables > tables * (_SECTOR // 4):
        tables += 1
    first = len(large.next)
    large.next.extend([_TABLE] * tables)
    header = struct.pack(
        "<8s16x5H6xIIiIIiIiI",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, tables, directory, 0, _SMALL, small_table, len(small.next) * 4 // _SECTOR + 1, _END, 0),
    )
    header += struct.pack("<109i", *range(first, first + tables), *[_FREE] * (109 - tables))
    return header + bytes(large.content) + large.table().ljust(tables * _SECTOR, b"\xff")


def _entries(name: str, content: bytes | Tree, number: int, right: int) -> Iterator[tuple[str, bytes | Tree, int, int]]:
    """An entry and those below it: name, content, the first one below, the one to the right. Siblings are a chain."""
    inner = list(content.items()) if isinstance(content, dict) else []
    yield name, content, number + 1 if inner else _FREE, right
    place = number + 1
    for index, (inner_name, inner_content) in enumerate(inner):
        after = place + _count(inner_content)
        yield from _entries(inner_name, inner_content, place, after if index + 1 < len(inner) else _FREE)
        place = after


def _count(content: bytes | Tree) -> int:
    return 1 + (sum(map(_count, content.values())) if isinstance(content, dict) else 0)


def _stored(content: bytes | Tree, large: _Chains, small: _Chains) -> int:
    if isinstance(content, dict):
        return 0
    return (small if len(content) < _SMALL else large).store(content)


def _packed(name: str, content: bytes | Tree, child: int, right: int, start: int) -> bytes:
    wide = name.encode("utf-16-le") + b"\0\0"
    kind, size = (1, 0) if isinstance(content, dict) else (2, len(content))
    return struct.pack("<64sHBBiii36xiQ", wide, len(wide), kind, 1, _FREE, right, child, start, size)


def _root(entry: bytes, size: int) -> bytes:
    """The first entry, which holds the small streams."""
    return entry[:66] + b"\x05" + entry[67:120] + struct.pack("<Q", size)
