"""Routing: what one sentence plainly answers is answered in its words, and the language model is asked the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator

from citewell import KnowledgeBase
from citewell.models import Once
from kb.settings import Settings

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "documents"
PLAIN = "Which SQLite setting overwrites deleted data?"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as base:
        assert not base.ingest([SAMPLE]).wait().failed
    return home


@pytest.fixture
def model() -> ScriptedGenerator:
    return ScriptedGenerator("It is so [1].")


@pytest.fixture
def base(filled: Path, model: ScriptedGenerator) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=filled, settings=Settings()) as base:
        base._models.generator = Once(lambda: model)
        yield base


def test_a_plain_question_is_answered_at_once(base: KnowledgeBase, model: ScriptedGenerator) -> None:
    answer = base.ask(PLAIN, by="routed").answer()
    assert answer.generator == "extractive"
    assert "secure_delete" in answer.citations[0].quote
    assert not model.asked


@pytest.mark.parametrize(
    "question",
    [
        "Which search mode does citewell use if I do not pick one?",
        "What does min-max scaling do to the best and the worst candidate of a query?",
    ],
)
def test_the_rest_goes_to_the_model(base: KnowledgeBase, model: ScriptedGenerator, question: str) -> None:
    assert base.ask(question, by="routed").answer().generator == "scripted"
    assert len(model.asked) == 1


def test_one_quote_at_most_never_counts_as_plain(filled: Path, model: ScriptedGenerator) -> None:
    settings = Settings(answer={"quotes": 1})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=filled, settings=settings) as base:
        base._models.generator = Once(lambda: model)
        assert base.ask(PLAIN, by="routed").answer().generator == "scripted"


def test_nothing_is_routed_unless_that_is_asked_for(base: KnowledgeBase, model: ScriptedGenerator) -> None:
    assert base.ask(PLAIN, by="model").answer().generator == "scripted"
