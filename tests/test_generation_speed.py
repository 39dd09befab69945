"""The benchmark of writing runs, on a model too small for its figures to mean anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_path_writes_and_is_named() -> None:
    command = [sys.executable, ROOT / "benchmarks/generation_speed.py", "--shape", "tiny", "--device", "cpu"]
    command += ["--context", "64", "--tokens", "8", "--askers", "3"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    )
    told = json.loads(done.stdout)
    assert [row["path"] for row in told["paths"]] == [
        "generate",
        "alone",
        "alone, known prefix",
        "generate, together",
        "together",
    ]
    assert all(row["tokens_per_second"] > 0 for row in told["paths"])
    assert told["limit"]["3"] > told["limit"]["1"] > 0
