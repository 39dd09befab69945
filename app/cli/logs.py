"""What is heard of a running command besides its output: our own warnings, a line each, no other library's."""

from __future__ import annotations

import logging
import os
import sys
import warnings

from app.cli.output import say

_OURS = frozenset({"app", "citewell", "eval", "generation", "ingest", "kb", "retrieval"})
_SILENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "ANONYMIZED_TELEMETRY": "False",
}


class _Lines(logging.Handler):
    """Writes to whatever stderr is at the moment, so that a progress bar there can make room."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        because = f" ({type(cause).__name__}: {cause})" if cause else ""
        say(f"{record.levelname.capitalize()}: {record.getMessage()}{because}")


def configure() -> None:
    """Sets the process up once; a second call changes nothing."""
    for name, value in _SILENT.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    root = logging.getLogger()
    if any(isinstance(handler, _Lines) for handler in root.handlers):
        return
    handler = _Lines(logging.WARNING)
    handler.addFilter(lambda record: record.name.partition(".")[0] in _OURS)
    root.addHandler(handler)
