"""Where knowledge bases live: a home folder, one sub-folder per base."""

from __future__ import annotations

import os
import re
from pathlib import Path

from platformdirs import user_data_path

from kb.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def home_folder(home: Path | None = None) -> Path:
    """`home`, else CITEWELL_HOME, else the user's data folder; resolved, not created."""
    chosen = home or os.environ.get("CITEWELL_HOME") or user_data_path("citewell")
    return Path(chosen).expanduser().resolve()


def cache_folder(home: Path) -> Path:
    """For what can be made again, converted models above all: CITEWELL_CACHE, else beside the bases in `home`."""
    return Path(os.environ.get("CITEWELL_CACHE") or home / ".cache").expanduser().resolve()


def base_folder(home: Path, name: str) -> Path:
    """The folder of the base `name`; raises UserError for a name that is no plain folder name."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f'"{name}" cannot name a knowledge base; use up to 64 letters, digits, dots, dashes and underscores.'
        )
    return home / name


def base_names(home: Path) -> list[str]:
    """The names of the bases in `home`, sorted."""
    return sorted(path.parent.name for path in home.glob("[!.]*/manifest.sqlite"))
