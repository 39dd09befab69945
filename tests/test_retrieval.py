"""Retrievers: the contract that all of them keep, on a real base, and fusion worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny_rerankers

from citewell import KnowledgeBase, Settings
from kb.errors import SettingsError, UserError
from kb.settings import GeneratorSettings, ModeSettings, RerankSettings
from kb.types import Chunk, Hit
from retrieval.fusion import ConvexFusion, Part, RankFusion

MODES = {
    "rank": ModeSettings(fuse=("dense", "lexical"), method="rrf"),
    "nested": ModeSettings(fuse=("hybrid", "lexical"), weights=(0.8, 0.2), depth=5),
}
STAGED = (
    "dense+mmr",
    "lexical+mmr",
    "hybrid+rerank",
    "dense+hyde",
    "hybrid+multi",
    "hybrid+decompose",
    "hybrid+follow",
    "rank+decompose+multi+hyde",
    "hybrid+multi+rerank",
)
RULES = [
    ["Write 3 other ways", "1. engines driven by steam\n2. walruses\n3. mines"],
    ["a fact is missing", "SEARCH: copper?"],
    ["follow up questions", "Are follow up questions needed here: Yes.\nFollow up: copper?\nFollow up: bread?"],
    ["a manual or a guide", "I do not know."],
    ["Write one passage", "Steam engines were used in copper mines."],
]
"""What a language model says to prompts by their words."""


@dataclass(frozen=True)
class Listed:
    """A retriever that always finds the same passages."""

    scores: dict[str, float]

    def retrieve(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002 - the query decides nothing here
        best = sorted(self.scores, key=lambda name: (-self.scores[name], name))[:k]
        return [Hit(Chunk(name, "d", "/s", name, 0, len(name)), self.scores[name]) for name in best]


def ranking(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.chunk.id, round(hit.score, 6)) for hit in hits]


def test_convex_fusion_by_hand() -> None:
    dense = Listed({"a": 0.9, "b": 0.7, "c": 0.5})
    lexical = Listed({"b": 12.0, "d": 8.0, "c": 4.0})
    fused = ConvexFusion([Part(dense, 0.6), Part(lexical, 0.4)])
    # a: .6 x 1; b: .6 x .5 + .4 x 1; c: 0; d: .4 x .5
    assert ranking(fused.retrieve("q", 10)) == [("b", 0.7), ("a", 0.6), ("d", 0.2), ("c", 0.0)]
    assert ranking(fused.retrieve("q", 2)) == [("b", 0.7), ("a", 0.6)]


def test_scores_that_hardly_differ_are_not_stretched() -> None:
    dense = Listed({"a": 0.71, "b": 0.70})
    lexical = Listed({"b": 3.0, "c": 1.0})
    stretched = ConvexFusion([Part(dense, 0.6), Part(lexical, 0.4)])
    assert stretched.retrieve("q", 1)[0].chunk.id == "a"
    held = ConvexFusion([Part(dense, 0.6, least_span=0.2), Part(lexical, 0.4)])
    assert ranking(held.retrieve("q", 3)) == [("b", 0.4), ("a", 0.03), ("c", 0.0)]


def test_the_first_hits_do_not_depend_on_how_many_are_asked_for() -> None:
    dense = Listed({f"d{index:02}": 1 - index / 50 for index in range(50)})
    lexical = Listed({f"d{index:02}": float(index) for index in range(20, 60)})
    fused = ConvexFusion([Part(dense, 0.5), Part(lexical, 0.5)], depth=10)
    few, many = ranking(fused.retrieve("q", 10)), ranking(fused.retrieve("q", 60))
    assert many[: len(few)] == few
    assert len(many) == 60
    assert [score for _, score in many] == sorted((score for _, score in many), reverse=True)


def test_rank_fusion_by_hand() -> None:
    fused = RankFusion([Listed({"a": 2.0, "b": 1.0}), Listed({"b": 9.0, "c": 3.0})])
    expected = [("b", 1 / 62 + 1 / 61), ("a", 1 / 61), ("c", 1 / 62)]
    assert ranking(fused.retrieve("q", 5)) == [(name, round(score, 6)) for name, score in expected]


def test_ties_are_broken_by_passage_id() -> None:
    fused = ConvexFusion([Part(Listed({"z": 1.0, "y": 1.0, "x": 1.0}), 1.0)])
    assert [name for name, _ in ranking(fused.retrieve("q", 3))] == ["x", "y", "z"]


def test_a_part_that_finds_nothing_leaves_the_other() -> None:
    fused = ConvexFusion([Part(Listed({}), 0.5), Part(Listed({"a": 3.0, "b": 1.0}), 0.5)])
    assert ranking(fused.retrieve("q", 5)) == [("a", 0.5), ("b", 0.0)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    folder = tmp_path_factory.mktemp("documents")
    topics = ("walrus tusks", "steam engines", "copper mining", "bread ovens", "中文分詞")
    for topic in topics:
        paragraphs = [f"Paragraph {index} speaks about {topic} and number {index * 7}." for index in range(12)]
        (folder / f"{topic.split()[0]}.md").write_text(f"# {topic.title()}\n\n" + "\n\n".join(paragraphs))
    # The same text in two places: both must be found, and both cited.
    (folder / "copy.md").write_text((folder / "steam.md").read_text())
    reranker = tiny_rerankers.bert(tmp_path_factory.mktemp("rerankers") / "bert")
    llm_options = {"rules": RULES, "log": str(tmp_path_factory.mktemp("log") / "prompts")}
    settings = Settings(
        modes=MODES,
        # Ten of fifty passages, so that some are reranked and some are not.
        rerank=RerankSettings(model=str(reranker), depth=10, seconds=600),
        generator=GeneratorSettings(llm="scripted_llm:ScriptedLLM", llm_options=llm_options),
    )
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), settings=settings, create=True) as filled:
        filled.ingest([folder]).wait()
        yield filled


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid", "rank", "nested", *STAGED])
@pytest.mark.parametrize("query", ["steam engines", "中文", "How long are the tusks?", "nothing of the kind"])
def test_every_retriever_keeps_the_contract(base: KnowledgeBase, mode: str, query: str) -> None:
    retriever = base.retriever(mode)
    hits = retriever.retrieve(query, 50)
    keys = [(-hit.score, hit.chunk.id) for hit in hits]
    assert keys == sorted(keys)
    assert len({hit.chunk.id for hit in hits}) == len(hits) <= 50
    assert retriever.retrieve(query, 50) == hits
    assert [hit.chunk for hit in retriever.retrieve(query, 3)] == [hit.chunk for hit in hits[:3]]
    assert retriever.retrieve(query, 0) == []


def test_words_and_meaning_find_the_right_document(base: KnowledgeBase) -> None:
    for mode in ("dense", "lexical", "hybrid"):
        assert Path(base.search("the tusks of a walrus", 1, mode=mode)[0].chunk.source).name == "walrus.md"


def test_a_text_that_stands_twice_is_found_in_both_places(base: KnowledgeBase) -> None:
    for mode in ("dense", "lexical", "hybrid"):
        first_two = base.search("steam engines", 2, mode=mode)
        assert {Path(hit.chunk.source).name for hit in first_two} == {"steam.md", "copy.md"}


def test_unknown_modes_and_empty_questions_are_refused(base: KnowledgeBase) -> None:
    with pytest.raises(UserError, match="hybrid, dense, lexical, rank, nested"):
        base.search("question", mode="magic")
    with pytest.raises(UserError, match="empty"):
        base.search("  \n")


def test_a_mode_made_of_itself_or_badly_weighted_is_refused(tmp_path: Path) -> None:
    modes = {
        "loop": ModeSettings(fuse=("dense", "loop")),
        "uneven": ModeSettings(fuse=("dense", "lexical"), weights=(1.0,)),
    }
    with KnowledgeBase.open(home=tmp_path, settings=Settings(modes=modes), create=True) as empty:
        with pytest.raises(SettingsError, match="itself"):
            empty.search("question", mode="loop")
        with pytest.raises(SettingsError, match="2 modes but has 1"):
            empty.search("question", mode="uneven")
