"""From documents cut into passages to a base that answers from them: embed what is new, commit, in even portions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ingest.committing import Commit, Committer, Target
from ingest.report import Outcome
from ingest.tally import Tally
from kb import precedence
from kb.protocols import Embedder, Splitter, Vectors
from kb.store.records import embedding_key
from kb.store.snapshot import FileRecord, RefusedPart
from kb.store.store import Addition, Change
from kb.text.passages import indexed_text
from kb.types import Chunk, Document

BATCH_CHUNKS = 256
LARGEST_BATCH_CHUNKS = 2 * BATCH_CHUNKS
EMBED_CHUNKS = 128


class Cancelled(Exception):
    """Somebody asked the work to stop; what it has committed stays."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """What decides how text becomes passages with vectors; a base is built with one encoding."""

    embedder: Embedder
    splitter: Splitter

    @property
    def fingerprints(self) -> dict[str, str]:
        return {"embedder": self.embedder.fingerprint, "splitter": self.splitter.fingerprint}

    def addition(self, file: str, document: Document, chunks: tuple[Chunk, ...]) -> Addition:
        """The document of `file` with the keys by which the vectors of its passages are found."""
        fingerprint = self.embedder.fingerprint
        keys = (embedding_key(fingerprint, indexed_text(chunk.context, chunk.text)) for chunk in chunks)
        return Addition(file, document, chunks, tuple(keys))


@dataclass(slots=True)
class Batch:
    """What the next commit will hold: `size` is the bytes of the `taken` files that it completes."""

    additions: list[Addition] = field(default_factory=list)
    removed_files: list[str] = field(default_factory=list)
    removed_documents: list[str] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)
    refused: list[RefusedPart] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    chunks: int = 0
    size: int = 0
    taken: int = 0

    def add(self, addition: Addition) -> None:
        self.additions.append(addition)
        self.chunks += len(addition.chunks)

    def drop(self, file: str) -> None:
        """Takes out what came from `file` so far."""
        self.additions = [addition for addition in self.additions if addition.file != file]
        self.chunks = sum(len(addition.chunks) for addition in self.additions)

    def change(self, vectors: Mapping[bytes, Vectors]) -> Change:
        return Change(
            additions=tuple(self.additions),
            removed_files=tuple(self.removed_files),
            removed_documents=tuple(self.removed_documents),
            files=tuple(self.files),
            refused=tuple(self.refused),
            vectors=vectors,
        )


class Indexer:
    """Embeds batches and has them committed, each while the next one is embedded. To be closed."""

    def __init__(self, target: Target, tally: Tally, is_cancelled: Callable[[], bool]) -> None:
        self._tally = tally
        self._is_cancelled = is_cancelled
        self._committer = Committer(target)

    def write(self, batch: Batch, encoding: Callable[[], Encoding]) -> None:
        """Raises Cancelled, and what an earlier batch failed with when it was committed."""
        texts = _texts(batch.additions)
        vectors = self._committer.vectors(list(texts))
        missing = sorted((key for key in texts if key not in vectors), key=lambda key: len(texts[key]))
        for first in range(0, len(missing), EMBED_CHUNKS):
            self.check_cancelled()
            part = missing[first : first + EMBED_CHUNKS]
            embedder = encoding().embedder
            with precedence.beside():
                vectors.update(zip(part, embedder.passages([texts[key] for key in part]), strict=True))
            self._tally.embed(len(part), batch.size * len(part) // len(missing))
        change = batch.change(vectors)

        def done() -> None:
            self._tally.settle(batch.outcomes)
            self._tally.take(batch.taken, 0 if missing else batch.size)
            self._tally.write(len(batch.additions), batch.chunks)

        if change == Change():
            done()
        else:
            fingerprints = encoding().fingerprints if batch.additions else {}
            self._committer.put(Commit(change, fingerprints, len(missing), done))

    def check_cancelled(self) -> None:
        if self._is_cancelled():
            raise Cancelled

    def close(self) -> None:
        """Waits until all is committed; raises what failed."""
        self._committer.close()


def _texts(additions: Iterable[Addition]) -> dict[bytes, str]:
    """What is to be embedded, by key."""
    return {
        key: indexed_text(chunk.context, chunk.text)
        for addition in additions
        for key, chunk in zip(addition.keys, addition.chunks, strict=True)
    }
