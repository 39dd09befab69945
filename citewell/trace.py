"""A trace: which stage of a search found a passage at which rank and score, and what became of it in the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from citewell.composition import Composer
from generation.context.passage import PassageContext
from kb.protocols import Retriever, Tokenizer
from kb.store.view import View
from kb.types import Answer, Chunk, Citation, Hit

KEPT, COPIED, CONSIDERED, LEFT_OUT = "kept", "copied", "considered", "left out"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stage put a passage: the first has rank 1; scores compare only within the stage."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class StageTrace:
    """What a stage was asked and what it found, best first.

    `path` leads to it from the outermost stage: ("fusion", "dense"); where a stage has several inner ones of a name, or
    asks one several times, the second is "dense 2". `seconds` are its own, without those of its inner stages; `notes`
    are what it has to say of them, a sentence each.
    """

    path: tuple[str, ...]
    query: str
    hits: tuple[Hit, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """ "fusion > dense"."""
        return " > ".join(self.path)

    def place(self, chunk_id: str) -> Standing | None:
        """Where the passage stands in this stage's answer, None where it was not found."""
        ranked = enumerate(self.hits, start=1)
        return next((Standing(rank, hit.score) for rank, hit in ranked if hit.chunk.id == chunk_id), None)


@dataclass(frozen=True, slots=True)
class PassageUse:
    """What became of a passage in an answer.

    state is "kept" (it is quoted from), "copied" (it holds words that are quoted from another one, which the citation
    says), "considered" (the answerer had it and does not quote it) or "left out" (found, but beyond the number of
    passages that an answer is made from). `tokens` are the passage's by the embedder's tokenizer, `used` those of them
    that stand in the answer.
    """

    chunk: Chunk
    state: str
    tokens: int
    used: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """A search with all its stages, each before its inner ones; with `passages`, best first, where it was answered.

    `notes` are those that belong to no stage. `context` is what a language model was given to read, where one answered.
    """

    query: str
    hits: tuple[Hit, ...]
    stages: tuple[StageTrace, ...]
    notes: tuple[str, ...] = ()
    passages: tuple[PassageUse, ...] = ()
    context: PassageContext | None = None

    def places(self, chunk_id: str) -> dict[str, Standing]:
        """Where each stage that found the passage put it, by the stage's name."""
        found = {stage.name: stage.place(chunk_id) for stage in self.stages}
        return {name: place for name, place in found.items() if place}


def traced(composer: Composer, mode: str, view: View, query: str, k: int) -> Trace:
    """The search of `mode` for `query` on `view`; asks no stage for more than the search itself does."""
    recorder = Recorder()
    recording = replace(composer, stage=recorder.recorded, note=recorder.note)
    hits = recording.compose(mode, view).retrieve(query, k)
    return Trace(query, tuple(hits), recorder.stages(), recorder.notes())


def passage_uses(found: Sequence[Hit], answer: Answer, tokenizer: Tokenizer) -> tuple[PassageUse, ...]:
    """What became of each passage of `found` in `answer`, which was made from `answer.hits`, the first of them."""
    had = {hit.chunk.id for hit in answer.hits}
    return tuple(_use(hit.chunk, hit.chunk.id in had, answer.citations, tokenizer) for hit in found)


def _use(chunk: Chunk, had: bool, citations: Sequence[Citation], tokenizer: Tokenizer) -> PassageUse:
    quoted = [span for citation in citations if citation.chunk_id == chunk.id for span in citation.spans]
    copies = [place.span for citation in citations for place in citation.also if place.source == chunk.source]
    tokens = [(chunk.start + start, chunk.start + end) for start, end in tokenizer.offsets(chunk.text)]
    spans = (*quoted, *copies)
    used = sum(any(start < span.end and span.start < end for span in spans) for start, end in tokens) if spans else 0
    state = KEPT if quoted else COPIED if used else CONSIDERED if had else LEFT_OUT
    return PassageUse(chunk, state, len(tokens), used)


@dataclass(slots=True)
class _Call:
    path: tuple[str, ...]
    query: str
    hits: list[Hit] = field(default_factory=list)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    inner: Counter[str] = field(default_factory=Counter)
    """How often it asked inner stages of each name."""


class Recorder:
    """Records one search, whose stages ask one another in one thread."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._open = [_Call((), "")]
        """The calls under way, the innermost last, within one that stands for the search as a whole."""

    def recorded(self, stage: str, retriever: Retriever) -> Retriever:
        """`retriever`, with what it is asked and finds recorded as that of `stage`."""
        return _Recorded(stage, retriever, self)

    def note(self, sentence: str) -> None:
        """Adds to the notes of the stage under way."""
        self._open[-1].notes.append(sentence)

    def notes(self) -> tuple[str, ...]:
        """Those that were added while no stage was under way."""
        return tuple(self._open[0].notes)

    def stages(self) -> tuple[StageTrace, ...]:
        """The stages so far, in the order in which they were asked."""
        return tuple(
            StageTrace(call.path, call.query, tuple(call.hits), call.seconds, tuple(call.notes)) for call in self._calls
        )

    def record(self, stage: str, retriever: Retriever, query: str, k: int) -> list[Hit]:
        outer = self._open[-1]
        outer.inner[stage] += 1
        number = outer.inner[stage]
        call = _Call((*outer.path, stage if number == 1 else f"{stage} {number}"), query)
        self._calls.append(call)
        self._open.append(call)
        began = perf_counter()
        try:
            call.hits = retriever.retrieve(query, k)
        finally:
            seconds = perf_counter() - began
            self._open.pop()
            call.seconds += seconds
            outer.seconds -= seconds
        return call.hits


@dataclass(frozen=True, slots=True)
class _Recorded:
    stage: str
    retriever: Retriever
    recorder: Recorder

    def retrieve(self, query: str, k: int) -> list[Hit]:
        return self.recorder.record(self.stage, self.retriever, query, k)
