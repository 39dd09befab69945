"""What the disk refuses, said in one sentence."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from kb.errors import StoreError

_LITTLE = 1_000_000
_FULL = ("No space left on device", "os error 28", "database or disk is full", "Disk quota exceeded")


def disk_error(folder: Path, error: Exception, otherwise: str = "") -> StoreError:
    """What went wrong with a base that is in `folder`: the disk, where it can be told, and else `otherwise`."""
    if _is_full(folder, error):
        return StoreError(f"The disk that holds {folder} is full; make room and run the command again.")
    if not os.access(folder, os.W_OK):
        return StoreError(f"The folder {folder} may not be written to; give it to the user who runs this.")
    reason = getattr(error, "strerror", None) or error
    return StoreError(otherwise or f"The knowledge base in {folder} cannot be written: {reason}.")


def _is_full(folder: Path, error: Exception) -> bool:
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(words in str(error) for words in _FULL):
        return True
    # Some libraries say no more than that a write failed.
    return shutil.disk_usage(folder).free < _LITTLE
