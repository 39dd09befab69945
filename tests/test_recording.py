"""What a model was told and said is kept, and said again without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_generator import ScriptedGenerator
from tiny_generators import tiny_llama

from citewell import KnowledgeBase, Settings
from generation.recording import RecordedGenerator, RecordingGenerator
from kb.errors import GeneratorError, SettingsError
from kb.protocols import Message

ASKED = (Message("system", "Answer."), Message("user", "Wie heißt\nder Fluss?\u2028"))


def test_a_reply_is_given_again_to_the_same_messages_and_to_no_others(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    recording = RecordingGenerator(ScriptedGenerator("Die Isar, “so” 是的 [1].", "Another."), file)
    assert "".join(recording.stream(ASKED)) == "Die Isar, “so” 是的 [1]."
    assert "".join(recording.stream(ASKED[1:])) == "Another."
    recorded = RecordedGenerator(file)
    assert recorded.name == "scripted"
    assert "".join(recorded.stream(ASKED)) == "Die Isar, “so” 是的 [1]."
    with pytest.raises(GeneratorError, match="no reply to these messages"):
        list(recorded.stream((Message("user", "?"),)))


def test_a_failure_is_given_again_where_it_happened_and_a_stopped_reply_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    recording = RecordingGenerator(ScriptedGenerator("It is so(fails)", "Never finished"), file)
    with pytest.raises(GeneratorError):
        list(recording.stream(ASKED))
    stopped = recording.stream(ASKED[1:])
    next(stopped)
    stopped.close()
    again = RecordedGenerator(file).stream(ASKED)
    assert next(again) == "It is so"
    with pytest.raises(GeneratorError, match="scripted is gone"):
        next(again)
    assert len(file.read_text(encoding="utf-8").split("\n")) == 2


def test_samples_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    recording = RecordingGenerator(ScriptedGenerator("One.", "Another.", "A third."), file)
    said = ["".join(recording.stream(ASKED, sample=sample)) for sample in (2, 0, 1)]
    recorded = RecordedGenerator(file)
    assert ["".join(recorded.stream(ASKED, sample=sample)) for sample in (2, 0, 1)] == said
    with pytest.raises(GeneratorError, match="no reply to these messages"):
        list(recorded.stream(ASKED, sample=3))


def test_a_recording_that_knows_no_samples_has_the_likeliest_replies(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    list(RecordingGenerator(ScriptedGenerator("One."), file).stream(ASKED))
    assert '"sample": 0, ' in file.read_text()
    file.write_text(file.read_text().replace('"sample": 0, ', ""))
    assert "".join(RecordedGenerator(file).stream(ASKED)) == "One."


@pytest.mark.parametrize("content", [None, "nonsense\n", '{"messages": 3}\n'])
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "recording.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"recording\.jsonl"):
        RecordedGenerator(file)


def test_an_evaluation_goes_the_same_way_without_the_model(tmp_path: Path) -> None:
    """A real model with a small window, so that what it reads has to be made to fit."""
    sample = Path(__file__).resolve().parents[1] / "data" / "sample"
    model = {"model": str(tiny_llama(tmp_path / "model", window=700)), "device": "cpu", "max_tokens": 12}
    file = tmp_path / "recording.jsonl"
    question = "What does b = 0 do in BM25?"
    recording = Settings(generator={**model, "record": str(file)})  # type: ignore[arg-type]
    replaying = Settings(generator={"replay": str(file)})  # type: ignore[arg-type]
    with KnowledgeBase.open(home=tmp_path / "home", settings=recording, create=True) as base:
        base.ingest([sample / "documents" / "lexical-search-bm25.pdf"]).wait()
        recorded = base.ask(question).answer()
    with KnowledgeBase.open(home=tmp_path / "home", settings=replaying) as base:
        replayed = base.ask(question).answer()
    assert recorded.generator == "model"
    assert replayed.text == recorded.text
    assert replayed.citations == recorded.citations
