"""Composition: which retriever a search mode's name stands for.

A name is that of a mode, built in or of the settings, and of stages on top of it, in order: "hybrid+rerank".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from citewell.models import Models
from citewell.stages import STAGES, postprocessed
from kb.errors import SettingsError, UserError
from kb.filters import Filter
from kb.notes import Note, unheard
from kb.protocols import QueryEmbedder, Retriever
from kb.settings import ModeSettings, Settings
from kb.store.store import Store
from kb.store.view import View
from kb.text.plurals import counted
from kb.types import Hit
from retrieval.dense import DenseRetriever, SharedQueries
from retrieval.fusion import ConvexFusion, Part, RankFusion
from retrieval.hybrid import HybridRetriever
from retrieval.lexical import LexicalRetriever
from retrieval.llama_index import LlamaIndexRetriever

BUILT_IN = ("hybrid", "dense", "lexical")
HYBRID = ModeSettings(fuse=("dense", "lexical"), method="adaptive")
DENSE_SPAN = 0.2
"""Cosines that span less say little. On Chinese, which all-MiniLM-L6-v2 does not speak, hybrid search finds the
evidence first for .84 of 400 questions, .59 without this; four other collections gain up to .03 or stay as they are."""

Stage = Callable[[str, Retriever], Retriever]
"""What stands in for a retriever within a composition, given its stage ("dense", "lexical", "fusion") and itself."""


def _itself(_: str, retriever: Retriever) -> Retriever:
    return retriever


@dataclass(frozen=True, slots=True)
class Composer:
    """Builds the retriever of a mode on a view of a base, each stage of it as `stage` says.

    `note` hears what a retriever has to say of an answer, in a sentence (that its time ran out, say). `embeds_ahead` is
    False where `embedder` asks a language model first.
    """

    embedder: Callable[[], QueryEmbedder]
    models: Models
    settings: Settings
    stage: Stage = _itself
    note: Note = unheard
    embeds_ahead: bool = True

    def names(self) -> list[str]:
        own = (*self.settings.modes, *self.settings.retrievers)
        return [*BUILT_IN, *(name for name in own if name not in BUILT_IN)]

    def stages(self) -> list[str]:
        """Raises SettingsError where a postprocessor is called like a stage that is built in."""
        for name in self.settings.postprocessors:
            if name in STAGES:
                raise SettingsError(f'The stage "{name}" (postprocessors.{name}) is built in; choose another name.')
        return [*STAGES, *self.settings.postprocessors]

    def require(self, mode: str) -> None:
        """Raises UserError for a mode that is neither built in nor in the settings, and for an unknown stage."""
        name, *stages = mode.split("+")
        if name not in self.names():
            known = ", ".join(self.names())
            raise UserError(f'There is no search mode "{name}"; choose one of {known}, and stages as in hybrid+mmr.')
        for stage in stages:
            if not stage:
                raise UserError(f'In "{mode}" a + has no stage after it; choose from {", ".join(self.stages())}.')
            if stage not in self.stages():
                raise UserError(f'There is no stage "{stage}" of search; choose from {", ".join(self.stages())}.')

    def compose(self, mode: str, view: View, within: tuple[str, ...] = ()) -> Retriever:
        """The retriever of `mode` on `view`; `within` are the modes that it is a part of."""
        self.require(mode)
        if mode in within:
            raise SettingsError(f'The search mode "{mode}" is made of itself; change its "fuse" in the settings.')
        inner, _, stage = mode.rpartition("+")
        if inner:
            staged = STAGES.get(stage, partial(postprocessed, stage))
            return self.stage(stage, staged(self, inner, view, (*within, mode)))
        if mode == "dense":
            return self.stage("dense", DenseRetriever(view, self.embedder()))
        if mode == "lexical":
            return self.stage("lexical", LexicalRetriever(view, view.lexical))
        if mode in self.settings.retrievers:
            return self.stage(mode, LlamaIndexRetriever(mode, self.models.retriever(mode), view, self.note))
        return self.stage("fusion", self._fused(mode, view, within))

    def _fused(self, mode: str, view: View, within: tuple[str, ...]) -> Retriever:
        chosen = self.settings.modes.get(mode, HYBRID)
        if chosen.method == "adaptive":
            return self._hybrid(mode, chosen, view, within)
        parts = [self.compose(name, view, (*within, mode)) for name in chosen.fuse]
        if chosen.method == "rrf":
            return RankFusion(parts, depth=chosen.depth)
        weights = chosen.weights or (1.0,) * len(parts)
        if len(weights) != len(parts):
            fused, weighted = counted(len(parts), "mode"), counted(len(weights), "weight")
            raise SettingsError(f'The search mode "{mode}" fuses {fused} but has {weighted}.')
        spans = [DENSE_SPAN if name == "dense" else 0.0 for name in chosen.fuse]
        return ConvexFusion([Part(*values) for values in zip(parts, weights, spans, strict=True)], depth=chosen.depth)

    def _hybrid(self, mode: str, chosen: ModeSettings, view: View, within: tuple[str, ...]) -> HybridRetriever:
        shared = SharedQueries(self.embedder(), ahead=self.embeds_ahead)
        inner = replace(self, embedder=lambda: shared)
        dense, lexical = (inner.compose(name, view, (*within, mode)) for name in chosen.fuse)
        unknown_share = self.models.embedder().tokenizer.unknown_share
        return HybridRetriever(
            dense,
            lexical,
            shared,
            view,
            unknown_share,
            depth=chosen.depth,
            names=chosen.names,
            feedback=chosen.feedback,
        )


@dataclass(frozen=True, slots=True)
class LiveRetriever:
    """A mode on the base as it is when asked: each answer comes from one state of it, whatever is written."""

    store: Store
    composer: Composer
    mode: str
    filter: Filter | None = None

    def retrieve(self, query: str, k: int) -> list[Hit]:
        with self.store.view(self.filter) as view:
            return self.composer.compose(self.mode, view).retrieve(query, k)
