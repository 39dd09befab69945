"""Bases that evaluation keeps in the user's cache: one for each dataset and way of cutting and embedding it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from citewell import FileReason, IngestReport, KnowledgeBase, Settings
from citewell.parsing import configured_parsing
from eval.datasets import Dataset
from kb.errors import DatasetError, FingerprintMismatch

_LOOK_EVERY = 0.2
Progress = Callable[[str, int, int], None]
"""Told the stage ("ingest", "answers", a configuration's name), how much of it is done, and of how much."""


def cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("citewell") / "eval"


@dataclass(slots=True)
class CachedBase:
    """A base that belongs to a dataset's content; `runs` is the folder for results on it."""

    base: KnowledgeBase
    content: Path
    home: Path
    settings: Settings

    @property
    def runs(self) -> Path:
        return self.home / ".runs" / self.base.name

    def __enter__(self) -> CachedBase:
        return self

    def __exit__(self, *error: object) -> None:
        self.base.close()

    def fill(self, progress: Callable[[int, int], None]) -> IngestReport:
        """Brings the base in step with the content. Raises DatasetError where not one document can be ingested.

        A base whose settings are the same but whose embedder or splitter is not, since the program or a model's file
        was changed, is of no use any more and built anew.
        """
        report = self._filled(progress)
        if not self.base.status().documents:
            why = [entry.reason for entry in (*report.failed, *report.skipped)] or ["put files there that can be read."]
            raise DatasetError(f"Not one document of {self.content} could be ingested: {why[0]}")
        return report

    def _filled(self, progress: Callable[[int, int], None]) -> IngestReport:
        try:
            return self._ingest(progress)
        except FingerprintMismatch:
            name = self.base.name
            self.base.close()
            shutil.rmtree(self.home / name)
            self.base = KnowledgeBase.open(name, home=self.home, settings=self.settings, create=True)
            return self._ingest(progress)

    def _ingest(self, progress: Callable[[int, int], None]) -> IngestReport:
        job = self.base.ingest([self.content], sync=True, confirmed=True)
        try:
            while not job.is_done:
                progress(job.progress.bytes_done, job.progress.bytes_total)
                time.sleep(_LOOK_EVERY)
        except BaseException:
            # Ctrl-C, say: what is ingested stays for the next run, and the store is not closed under a running job.
            job.cancel()
            job.wait()
            raise
        return job.wait()


def reasons(entries: Iterable[FileReason]) -> dict[str, str]:
    """Why files, or parts of them, did not become documents, by their sources."""
    return {entry.source: entry.reason for entry in entries}


def open_base(dataset: Dataset, *, settings: Settings, home: Path | None = None) -> CachedBase:
    """The base of `dataset` in `home`, else in the user's cache; empty when it is new."""
    folder = (home or cache_folder()).expanduser().resolve()
    base = KnowledgeBase.open(_name(dataset, settings), home=folder, settings=settings, create=True)
    return CachedBase(base, dataset.content, folder, settings)


def _name(dataset: Dataset, settings: Settings) -> str:
    """A readable name that differs by the dataset's place and by what decides texts, passages and vectors."""
    identity = "\n".join(
        (
            str(dataset.folder),
            configured_parsing(settings.ingest).fingerprint,
            settings.embedding.model_dump_json(),
            settings.chunking.model_dump_json(),
        )
    )
    digest = blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9]+", "-", dataset.name).strip("-")[:40]
    return f"{readable or 'dataset'}-{digest}"
