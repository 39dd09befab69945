"""The models that the settings name, each loaded when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from citewell.home import cache_folder
from kb.errors import SettingsError
from kb.models.checkpoint import Checkpoint
from kb.models.embedders import find_checkpoint, load_embedder
from kb.protocols import Embedder, Generator, Scorer
from kb.settings import EmbeddingSettings, GeneratorSettings, RerankSettings, Settings
from retrieval.asking import Asker
from retrieval.llama_index import make_postprocessor, make_retriever

if TYPE_CHECKING:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.retrievers import BaseRetriever

    from kb.models.scorers import ModelScorer


class Models:
    """The models of the bases in `home`. Safe to share between threads; raise MissingModel where one is not there."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self._lock = Lock()
        self._embedder: Embedder | None = None
        self._retrievers: dict[str, BaseRetriever] = {}
        self._postprocessors: dict[str, BaseNodePostprocessor] = {}
        self._scorer: Scorer | None = None
        self._views_scorer: Scorer | None = None
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

    def scorer(self) -> Scorer:
        """The reranker. Raises SettingsError where the settings name none."""
        with self._lock:
            if self._scorer is None:
                self._scorer = configured_scorer(self._settings.rerank, self._home)
            return self._scorer

    def views_scorer(self) -> Scorer:
        """The embedder as a scorer by all three of its views of a text, which BGE-M3 alone has."""
        with self._lock:
            if self._views_scorer is None:
                self._views_scorer = configured_views_scorer(self._settings, self._home)
            return self._views_scorer

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
        pooling=settings.pooling,
        dimensions=settings.dimensions,
    )


def configured_checkpoint(settings: EmbeddingSettings) -> Checkpoint:
    """What is known of the embedder without loading it. Raises MissingModel where it is not on this machine."""
    return find_checkpoint(
        settings.model,
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        pooling=settings.pooling,
        dimensions=settings.dimensions,
    )


def configured_scorer(settings: RerankSettings, home: Path) -> ModelScorer:
    """The reranker. Raises SettingsError where none is named, MissingModel where it is not here."""
    from kb.models.scorers import load_scorer

    if not settings.model:
        raise SettingsError(
            'The stage "rerank" has no model: set rerank.model to the name or the folder of a reranker, '
            "BAAI/bge-reranker-v2-m3 for one."
        )
    return load_scorer(model=settings.model, device=settings.device, cache=cache_folder(home), tokens=settings.tokens)


def configured_views_scorer(settings: Settings, home: Path) -> Scorer:
    """Raises MissingModel where the embedder is not of BGE-M3's kind."""
    from kb.models.bge_m3 import BgeM3Scorer, ViewWeights
    from kb.models.bge_m3_loading import load_bge_m3

    checkpoint = configured_checkpoint(settings.embedding)
    encoder = load_bge_m3(checkpoint, device=settings.embedding.device, cache=cache_folder(home))
    return BgeM3Scorer(encoder, weights=ViewWeights(**settings.views.model_dump()))


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
