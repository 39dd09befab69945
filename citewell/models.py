"""The models that the settings name, each loaded when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from citewell.home import cache_folder
from kb.models.embedders import load_embedder
from kb.protocols import Embedder
from kb.settings import EmbeddingSettings, Settings


class Models:
    """The models of the bases in `home`. Safe to share between threads; raise MissingModel where one is not there."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self._lock = Lock()
        self._embedder: Embedder | None = None

    def embedder(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = configured_embedder(self._settings.embedding, self._home)
            return self._embedder


def configured_embedder(settings: EmbeddingSettings, home: Path) -> Embedder:
    """The embedder of the bases in `home`. Raises MissingModel where it is not on this machine."""
    return load_embedder(
        model=settings.model,
        device=settings.device,
        cache=cache_folder(home),
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        pooling=settings.pooling,
        dimensions=settings.dimensions,
    )
