"""When and how a vector generation is built and published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

from kb.protocols import Vectors
from kb.store.lock import PUBLISH_WAIT, Turns
from kb.store.manifest import Manifest
from kb.store.snapshot import Generation
from kb.store.stamps import packed
from kb.store.vectors import build_generation, discard_generations, load_chroma

REBUILD_SHARE = 0.2
"""Above this share of dropped vectors a generation is built anew: deletions wear HNSW's graph out."""
DUE_SHARE = 0.05
DUE_VECTORS = 10_000
"""A generation is due when it lacks, or holds too many, so large a share or so many vectors. The lacking ones are
scanned exactly until then; a copy of the whole index for each small change would cost by the size of the base."""
_PART = 5_000


class Publisher:
    """Builds generations from the manifest's vectors, in folder `vectors`."""

    def __init__(self, vectors: Path, manifest: Manifest, turns: Turns) -> None:
        self._vectors = vectors
        self._manifest = manifest
        self._turns = turns

    def prepare(self) -> None:
        """To be called when there will be something to publish: loads Chroma meanwhile, where none is published yet."""
        with self._manifest.snapshot() as snapshot:
            is_first = snapshot.generation() is None
        if is_first:
            # Later ones are seldom due. Half a second of one processor, while the parsers start on the others.
            Thread(target=load_chroma, name="citewell-chroma").start()

    def publish(self, *, only_if_due: bool = False, wait: float = PUBLISH_WAIT) -> None:
        """Publishes a generation that holds all embeddings, unless the current one already does, or will do for now.

        Raises Locked where another process is at it for longer than `wait` seconds.
        """
        with self._turns.publishing(wait=wait):
            self.publish_now(only_if_due=only_if_due)

    def publish_now(self, *, only_if_due: bool = False) -> None:
        """The same for who holds the publisher's lock already."""
        with self._manifest.snapshot() as snapshot:
            current, dropped = snapshot.generation(), snapshot.dropped_embeddings()
            watermark, vectors = snapshot.last_embedding(), snapshot.counts()[2]
            lacking = snapshot.embedding_count(above=current.watermark if current else 0)
            keep = snapshot.generation_names()
        if (lacking or dropped) and (not only_if_due or _is_due(current, lacking + len(dropped))):
            keep = self._build(current, dropped, watermark, vectors)
        discard_generations(self._vectors, keep=keep)

    def _build(self, current: Generation | None, dropped: list[int], watermark: int, vectors: int) -> set[str]:
        base = current if current and len(dropped) <= REBUILD_SHARE * current.vectors else None
        name, stamps = build_generation(
            self._vectors,
            base=base.name if base else None,
            drop=[name for name in dropped if base and name <= base.watermark],
            add=self._parts(above=base.watermark if base else 0, up_to=watermark),
        )
        watermark = max(watermark, current.watermark if current else 0)
        with self._turns.writing(), self._manifest.transaction() as transaction:
            transaction.publish(Generation(name, watermark, vectors, packed(stamps)), dropped)
            return transaction.state.generation_names()

    def _parts(self, *, above: int, up_to: int) -> Iterator[tuple[list[int], Vectors]]:
        """The embeddings of a range, a part at a time, so that no snapshot is held while an index is built."""
        while True:
            with self._manifest.snapshot() as snapshot:
                numbers, vectors = snapshot.embeddings(above=above, up_to=up_to, limit=_PART)
            if not numbers:
                return
            yield numbers, vectors
            above = numbers[-1]


def _is_due(current: Generation | None, difference: int) -> bool:
    return current is None or difference >= min(DUE_VECTORS, DUE_SHARE * current.vectors)
