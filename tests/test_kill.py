"""A change of a base is killed, anywhere: nothing is lost, doubled or left behind, and doing it again completes it.

By default at a sample of places. CITEWELL_KILL=all kills before every store operation and at 60 random moments, which
takes an hour; with --log-cli-level=INFO it tells how the moments spread over the stages of the change.
"""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

logger = logging.getLogger(__name__)

HARNESS = Path(__file__).with_name("interruption.py")
IS_FULL = os.environ.get("CITEWELL_KILL") == "all"
OPERATIONS = 9
MOMENTS = 60 if IS_FULL else 4

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Ask]:
    """Puts a point to the harness, and gives its answer."""
    command = [sys.executable, "-P", str(HARNESS), str(tmp_path_factory.mktemp("interrupted"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as harness:
        assert harness.stdin is not None
        assert harness.stdout is not None
        given, answers = harness.stdin, harness.stdout

        def put(point: str) -> dict[str, Any]:
            given.write(f"{point}\n")
            given.flush()
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield put
        given.close()


def test_undisturbed_the_change_leaves_a_base_in_order(ask: Ask) -> None:
    counted = ask("count")
    assert counted["wrong"] == []
    assert counted["documents"] == 11
    assert len(counted["operations"]) > 200


def test_killed_before_a_store_operation_nothing_is_lost_and_doing_it_again_completes_it(ask: Ask) -> None:
    count = len(ask("count")["operations"])
    points = range(1, count + 1) if IS_FULL else range(1, count + 1, count // OPERATIONS)
    before: Counter[str] = Counter()
    for point in points:
        told = ask(str(point))
        assert told["wrong"] == [], (point, told["operation"], told["stage"])
        # How many operations there are differs a little with how the threads run.
        assert told["killed"] or point > 0.9 * count, f"there was no operation {point}"
        before[f"{told['stage'] or 'opening'}: {told['operation']}" if told["killed"] else "over"] += 1
    logger.info("killed before %d of %d operations: %s", len(points), count, dict(before.most_common()))


def test_killed_at_any_moment_nothing_is_lost_and_doing_it_again_completes_it(ask: Ask) -> None:
    chance = random.Random(None if IS_FULL else 20)  # noqa: S311
    stages: Counter[str] = Counter()
    for _ in range(MOMENTS):
        told = ask(f"{chance.uniform(0, 100):.2f}%")
        assert told["wrong"] == [], told
        stages[(told["stage"] or "opening") if told["killed"] else "over"] += 1
    logger.info("killed at %d moments: %s", MOMENTS, dict(stages.most_common()))
    assert sum(stages.values()) - stages["over"] >= MOMENTS / 2, stages
