"""The models that the settings name, each loaded when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from citewell.home import cache_folder
from kb.models.embedders import load_embedder
from kb.protocols import Embedder, Generator
from kb.settings import EmbeddingSettings, GeneratorSettings, Settings
from retrieval.asking import Asker


class Models:
    """The models of the bases in `home`. Safe to share between threads; raise MissingModel where one is not there."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self._lock = Lock()
        self._embedder: Embedder | None = None
        self._generator_lock = Lock()  # Of its own: a language model takes long to load, and most searches need none.
        self._generator: Generator | None = None
        self._asker: Asker | None = None

    def close(self) -> None:
        """Waits, not for long, until a language model has stopped; the models may be used again."""
        with self._lock:
            asker = self._asker
        if asker:
            asker.close()

    def embedder(self) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = configured_embedder(self._settings.embedding, self._home)
            return self._embedder

    def generator(self) -> Generator:
        """The language model. Raises SettingsError where the settings name none."""
        with self._generator_lock:
            if self._generator is None:
                self._generator = configured_generator(self._settings.generator)
            return self._generator

    def asker(self) -> Asker:
        """What asks the language model about questions; it remembers the replies for as long as this lives."""
        generator = self.generator()
        with self._lock:
            if self._asker is None:
                self._asker = Asker(generator, seconds=self._settings.expansion.seconds)
            return self._asker


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


def configured_generator(settings: GeneratorSettings) -> Generator:
    """Raises MissingModel where it is not on this machine, SettingsError where the settings name none."""
    from generation.generators import load_generator

    return load_generator(
        model=settings.model,
        device=settings.device,
        max_tokens=settings.max_tokens,
        llm=settings.llm,
        llm_options=settings.llm_options,
    )
