"""The models that the settings name, each loaded when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from citewell.home import cache_folder
from kb.models.embedders import load_embedder
from kb.protocols import Embedder
from kb.settings import EmbeddingSettings, Settings
from retrieval.llama_index import make_postprocessor, make_retriever

if TYPE_CHECKING:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.retrievers import BaseRetriever


class Models:
    """The models of the bases in `home`. Safe to share between threads; raise MissingModel where one is not there."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self._lock = Lock()
        self._embedder: Embedder | None = None
        self._retrievers: dict[str, BaseRetriever] = {}
        self._postprocessors: dict[str, BaseNodePostprocessor] = {}

    def embedder(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = configured_embedder(self._settings.embedding, self._home)
            return self._embedder

    def retriever(self, name: str) -> BaseRetriever:
        """LlamaIndex's retriever that the settings call `name`. Raises SettingsError where it cannot be had."""
        with self._lock:
            if name not in self._retrievers:
                self._retrievers[name] = make_retriever(name, self._settings.retrievers[name])
            return self._retrievers[name]

    def postprocessor(self, name: str) -> BaseNodePostprocessor:
        """LlamaIndex's postprocessor that the settings call `name`. Raises SettingsError where it cannot be had."""
        with self._lock:
            if name not in self._postprocessors:
                self._postprocessors[name] = make_postprocessor(name, self._settings.postprocessors[name])
            return self._postprocessors[name]


def configured_embedder(settings: EmbeddingSettings, home: Path) -> Embedder:
    """The embedder of the bases in `home`. Raises MissingModel where it is not on this machine."""
    return load_embedder(
        model=settings.model,
        device=settings.device,
        cache=cache_folder(home),
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        dimensions=settings.dimensions,
    )
