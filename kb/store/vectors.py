"""The vector index: Chroma in generations. A published generation is a folder that nobody changes any more.

It knows embeddings by number and vector; which passages they stand for, and whether those are visible, it does not.
Chroma's embedded client is not safe when a second process writes to an open folder, so nobody ever does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import numpy as np

from kb.errors import StoreError
from kb.protocols import Vectors
from kb.store.codes import FILES, Codes, coded, read_codes, united
from kb.store.disk import disk_error
from kb.store.snapshot import Generation
from kb.store.stamps import Stamps, altered, digest_of_file, link_tree, looking_other, take_stamps, unpacked

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

EXACT_MAX = 250_000
"""Up to so many vectors, all of them are compared with a query: 100,000 of 384 dimensions take one thread 4 ms, and
none is overlooked. Chroma's graph takes 3 ms whatever their number, and finds 0.85 to 0.99 of the nearest 100."""
_COLLECTION = "passages"
_DATABASE = "chroma.sqlite3"
_BATCH = 5_000
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
    # Recall for queries unlike the collection is what abstention stands on: 0.80 at the default of 100.
    "ef_search": 400,
    # Every call that changes the index writes it out whole, so that the files of a finished generation hold everything
    # and no opening changes them; calls are large, and a crash can only spoil an unpublished folder.
    "sync_threshold": 1,
}
# After version, offset of the first level and slots: vectors, and the bytes of a slot (chromadb 1.5.9).
_HEADER = Struct("<20xQQ")


class VectorGeneration:
    """A published generation, open for reading from any thread.

    Raises StoreError where a file of it is not as it was published (`stamps`): by size and time, then by content.
    """

    def __init__(self, folder: Path, stamps: Stamps) -> None:
        from chromadb.errors import ChromaError

        if damaged := damaged_files(folder, looking_other(folder, stamps)):
            raise StoreError(f"The vector index is damaged ({damaged[0]}); run `citewell verify --repair`.")
        try:
            self._client = _open(folder)
            self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
        except (ChromaError, ValueError) as error:
            raise StoreError(f"The vector index is damaged ({error}); run `citewell verify --repair`.") from error
        self.codes = read_codes(folder)
        self._size = self._collection.count()

    def nearest(self, vector: Vectors, limit: int) -> tuple[list[int], float | None]:
        """Numbers of candidates for the `limit` nearest embeddings, some more than these, best first by a guess.

        With them, what is the highest cosine that others may have; None where there are no others. By the codes, where
        the generation has them: one of an older version, or of more than EXACT_MAX vectors, does not.
        """
        # To be sure of the order of the first ones, their cosines have to stand out against what the last may have.
        count = min(limit + limit // 2 + 50, self._size)
        if limit <= 0 or not count:
            return [], None
        return self.codes.nearest(vector, count) if self.codes else self._in_graph(vector, count)

    def _in_graph(self, vector: Vectors, count: int) -> tuple[list[int], float | None]:
        found = self._collection.query(query_embeddings=vector.tolist(), n_results=count, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [int(name) for name in found["ids"][0]], 1.0 - distances[-1] if count < self._size else None

    def contents(self) -> Iterator[tuple[list[int], Vectors]]:
        """All numbers and vectors, in parts; for verification."""
        return _contents(self._collection)

    def close(self) -> None:
        self._client.close()


@dataclass(slots=True)
class _Lent:
    generation: VectorGeneration
    users: int = 0


class GenerationReader:
    """Lends generations to any number of threads; keeps the one opened last, closes others when nobody uses them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, _Lent] = {}
        self._latest = ""
        self._lock = Lock()

    @contextmanager
    def lend(self, generation: Generation) -> Iterator[VectorGeneration]:
        name = generation.name
        with self._lock:
            if name not in self._open:
                self._open[name] = _Lent(VectorGeneration(self._folder / name, unpacked(generation.stamps)))
                self._latest = name
            lent = self._open[name]
            lent.users += 1
        try:
            yield lent.generation
        finally:
            with self._lock:
                lent.users -= 1
                for other in [name for name, lent in self._open.items() if not lent.users and name != self._latest]:
                    self._open.pop(other).generation.close()

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].generation.close()


def cosines(vectors: Vectors, vector: Vectors) -> Vectors:
    """Of each row of `vectors` with `vector`, shape (n,).

    By one thread: `@` takes several, and waits for them 16 ms where they find the processors busy; 2,000 rows of 384
    take 0.1 ms.
    """
    found: Vectors = np.einsum("ij,j->i", vectors, vector)
    return found


def damaged_files(folder: Path, stamps: Stamps) -> list[str]:
    """The files of a generation whose content is not as stamped."""
    return altered(folder, stamps, digest=_digest)


def build_generation(
    folder: Path, *, base: str | None, drop: Sequence[int], add: Iterator[tuple[list[int], Vectors]]
) -> tuple[str, Stamps]:
    """Builds a generation in `folder` from the generation `base` less `drop` plus `add`; its name and files' stamps.

    Until it has its final name, an interruption leaves only a folder ending in ".part" behind.
    """
    from chromadb.errors import ChromaError

    name = _new_name()
    try:
        return name, _built(folder, name, base=base, drop=drop, add=add)
    except (ChromaError, sqlite3.OperationalError) as error:
        raise disk_error(folder.parent, error, f"The vector index cannot be built ({error}).") from error


def _built(
    folder: Path, name: str, *, base: str | None, drop: Sequence[int], add: Iterator[tuple[list[int], Vectors]]
) -> Stamps:
    part = folder / f"{name}.part"
    folder.mkdir(parents=True, exist_ok=True)
    if base is not None:
        shutil.copytree(folder / base, part)
    else:
        part.mkdir()
    with _writable(part, create=base is None) as collection:
        for first in range(0, len(drop), _BATCH):
            collection.delete(ids=[str(number) for number in drop[first : first + _BATCH]])
        new = []
        for numbers, vectors in add:
            collection.upsert(ids=[str(number) for number in numbers], embeddings=vectors)
            new.append(coded(numbers, vectors))
        _write_codes(part, collection, folder / base if base else None, drop, new)
    _compact(part / _DATABASE)
    _blank_unused_slots(part)
    stamps = take_stamps(part, before={}, digest=_digest)
    _sync(part)
    part.rename(folder / name)
    _sync(folder)
    return stamps


def _write_codes(
    part: Path, collection: Collection, base: Path | None, drop: Sequence[int], new: Sequence[Codes]
) -> None:
    """Those of all vectors of `collection`, none where they are more than EXACT_MAX.

    They are those of the generation in folder `base`, where it has any, less `drop` plus `new`.
    """
    for name in FILES:
        (part / name).unlink(missing_ok=True)
    if collection.count() > EXACT_MAX:
        return
    before = read_codes(base) if base else None
    if base and not before:
        parts = [coded(numbers, vectors) for numbers, vectors in _contents(collection)]
    else:
        parts = [before.without(drop), *new] if before else list(new)
    if parts:
        united(parts).write(part)


def adopt_generation(folder: Path, source: Path) -> str:
    """Takes the generation in folder `source` into `folder` and returns the name that it has there."""
    name = _new_name()
    link_tree(source, folder / name)
    return name


def discard_generations(folder: Path, *, keep: set[str]) -> None:
    """Deletes what is not, or no longer, published; for the holder of the publisher's lock."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in keep:
            shutil.rmtree(path)


def _new_name() -> str:
    return uuid4().hex[:16]


@contextmanager
def _writable(folder: Path, *, create: bool) -> Iterator[Collection]:
    client = _open(folder)
    try:
        if create:
            yield client.create_collection(_COLLECTION, embedding_function=None, configuration={"hnsw": _HNSW})
        else:
            yield client.get_collection(_COLLECTION, embedding_function=None)
    finally:
        client.close()


def _contents(collection: Collection) -> Iterator[tuple[list[int], Vectors]]:
    for offset in range(0, collection.count(), _BATCH):
        part = collection.get(limit=_BATCH, offset=offset, include=["embeddings"])
        yield [int(name) for name in part["ids"]], np.asarray(part["embeddings"], np.float32)


def _compact(database: Path) -> None:
    """Leaves no free page in Chroma's database, where later openings would write."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM")


def _blank_unused_slots(part: Path) -> None:
    """Overwrites the slots of the graph's files that hold no vector yet.

    hnswlib writes them out as malloc gave them, with whatever this process has had in its memory before: texts and
    names of files too. That the slots are there counts when they are read, what they hold does not (chromadb 1.5.9).
    """
    for header in part.glob("*/header.bin"):
        used, slot_bytes = _HEADER.unpack(header.read_bytes()[: _HEADER.size])
        for name, width in (("data_level0.bin", slot_bytes), ("length.bin", 4)):
            with (header.parent / name).open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                if size % width or size < used * width:
                    raise StoreError(f"The vector index cannot be built ({name} is laid out as by another chromadb).")
                file.truncate(used * width)
                file.truncate(size)


def _digest(path: Path, stamped: str) -> str:
    """A file's hash; of Chroma's database without what every opening changes in it.

    Opening adds a row to the table acquire_write: that changes its page, the counters on the first page, and in time
    puts further pages behind those that were there (chromadb 1.5.9).
    """
    if path.name != _DATABASE:
        return digest_of_file(path)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'acquire_write'").fetchone()
        except (sqlite3.DatabaseError, TypeError):
            return ""
    content = bytearray(path.read_bytes())
    content[24:32] = content[92:100] = bytes(8)
    content[(root - 1) * size : root * size] = bytes(size)
    pages = int(stamped.partition(":")[0]) if stamped else len(content) // size
    return f"{pages}:{hashlib.sha256(memoryview(content)[: pages * size]).hexdigest()}"


def _sync(folder: Path) -> None:
    """Waits until the files of a folder, or a change of its entries, are on the disk."""
    for path in (*folder.rglob("*"), folder):
        if path.is_file() or path == folder:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def load_chroma() -> None:
    import chromadb  # noqa: F401


def _open(folder: Path) -> Client:
    import chromadb
    from chromadb.config import Settings

    # The declared type lacks close(), which releases the folder's files.
    return cast("Client", chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False)))
