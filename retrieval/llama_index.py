"""Retrievers and node postprocessors of LlamaIndex's as parts of a search, and passages as its nodes.

An answer cites passages of the base, so whatever nodes come back are looked up there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from kb.errors import SettingsError
from kb.foreign import failures_told, made
from kb.notes import Note
from kb.protocols import PassageLookup, Retriever
from kb.settings import PostprocessorSettings, RetrieverSettings
from kb.text.passages import heading_path
from kb.text.plurals import counted
from kb.types import Chunk, Hit

if TYPE_CHECKING:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode

_CHUNK_ID = re.compile(r"[0-7][0-9a-f]{15}")
_UNSEEN = ("chunk_id", "source", "page", "start", "end")
"""Metadata for programs, not for a language model: a full path may be nobody else's business."""


def make_retriever(name: str, chosen: RetrieverSettings) -> BaseRetriever:
    """The retriever that the settings call `name`. Raises SettingsError where it cannot be had or is none."""
    from llama_index.core.retrievers import BaseRetriever

    what = f'The retriever "{chosen.make}" (retrievers.{name})'
    retriever = made(chosen.make, chosen.options, what=what)
    if not isinstance(retriever, BaseRetriever):
        raise SettingsError(f"{what} is no retriever of LlamaIndex's; name a class or a function that makes one.")
    return retriever


def make_postprocessor(name: str, chosen: PostprocessorSettings) -> BaseNodePostprocessor:
    """The postprocessor that the settings call `name`. Raises SettingsError where it cannot be had or is none."""
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    what = f'The postprocessor "{chosen.make}" (postprocessors.{name})'
    postprocessor = made(chosen.make, chosen.options, what=what)
    if not isinstance(postprocessor, BaseNodePostprocessor):
        raise SettingsError(
            f"{what} is no node postprocessor of LlamaIndex's; name a class or a function that makes one."
        )
    return postprocessor


@dataclass(frozen=True, slots=True)
class LlamaIndexRetriever:
    """What a retriever of LlamaIndex's finds that is in the base; it decides itself how many nodes that are.

    `name` is what the settings call it, `note` hears of nodes that are no passages of what is searched.
    """

    name: str
    retriever: BaseRetriever
    passages: PassageLookup
    note: Note

    def retrieve(self, query: str, k: int) -> list[Hit]:
        with failures_told(f'The retriever "{self.name}"'):
            nodes = self.retriever.retrieve(query)
        return _hits(nodes, self.passages, self.name, self.note)[:k]


@dataclass(frozen=True, slots=True)
class PostprocessedRetriever:
    """The first `depth` hits of a retriever, as a node postprocessor of LlamaIndex's orders, chooses and scores them.

    It is always given as many, so that the first hits do not depend on how many are asked for.
    """

    name: str
    retriever: Retriever
    postprocessor: BaseNodePostprocessor
    passages: PassageLookup
    note: Note
    depth: int = 100

    def retrieve(self, query: str, k: int) -> list[Hit]:
        given = [scored_node(hit) for hit in self.retriever.retrieve(query, self.depth)]
        with failures_told(f'The postprocessor "{self.name}"'):
            nodes = self.postprocessor.postprocess_nodes(given, query_str=query)
        return _hits(nodes, self.passages, self.name, self.note)[:k]


def scored_node(hit: Hit) -> NodeWithScore:
    from llama_index.core.schema import NodeWithScore

    return NodeWithScore(node=node(hit.chunk), score=hit.score)


def node(chunk: Chunk) -> TextNode:
    """A passage as a node of the same id; its metadata say where it stands in the words of `citewell search --json`.

    A language model is shown the name of the file, the place, the headings and a table's header beside the text; an
    embedder, headings and header.
    """
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    return TextNode(
        id_=chunk.id,
        text=chunk.text,
        start_char_idx=chunk.start,
        end_char_idx=chunk.end,
        metadata=_metadata(chunk),
        excluded_llm_metadata_keys=list(_UNSEEN),
        excluded_embed_metadata_keys=[*_UNSEEN, "file_name", "anchor"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.document_id)},
    )


def _metadata(chunk: Chunk) -> dict[str, str | int]:
    anchor = chunk.anchor
    values = {
        "chunk_id": chunk.id,
        "source": chunk.source,
        "file_name": PurePath(chunk.source).name,
        "page": anchor.number if anchor and anchor.kind == "page" else None,
        "anchor": anchor.label if anchor else None,
        "heading": heading_path(chunk.context) or None,
        "table": chunk.context.table or None,
        "start": chunk.start,
        "end": chunk.end,
    }
    return {key: value for key, value in values.items() if value is not None}


def _hits(nodes: Sequence[NodeWithScore], passages: PassageLookup, name: str, note: Note) -> list[Hit]:
    """The passages that the nodes are, in their order; the best of those that several nodes are.

    Their scores are kept where each node has one and the order follows them, else the score is 1 / rank.
    """
    found: dict[str, tuple[Chunk, float | None]] = {}
    missing = 0
    for scored, chunks in zip(nodes, _passages(nodes, passages), strict=True):
        missing += not chunks
        for chunk in chunks:
            found.setdefault(chunk.id, (chunk, scored.score))
    if missing:
        sentence = f"{missing} of {counted(len(nodes), 'node')} cannot be cited: what is searched has no such passages."
        note(sentence)
        logging.getLogger(__name__).warning("%s: %s", name, sentence)
    scores = _scores([score for _, score in found.values()])
    hits = [Hit(chunk, score) for (chunk, _), score in zip(found.values(), scores, strict=True)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def _scores(given: Sequence[float | None]) -> list[float]:
    scores = [float(score) for score in given if score is not None and isfinite(score)]
    says_nothing = len(scores) > 1 and scores[0] == scores[-1]
    if len(scores) < len(given) or says_nothing or scores != sorted(scores, reverse=True):
        return [1 / rank for rank in range(1, len(given) + 1)]
    return scores


def _passages(nodes: Sequence[NodeWithScore], passages: PassageLookup) -> Iterator[list[Chunk]]:
    """For each node the passages that it is: the one whose id it bears, else those that its words are found in."""
    ids = [_chunk_id(scored) for scored in nodes]
    known = passages.passages([name for name in ids if name])
    document = cache(passages.document_passages)
    for scored, name in zip(nodes, ids, strict=True):
        if name in known:
            yield [known[name]]
        else:
            found = (document(source) for source in _sources(scored.node.metadata))
            text, chunks = next((one for one in found if one[1]), ("", []))
            yield _containing(scored.node.get_content(), text, chunks)


def _chunk_id(scored: NodeWithScore) -> str:
    names = (scored.node.node_id, scored.node.metadata.get("chunk_id"))
    return next((name for name in names if isinstance(name, str) and _CHUNK_ID.fullmatch(name)), "")


def _sources(metadata: Mapping[str, object]) -> list[str]:
    """What a node's document may be called: our name for it, or the path that readers note, under whichever key."""
    noted = [value for key in ("source", "file_path") if isinstance(value := metadata.get(key), str)]
    return list(dict.fromkeys([*noted, *(str(Path(value).resolve()) for value in noted)]))


def _containing(words: str, text: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """The passages of a document that stand in `words` for the greater part, else the one that most of `words` is in.

    Line breaks and spaces may differ; where the words stand several times, the first time counts.
    """
    place = re.search(r"\s+".join(map(re.escape, words.split())), text) if words.strip() else None
    if not place:
        return []
    shared = [(min(chunk.end, place.end()) - max(chunk.start, place.start()), chunk) for chunk in chunks]
    within = [chunk for size, chunk in shared if 2 * size > chunk.end - chunk.start]
    size, most = max(shared, key=lambda part: part[0], default=(0, None))
    return within or ([most] if most and size > 0 else [])
