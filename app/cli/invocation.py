"""What was said before the command's name: which base, where, with which settings, and how to talk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citewell import KnowledgeBase, Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options. `json` asks for one JSON document on stdout, `quiet` for nothing but results."""

    kb: str = "default"
    home: Path | None = None
    settings_file: Path | None = None
    json: bool = False
    quiet: bool = False

    @property
    def talks(self) -> bool:
        """Whether a person reads along who wants to hear more than the result."""
        return not (self.json or self.quiet)

    @property
    def evaluation_home(self) -> Path | None:
        """Where the bases of datasets go: within a home that was chosen, apart from the user's own; else the cache."""
        return self.home.expanduser().resolve() / ".eval" if self.home else None

    def settings(self) -> Settings:
        from kb.settings import load_settings

        return load_settings(self.settings_file)

    def open(self, *, create: bool = False) -> KnowledgeBase:
        """The base that was named. Raises UnknownKnowledgeBase where there is none and `create` is False."""
        settings = self.settings()
        from citewell import KnowledgeBase

        return KnowledgeBase.open(self.kb, home=self.home, settings=settings, create=create)
