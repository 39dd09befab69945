"""An errand of evaluation: what is to be measured or drafted, as a plain value that a process can be handed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from citewell.home import home_folder
from eval.bases import cache_folder

Kind = Literal["retrieval", "answers", "questions"]


@dataclass(frozen=True, slots=True)
class Errand:
    """`folder` is the dataset, or of the kind "questions" the question set that drafts on the base `kb` go to.

    `configs` are the search modes that "retrieval" compares, `mode` is that of "answers" ("": the settings'), `limit`
    is how many questions are asked or drafted (None: all), `home` the folder of the bases, `runs` that of evaluation.
    """

    kind: Kind
    folder: Path
    kb: str
    home: Path
    runs: Path
    settings: Path | None = None
    configs: tuple[str, ...] = ()
    mode: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How far an errand is: `done` of `total` in a stage; `total` is 0 while it is not known."""

    stage: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, one of these: the file of a run, how many questions were drafted, or why it failed."""

    run: Path | None = None
    drafted: int | None = None
    error: str = ""


def evaluation_home(home: Path) -> Path:
    """Where `citewell eval` keeps its runs, too: within a home that was chosen, else in the user's cache."""
    return cache_folder() if home == home_folder(_default_home()) else home / ".eval"


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("citewell")
