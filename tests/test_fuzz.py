"""Damaged files of every format: each gives sound passages, or one sentence; none hangs, crashes or spoils another.

CITEWELL_FUZZ=200 makes so many damaged files of each format, of other damage at every run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from format_samples import MAKERS

from ingest.formats import Formats
from ingest.limits import Limits
from ingest.messages import Done, Parsed, Setup, Task
from ingest.parsers import ParserPool
from ingest.readers.source_file import Refusal, digest
from ingest.splitter import SentenceSplitter
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.models.tokens import TextTokenizer

VARIANTS = int(os.environ.get("CITEWELL_FUZZ", "5"))
SEED = None if "CITEWELL_FUZZ" in os.environ else 11
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Planned:
    task: Task | None


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to four things wrong with it."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        size = chance.choice((1, 1, 2, 8, 64, 1_000))
        content = chance.choice(
            (
                content[:at],
                content[:at] + chance.randbytes(min(size, len(content) - at)) + content[at + size :],
                content[:at] + content[at + size :],
                content[:at] + content[max(0, at - size) : at] * 3 + content[at:],
                content[:at] + chance.choice((b"\x00", b"\xff\xfe", b"<", b"{", b'"', b"(", b"9" * 40)) + content[at:],
            )
        )
    return content


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    chance = random.Random(SEED)  # noqa: S311
    made: list[Path] = []
    for name, make in MAKERS.items():
        content = make(tmp_path / name).read_bytes()
        for number in range(VARIANTS):
            path = tmp_path / f"{number} {name}"
            path.write_bytes(damaged(content, chance))
            made.append(path)
    return made


def test_damaged_files_give_sound_passages_or_a_sentence(files: list[Path]) -> None:
    tokenizer = TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8"))
    setup = Setup(Limits(seconds=20), Formats(), SentenceSplitter(tokenizer, WINDOW))
    pool = ParserPool[Planned](lambda: setup, workers=2, is_cancelled=lambda: False)
    ended: Counter[Path] = Counter()
    reasons: list[str] = []
    with closing(pool.parse(planned(files))) as results:
        for plan, reply in filter(None, results):
            assert plan.task is not None
            if isinstance(reply, Parsed):
                text = reply.document.text
                assert all(text[chunk.start : chunk.end] == chunk.text != "" for chunk in reply.chunks()), plan
            elif isinstance(reply, Refusal):
                reasons.append(reply.reason)
            elif isinstance(reply, Done):
                ended[plan.task.path] += 1
                reasons += [reply.refusal.reason] if reply.refusal else []
    assert ended == Counter(files)
    assert all(reason.endswith(".") and "\n" not in reason and "Traceback" not in reason for reason in reasons)
    assert [reason for reason in reasons if "given up" in reason or "stopped with" in reason] == []


def planned(files: list[Path]) -> Iterator[Planned]:
    return (Planned(Task(path, digest(path))) for path in files)
