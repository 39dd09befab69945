"""Where LibreOffice is, and what it makes of a document."""

from __future__ import annotations

import shutil
import subprocess
import sys

from ingest.readers.office import conversion
from ingest.readers.source_file import SourceFile
from kb.errors import NothingToRead, UnreadableFile

_PROGRAMS = ("soffice", "libreoffice", "/Applications/LibreOffice.app/Contents/MacOS/soffice")
_OF_PATIENCE = 0.8
"""The share of the time a file may take without a step after which its conversion is given up."""


def libreoffice() -> str | None:
    """The path of LibreOffice, None where it is not installed."""
    return next((path for name in _PROGRAMS if (path := shutil.which(name))), None)


def converted(file: SourceFile, suffix: str, target: str) -> bytes:
    """A document of the kind `suffix` ("doc") as one of the kind `target` ("docx").

    Raises NothingToRead where LibreOffice is not installed, UnreadableFile where it fails or takes too long.
    """
    soffice = libreoffice()
    if soffice is None:
        raise NothingToRead(
            f"{file.name} is in the old format .{suffix}, which only LibreOffice reads;"
            f" install LibreOffice, or save the file as .{target}."
        )
    seconds = file.allowance.patience * _OF_PATIENCE
    code, result = _asked(soffice, seconds, file.read(), suffix, target)
    file.step()
    if code == conversion.TIMED_OUT:
        raise UnreadableFile(
            f"{file.name} takes LibreOffice more than {seconds:g} s to convert;"
            f" save it as .{target}, or raise ingest.seconds."
        )
    if code:
        raise UnreadableFile(f"{file.name} is damaged: LibreOffice cannot convert it; save it as .{target}.")
    return result


def _asked(soffice: str, seconds: float, content: bytes, suffix: str, target: str) -> tuple[int, bytes]:
    """The exit code of a conversion, and its result."""
    command = [sys.executable, "-I", conversion.__file__, soffice, f"{seconds:g}", str(len(content)), suffix, target]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise TypeError(process)
        process.stdin.write(content)
        process.stdin.flush()
        # Its input stays open meanwhile: that is how it knows that somebody waits.
        result = process.stdout.read()
        return process.wait(), result
