"""Reranking: the order of a scorer for the first hits, the order of before for the others, and for all without time."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tiny_rerankers

from citewell import KnowledgeBase, Settings
from kb.errors import MissingModel, SettingsError, UserError
from kb.settings import EmbeddingSettings, RerankSettings
from kb.text.passages import indexed_text
from kb.types import Chunk, Context, Hit
from retrieval.late_interaction import FOUND_WEIGHT, LateInteraction
from retrieval.reranking import OutOfTime, RerankedRetriever


@dataclass(frozen=True)
class Listed:
    """A retriever that always finds these texts, in this order; a passage's id is its place among them."""

    texts: Sequence[str]
    title: str = ""

    def retrieve(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002 - the query decides nothing here
        return [
            Hit(Chunk(f"{place:03}", "d", "/s", text, 0, len(text), context=Context(title=self.title)), 1 / (1 + place))
            for place, text in enumerate(self.texts[:k])
        ]


@dataclass(frozen=True)
class Counting:
    """A scorer for which more of the query's letter is better, and which takes `seconds` for each call."""

    seconds: float = 0.0
    seen: list[str] = field(default_factory=list)

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        self.seen.extend(passages)
        time.sleep(self.seconds)
        return [float(passage.count(query)) for passage in passages]


def ranking(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.chunk.text, hit.score) for hit in hits]


def test_the_first_are_in_the_order_of_the_scorer_and_the_others_below_them() -> None:
    reranked = RerankedRetriever(Listed(["a", "aaa", "", "aa", "aaaa", "aaaaa"]), Counting(), depth=4)
    expected = [("aaa", 3.0), ("aa", 2.0), ("a", 1.0), ("", 0.0), ("aaaa", -1.0), ("aaaaa", -2.0)]
    assert ranking(reranked.retrieve("a", 9)) == expected
    assert ranking(reranked.retrieve("a", 2)) == expected[:2]
    assert ranking(reranked.retrieve("a", 5)) == expected[:5]


def test_the_order_found_counts_as_much_as_is_said() -> None:
    found = Listed(["a", "aa", "aa", "aaaa"])  # Found with 1, 1/2, 1/3 and 1/4.
    reranked = RerankedRetriever(found, Counting(), depth=3, found_weight=1.5)
    assert ranking(reranked.retrieve("a", 4)) == [("a", 2.5), ("aa", 2.375), ("aa", 2.0), ("aaaa", 1.0)]
    alone = RerankedRetriever(Listed(["a"]), Counting(), found_weight=1.5)
    assert ranking(alone.retrieve("a", 1)) == [("a", 1.0)]


def test_the_order_found_counts_alike_however_many_are_judged() -> None:
    found = Listed(
        [str(place) for place in range(100)]
    )  # Found with 1, 1/2, 1/3 ... of which 1/25 is the last that counts.

    def scores(depth: int) -> list[float]:
        hits = RerankedRetriever(found, Counting(), depth=depth, found_weight=1.0).retrieve("a", depth)
        return [hit.score for hit in hits if int(hit.chunk.id) < 25]

    assert scores(25) == scores(100) == pytest.approx([(1 / rank - 1 / 25) / (24 / 25) for rank in range(1, 26)])


def test_equal_texts_are_scored_once_and_stand_by_passage_id() -> None:
    scorer = Counting()
    hits = RerankedRetriever(Listed(["b", "a", "b", "a"]), scorer, depth=4).retrieve("a", 4)
    assert [hit.chunk.id for hit in hits] == ["001", "003", "000", "002"]
    assert sorted(scorer.seen) == ["a", "b"]


def test_a_passage_is_judged_with_its_context() -> None:
    scorer = Counting()
    RerankedRetriever(Listed(["| a | b |"], title="Report"), scorer).retrieve("a", 1)
    assert scorer.seen == ["Report\na b"]


def test_nothing_found_and_nothing_asked_for_score_nothing() -> None:
    scorer = Counting()
    assert RerankedRetriever(Listed([]), scorer).retrieve("a", 5) == []
    assert RerankedRetriever(Listed(["a"]), scorer).retrieve("a", 0) == []
    assert scorer.seen == []


def test_without_time_the_hits_stay_as_they_were_found_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    found, said = Listed(["x" * place for place in range(60)]), []
    reranked = RerankedRetriever(found, Counting(seconds=0.5), depth=50, seconds=0.2, on_timeout=said.append)
    with caplog.at_level(logging.WARNING):
        hits = reranked.retrieve("x", 55)
    assert hits == found.retrieve("x", 55)
    # The first part of 16 is begun within the time, and not interrupted; the second is not begun.
    assert said == [OutOfTime(scored=16, passages=50, seconds=0.2)]
    assert [record.message for record in caplog.records] == [said[0].sentence]
    assert "judged 16 of 50 passages in 0.2 s" in said[0].sentence


def test_within_time_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        hits = RerankedRetriever(Listed(["x" * place for place in range(60)]), Counting(), depth=50).retrieve("x", 1)
    assert ranking(hits) == [("x" * 49, 49.0)]
    assert not caplog.records


def test_a_base_reranks_by_the_model_that_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "colours.md").write_text("\n\n".join(f"# {name}\n\nred {name} river" for name in ("moon", "apple")))
    model = tiny_rerankers.decoder(tmp_path / "model")
    home, settings = tmp_path / "home", Settings(rerank=RerankSettings(model=str(model), seconds=600))
    with KnowledgeBase.open(home=home, settings=settings, create=True) as base:
        base.ingest([tmp_path / "colours.md"]).wait()
        from kb.models.scorers import load_scorer

        hits = base.search("red stone", mode="hybrid+rerank")
        texts = [indexed_text(hit.chunk.context, hit.chunk.text) for hit in hits]
        expected = load_scorer(model=str(model), device="cpu", cache=tmp_path).scores("red stone", texts)
        assert [hit.score for hit in hits] == pytest.approx(expected, abs=1e-4)
        assert expected == sorted(expected, reverse=True)
        assert {hit.chunk.id for hit in hits} == {hit.chunk.id for hit in base.search("red stone")}
        assert base.ask("Which river is red?", mode="dense+rerank").hits


def test_without_a_model_the_embedders_tokens_judge(tmp_path: Path) -> None:
    said = [
        "The heron waits for fish at the river.",
        "Herons nest in tall trees. The stork, their relative, nests on chimneys and eats frogs.",
        "Frogs spawn in ponds in spring, long before the birds that eat them return.",
    ]
    (tmp_path / "birds.md").write_text("\n\n".join(f"# Part {n}\n\n{text}" for n, text in enumerate(said)))
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "birds.md"]).wait()
        question = "Where do storks nest?"
        hits, found = base.search(question, mode="hybrid+rerank"), base.search(question)
        texts = [indexed_text(hit.chunk.context, hit.chunk.text) for hit in hits]
        scores = LateInteraction(base.embedder).scores(question, texts)
        lowest, highest = found[-1].score, found[0].score
        share = {hit.chunk.id: (hit.score - lowest) / (highest - lowest) for hit in found}
        expected = [score + FOUND_WEIGHT * share[hit.chunk.id] for score, hit in zip(scores, hits, strict=True)]
        assert len(hits) == 3
        assert [hit.score for hit in hits] == pytest.approx(expected, abs=2e-3)
        assert "stork" in hits[0].chunk.text


def test_what_the_stage_cannot_do_is_told(tmp_path: Path) -> None:
    pooled = Settings(embedding=EmbeddingSettings(pooling="cls"))
    with KnowledgeBase.open(home=tmp_path / "pooled", settings=pooled, create=True) as base:
        with pytest.raises(SettingsError, match=r"not the mean of its tokens': set rerank\.model"):
            base.search("question", mode="hybrid+rerank")
        with pytest.raises(UserError, match="rerank"):
            base.search("question", mode="hybrid+magic")
    settings = Settings(rerank=RerankSettings(model="nobody/nothing"))
    with (
        KnowledgeBase.open(home=tmp_path / "absent", settings=settings, create=True) as base,
        pytest.raises(MissingModel, match="The reranker nobody/nothing is not on this machine"),
    ):
        base.search("question", mode="hybrid+rerank")
