"""The models that the settings name, each loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from citewell.home import cache_folder
from kb.errors import SettingsError
from kb.models.checkpoint import Checkpoint
from kb.models.embedders import find_checkpoint, load_embedder
from kb.protocols import Embedder, Generator, Scorer, TokenEmbedder
from kb.settings import EmbeddingSettings, GeneratorSettings, RerankSettings, Settings
from retrieval.asking import Asker
from retrieval.llama_index import make_postprocessor, make_retriever

if TYPE_CHECKING:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.retrievers import BaseRetriever

    from kb.models.scorers import ModelScorer

T = TypeVar("T")


class Once(Generic[T]):
    """What is made when it is first asked for, and then kept. Who waits for one does not wait for any other."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]

    def if_made(self) -> T | None:
        return self._made[0] if self._made else None


class Models:
    """The models of the bases in `home`. Safe to share between threads.

    All raise MissingModel where the model is not there, and all but `embedder` SettingsError where none that will do is
    named.
    `token_embedder` is the embedder where its tokens can judge passages, `views_scorer` the embedder as a scorer by its
    three views of a text, which BGE-M3 alone has; `asker` asks `generator` about questions, and remembers the replies
    for as long as this lives.
    """

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self.embedder = Once(lambda: configured_embedder(settings.embedding, home))
        self.scorer = Once(lambda: configured_scorer(settings.rerank, home))
        self.token_embedder = Once(lambda: token_embedder(settings.embedding, self.embedder))
        self.views_scorer = Once(lambda: configured_views_scorer(settings, home))
        self.generator = Once(lambda: configured_generator(settings.generator))
        self.asker = Once(lambda: Asker(self.generator(), seconds=settings.expansion.seconds))
        self._retrievers = {
            name: Once(partial(make_retriever, name, chosen)) for name, chosen in settings.retrievers.items()
        }
        self._postprocessors = {
            name: Once(partial(make_postprocessor, name, chosen)) for name, chosen in settings.postprocessors.items()
        }

    def with_settings(self, settings: Settings) -> Models:
        """The models of other settings, those shared of which the settings are the same."""
        own = self._settings
        others = Models(settings, self._home)
        if settings.embedding == own.embedding:
            others.embedder, others.token_embedder = self.embedder, self.token_embedder
            if settings.views == own.views:
                others.views_scorer = self.views_scorer
        if settings.rerank == own.rerank:
            others.scorer = self.scorer
        if settings.generator == own.generator:
            others.generator = self.generator
            if settings.expansion.seconds == own.expansion.seconds:
                others.asker = self.asker
        return others

    def loaded(self) -> list[str]:
        """The sections of the settings whose models have been loaded by now."""
        parts = (
            ("embedding", self.embedder.if_made),
            ("rerank", self.scorer.if_made),
            ("generator", self.generator.if_made),
        )
        return [name for name, loaded in parts if loaded() is not None]

    def retriever(self, name: str) -> BaseRetriever:
        """LlamaIndex's retriever that the settings call `name`. Raises SettingsError where it cannot be had."""
        return self._retrievers[name]()

    def postprocessor(self, name: str) -> BaseNodePostprocessor:
        """LlamaIndex's postprocessor that the settings call `name`. Raises SettingsError where it cannot be had."""
        return self._postprocessors[name]()

    def close(self) -> None:
        """Waits, not for long, until a language model has stopped; the models may be used again."""
        if asker := self.asker.if_made():
            asker.close()


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


def token_embedder(settings: EmbeddingSettings, load: Callable[[], Embedder]) -> TokenEmbedder:
    """The embedder that `load` gives, for late interaction. Raises SettingsError where its tokens say too little."""
    if not configured_checkpoint(settings).has_comparable_tokens:
        raise SettingsError(
            "The stage \"rerank\" needs a model, because the embedder's vectors are not the mean of its tokens': set "
            "rerank.model to the name or the folder of a reranker, BAAI/bge-reranker-v2-m3 for one."
        )
    return load()


def configured_scorer(settings: RerankSettings, home: Path) -> ModelScorer:
    """The reranker. Raises SettingsError where none is named, MissingModel where it is not here."""
    from kb.models.scorers import load_scorer

    if not settings.model:
        raise SettingsError("No reranker is named: set rerank.model to the name or the folder of one.")
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

    return load_generator(settings)
