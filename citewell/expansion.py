"""Stages of search for which a language model first writes something about the question."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kb.protocols import QueryEmbedder, Retriever
from kb.store.view import View
from retrieval.decomposition import DecomposedRetriever
from retrieval.hyde import HypotheticalEmbedder
from retrieval.multi_query import MultiQueryRetriever

if TYPE_CHECKING:
    from citewell.composition import Composer


def by_hypothetical_passages(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    """The mode `inner`, in which whatever searches by meaning embeds hypothetical passages with the query."""
    models = composer.models
    asker = models.asker()

    def embedder() -> QueryEmbedder:
        passages = composer.settings.expansion.passages
        return HypotheticalEmbedder(composer.embedder(), models.embedder(), asker, passages=passages)

    return replace(composer, embedder=embedder).compose(inner, view, within)


def by_rewrites(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    rewrites = composer.settings.expansion.rewrites
    asker = composer.models.asker()
    return MultiQueryRetriever(composer.compose(inner, view, within), asker, rewrites=rewrites)


def by_subquestions(composer: Composer, inner: str, view: View, within: tuple[str, ...]) -> Retriever:
    subquestions = composer.settings.expansion.subquestions
    asker = composer.models.asker()
    return DecomposedRetriever(composer.compose(inner, view, within), asker, subquestions=subquestions)
