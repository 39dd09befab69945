"""What was measured of a switch, where anything was: sentences with figures that stand in README.md's results too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("gains.json")


@dataclass(frozen=True, slots=True)
class Gain:
    """`switch` is the switch's name, `figures` are parts of the sentence, `command` reproduces them."""

    switch: str
    sentence: str
    figures: tuple[str, ...]
    command: str


@cache
def gains() -> dict[str, Gain]:
    """By the name of the switch."""
    read = json.loads(FILE.read_text(encoding="utf-8"))
    return {entry["switch"]: Gain(**{**entry, "figures": tuple(entry["figures"])}) for entry in read}
