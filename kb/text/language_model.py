"""py3langid's model of languages, unpacked once into a folder and mapped from there by every process that asks.

Its package holds it compressed: to unpack it takes a process 0.4 s and 100 MB, to map what has been unpacked 15 ms and
the pages that are looked at. What is told of a text is the same to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_FORMAT = 1
_STAMPS = "stamps.json"
"""Sizes and times of the other files: where it is missing or one looks other, all are unpacked again."""
_ARRAYS = ("weights", "priors", "languages", "moves", "rows", "features")
"""Of every feature by language, of every language, and its name; of the automaton that finds features in bytes: its
distinct rows of 256 next states, the row of each state, and the feature that each state completes, -1 for none."""
_WORK = ".unpacking-"
_ABANDONED = 3600.0
"""Seconds after which a folder of work was left by a process that was killed."""
_log = logging.getLogger(__name__)


def packed_identifier() -> LanguageIdentifier:
    """The model as the package has it, unpacked into this process's memory."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def mapped_identifier(cache: Path) -> LanguageIdentifier:
    """The model mapped from `cache`, unpacked there first where it is missing, damaged or of another version.

    Where nothing can be kept there, it is unpacked into memory. Several processes may do this at once: each unpacks
    into a folder of its own, and the first to finish is kept.
    """
    place = cache / f"languages-{_FORMAT}-{_digest(_packed_file())}"
    try:
        if not _is_whole(place):
            _unpack(place)
        return _opened(place)
    except (OSError, ValueError):
        _log.warning("the language model cannot be kept in %s", cache, exc_info=True)
        return packed_identifier()


def _packed_file() -> Path:
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    return Path(MODEL_DIR, MODEL_FILE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _is_whole(place: Path) -> bool:
    try:
        return bool(json.loads((place / _STAMPS).read_text(encoding="utf-8")) == _stamps(place))
    except (FileNotFoundError, ValueError):
        return False


def _stamps(place: Path) -> dict[str, list[int]]:
    statuses = {name: _file(place, name).stat() for name in _ARRAYS}
    return {name: [status.st_size, status.st_mtime_ns] for name, status in statuses.items()}


def _unpack(place: Path) -> None:
    """Leaves `place` whole. Raises OSError where it cannot."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _discard_abandoned(place.parent)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=place.parent))
    try:
        _write(work)
        shutil.rmtree(place, ignore_errors=True)
        work.replace(place)
    except OSError:
        if not _is_whole(place):
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _discard_abandoned(cache: Path) -> None:
    for work in cache.glob(f"{_WORK}*"):
        with suppress(FileNotFoundError):
            if time.time() - work.stat().st_mtime > _ABANDONED:
                shutil.rmtree(work, ignore_errors=True)


def _write(folder: Path) -> None:
    import numpy as np
    from py3langid.modelio import load_model

    weights, priors, languages, moves, rows, features = load_model(_packed_file())
    arrays = weights, priors, np.array(languages), moves, rows, np.array(features, np.int32)
    for name, array in zip(_ARRAYS, arrays, strict=True):
        with _file(folder, name).open("wb") as file:
            np.save(file, np.asarray(array), allow_pickle=False)
            # Before the stamps are there: a crash of the machine leaves nothing that only looks whole.
            os.fsync(file.fileno())
    (folder / _STAMPS).write_text(json.dumps(_stamps(folder)), encoding="utf-8")


def _opened(place: Path) -> LanguageIdentifier:
    import numpy as np
    from py3langid.langid import LanguageIdentifier

    files = (_file(place, name) for name in _ARRAYS)
    arrays = (np.asarray(np.load(file, mmap_mode="r", allow_pickle=False)) for file in files)
    weights, priors, languages, moves, rows, features = arrays
    # It walks the automaton byte by byte: views give it plain integers, as its own arrays do.
    return LanguageIdentifier(
        weights,
        priors,
        languages.tolist(),
        moves.data,
        features.data,
        norm_probs=True,
        tk_row=rows.data,
    )


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"
