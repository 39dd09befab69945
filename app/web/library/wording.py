"""How the Library page says what is going on: counts, times and places in plain words; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from app.web.literal import in_html
from citewell import IngestReport, Progress
from citewell.board import Errand
from kb.media_types import plain_name
from kb.text.plurals import counted

STAGES = {"scanning": "Getting ready", "reading": "Reading", "embedding": "Indexing", "publishing": "Finishing"}
STATES = {"ready": "Ready", "failed": "Not readable", "skipped": "Skipped"}
OUTCOMES = {
    "added": "added",
    "updated": "updated",
    "moved": "moved",
    "unchanged": "unchanged",
    "removed": "removed",
    "failed": "not readable",
    "skipped": "skipped",
}
_KINDS = {"md": "Markdown", "text": "Text", "docx": "Word", "pptx": "PowerPoint", "xlsx": "Excel", "code": "Code"}
_LONGEST_ACRONYM = 4
_LONG_FACT = 24
_MINUTE, _HOUR = 90.0, 5400.0
_UNITS = ("B", "KB", "MB", "GB", "TB")


def progress_line(progress: Progress) -> str:
    """Stage, files, passages, their rate, and the time that is left, as far as these are known."""
    rate = progress.chunks_per_second
    parts = [
        STAGES.get(progress.stage, ""),
        f"{progress.files_done:,} of {counted(progress.files_total, 'file')}" if progress.files_total else "",
        counted(progress.chunks, "passage") if progress.chunks else "",
        f"{rate:.0f} passages/s" if rate >= 1 else "",
        f"about {duration(progress.remaining)} left" if progress.remaining and progress.remaining >= 1 else "",
    ]
    return " · ".join(part for part in parts if part)


def share_done(progress: Progress) -> float:
    """0 to 1, by bytes."""
    return min(progress.bytes_done / progress.bytes_total, 1.0) if progress.bytes_total else 0.0


def report_line(report: IngestReport) -> str:
    """Counts in words, only those that are not zero."""
    counts = {
        "added": report.added,
        "updated": report.updated,
        "moved": report.moved,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "failed": len(report.failed),
        "skipped": len(report.skipped),
    }
    told = outcome_counts(counts) or "nothing to add"
    stopped = "Stopped; what was done until then stays. " if report.cancelled else ""
    ready = (
        f" {counted(report.chunks, 'new passage')}, ready to be asked after {duration(report.seconds)}."
        if report.chunks
        else ""
    )
    return f"{stopped}Files: {told}.{ready}"


def outcome_counts(counts: Mapping[str, int]) -> str:
    """ "3 added, 1 not readable" """
    return ", ".join(f"{counts[state]:,} {word}" for state, word in OUTCOMES.items() if counts.get(state))


def errand_name(errand: Errand, uploads: Path) -> str:
    """What a job is about: "Uploaded files", a folder's or file's path, or how many of them."""
    if errand.kind == "reindex":
        return "Building the index anew"
    if errand.paths and all(Path(path).is_relative_to(uploads) for path in errand.paths):
        count = len(errand.paths)
        return f"Uploaded: {Path(errand.paths[0]).name}" if count == 1 else f"Uploaded: {count:,} files and folders"
    if len(errand.paths) == 1:
        return errand.paths[0]
    return f"{len(errand.paths):,} files and folders"


def duration(seconds: float | None) -> str:
    """ "0.4 s", "12 s", "3 min", "2.5 h" """
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < _HOUR else f"{seconds / 3600:.1f} h"


def size(number: int) -> str:
    """Bytes as people read them: "1.2 MB"."""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {_UNITS[unit]}"


def when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def kind(media_type: str) -> str:
    """ "PDF", "Markdown": how people are told of a type; "–" of a file that gave no document."""
    name = plain_name(media_type) if media_type else "–"
    return _KINDS.get(name) or (name if len(name) > _LONGEST_ACRONYM else name.upper())


def facts_html(facts: Mapping[str, str]) -> str:
    """Facts by their label, without the empty ones; a long one has a line of its own."""
    items = [
        f"<div{' class=cw-wide' if len(fact) > _LONG_FACT else ''}><dt>{label}</dt><dd>{in_html(fact)}</dd></div>"
        for label, fact in facts.items()
        if fact
    ]
    return f'<dl class="cw-facts">{"".join(items)}</dl>'


def folder_of(file: str, uploads: Path) -> str:
    """Where a file lies: "Uploaded", "Uploaded/reports", or its folder's path."""
    parent = Path(file).parent
    return str(Path("Uploaded") / parent.relative_to(uploads)) if parent.is_relative_to(uploads) else str(parent)


def short_folder(file: str, root: str, uploads: Path) -> str:
    """The same for a column of a table: from the folder that was ingested, `root`, on."""
    parent, top = file.rpartition("/")[0], root.rstrip("/")
    if not f"{parent}/".startswith(f"{top}/") or f"{parent}/".startswith(f"{uploads}/"):
        return folder_of(file, uploads)
    return top.rpartition("/")[2] + parent.removeprefix(top)
