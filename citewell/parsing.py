"""How files are read, as the settings say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kb.settings import IngestSettings

if TYPE_CHECKING:
    from ingest.pipeline import Parsing

MOST_WORKERS = 4
MOST_THREADS = 4
"""Of a process, while it recognises text: together they are to take the cores that there are, and no more."""


def configured_parsing(settings: IngestSettings, *, cache: Path | None = None) -> Parsing:
    """Readers, limits, and as many processes as there are cores for, four at most unless the settings say how many.

    `cache` is the folder for what can be made again.
    Raises SettingsError where a reader that the settings name cannot be had.
    """
    from ingest.formats import Formats
    from ingest.limits import Limits
    from ingest.pipeline import Parsing

    limits = Limits(
        seconds=settings.seconds,
        memory_mb=settings.memory_mb,
        expanded_mb=settings.expanded_mb,
        pages=settings.pages,
        parts=settings.parts,
        nesting=settings.nesting,
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = settings.workers or min(cores, MOST_WORKERS)
    threads = max(1, min(cores // workers, MOST_THREADS)) if settings.ocr == "auto" else 0
    formats = Formats(settings.readers, threads)
    formats.require_custom()
    return Parsing(limits, formats, workers, cache)
