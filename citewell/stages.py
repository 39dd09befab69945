"""Stages of search: what each puts on top of a mode, given the mode's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.protocols import QueryEmbedder, Retriever, Scorer
from kb.store.view import View
from retrieval.decomposition import DecomposedRetriever
from retrieval.diversity import DiverseRetriever
from retrieval.follow_up import FollowUpRetriever
from retrieval.hyde import HypotheticalEmbedder
from retrieval.late_interaction import FOUND_WEIGHT, LateInteraction
from retrieval.llama_index import PostprocessedRetriever
from retrieval.multi_query import MultiQueryRetriever
from retrieval.reranking import RerankedRetriever

if TYPE_CHECKING:
    from citewell.composition import Composer


def _hypothetical(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    """The mode `inner`, in which whatever searches by meaning embeds hypothetical passages with the query."""
    models = composer.models
    asker = models.asker()

    def embedder() -> QueryEmbedder:
        return HypotheticalEmbedder(
            composer.embedder(),
            models.embedder(),
            asker,
            passages=composer.settings.expansion.passages,
            on_fallback=composer.note,
        )

    return replace(composer, embedder=embedder, embeds_ahead=False).compose(inner, view, within)


def _rewritten(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    return MultiQueryRetriever(
        composer.compose(inner, view, within),
        composer.models.asker(),
        rewrites=composer.settings.expansion.rewrites,
        on_fallback=composer.note,
    )


def _decomposed(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    return DecomposedRetriever(
        composer.compose(inner, view, within),
        composer.models.asker(),
        subquestions=composer.settings.expansion.subquestions,
        on_fallback=composer.note,
    )


def _followed(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    return FollowUpRetriever(
        composer.compose(inner, view, within),
        composer.models.asker(),
        steps=composer.settings.expansion.steps,
        on_fallback=composer.note,
    )


def _reranked(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    """Reranked by the model that the settings name, else by the embedder's tokens."""
    retriever = composer.compose(inner, view, within)
    if composer.settings.rerank.model:
        return _judged(composer, retriever, composer.models.scorer())
    scorer = LateInteraction(composer.models.token_embedder())
    return replace(_judged(composer, retriever, scorer), found_weight=FOUND_WEIGHT)


def _viewed(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    """Reranked by BGE-M3, where that is the embedder, within the same limits as by a reranker."""
    return _judged(composer, composer.compose(inner, view, within), composer.models.views_scorer())


def _judged(composer: Composer, retriever: Retriever, scorer: Scorer) -> RerankedRetriever:
    limits = composer.settings.rerank
    return RerankedRetriever(
        retriever,
        scorer,
        depth=limits.depth,
        seconds=limits.seconds,
        on_timeout=lambda why: composer.note(why.sentence),
    )


def _diverse(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    chosen = composer.settings.diversity
    return DiverseRetriever(composer.compose(inner, view, within), view, weight=chosen.weight, depth=chosen.depth)


def postprocessed(name: str, composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    """The mode `inner`, with what it finds given to the postprocessor that the settings call `name`."""
    return PostprocessedRetriever(
        name,
        composer.compose(inner, view, within),
        composer.models.postprocessor(name),
        view,
        composer.note,
        depth=composer.settings.postprocessors[name].depth,
    )


Wrapped = Callable[["Composer", str, View, tuple[str, ...]], Retriever]
"""Makes the retriever of a stage on top of the mode of that name, which is a part of the modes named last."""

STAGES: Mapping[str, Wrapped] = {
    "hyde": _hypothetical,
    "multi": _rewritten,
    "decompose": _decomposed,
    "follow": _followed,
    "rerank": _reranked,
    "views": _viewed,
    "mmr": _diverse,
}
