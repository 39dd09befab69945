"""What reading one file may cost, and the account that is kept while it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kb.errors import UnreadableFile

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost, with all that is in it; what asks for more is not read, and the reason says so.

    `seconds` may pass without a step (a page, a sheet, a part); `memory_mb` is for the process that reads;
    `expanded_mb` is what compressed content may grow to; `pages` counts pages, slides and sheets; `parts` are files
    within the file, `nesting` how deep they may lie in each other.
    """

    seconds: float = 60.0
    memory_mb: int = 2_000
    expanded_mb: int = 1_000
    pages: int = 10_000
    parts: int = 1_000
    nesting: int = 5


class Allowance:
    """What is left of the limits while one file, and all that is in it, is read.

    `on_step` hears of every step, and gets the source of the file or part that made it.
    """

    def __init__(self, limits: Limits, on_step: Callable[[str], None] | None = None) -> None:
        self._limits = limits
        self._on_step = on_step
        self._pages = 0
        self._parts = 0
        self._expanded = 0

    @property
    def patience(self) -> float:
        """Seconds that may pass without a step."""
        return self._limits.seconds

    def step(self, source: str) -> None:
        """Says that the reading goes on."""
        if self._on_step:
            self._on_step(source)

    def page(self, source: str, name: str) -> None:
        """A page, slide or sheet is about to be read."""
        self._pages += 1
        if self._pages > self._limits.pages:
            raise UnreadableFile(f"{name} has more than {self._limits.pages:,} pages; raise ingest.pages to read it.")
        self.step(source)

    def count_part(self, name: str) -> None:
        """One more file was found within the file."""
        self._parts += 1
        if self._parts > self._limits.parts:
            raise UnreadableFile(
                f"{name} and what follows is left out: a file may hold {self._limits.parts:,} others (ingest.parts)."
            )

    def enter(self, source: str, name: str, depth: int) -> None:
        """A file within a file is about to be read; `depth` is 1 for one within a file on the disk."""
        if depth > self._limits.nesting:
            raise UnreadableFile(
                f"{name} lies more than {self._limits.nesting} files deep in others; raise ingest.nesting to read it."
            )
        self.step(source)

    def expand(self, size: int, name: str) -> None:
        """`size` bytes are about to come out of compressed content."""
        self._expanded += size
        if self._expanded > self._limits.expanded_mb * MEGABYTE:
            raise UnreadableFile(
                f"{name} unpacks to more than {self._limits.expanded_mb:,} MB; raise ingest.expanded_mb to read it."
            )
