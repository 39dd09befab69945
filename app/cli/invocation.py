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

    @property
    def settings_in_force(self) -> Path | None:
        """The file that settings are read from: the one that was named, else the home's own where there is one."""
        from citewell.home import home_folder
        from citewell.kept_settings import settings_file

        file = settings_file(home_folder(self.home), self.settings_file)
        return file if self.settings_file or file.is_file() else None

    def settings(self) -> Settings:
        from citewell.home import home_folder
        from citewell.kept_settings import settings_of

        return settings_of(home_folder(self.home), self.settings_file)

    def open(self, *, create: bool = False) -> KnowledgeBase:
        """The base that was named. Raises UnknownKnowledgeBase where there is none and `create` is False."""
        settings = self.settings()
        from citewell import KnowledgeBase

        return KnowledgeBase.open(self.kb, home=self.home, settings=settings, create=create)
