"""The JSON files of a model's folder."""

from __future__ import annotations

import json
from pathlib import Path

from kb.errors import MissingModel


def json_object(path: Path) -> dict[str, object]:
    """The JSON object in `path`, empty when there is no such file."""
    value = json_value(path) if path.is_file() else {}
    return value if isinstance(value, dict) else {}


def json_value(path: Path) -> object:
    """What is in `path`. Raises MissingModel where that is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MissingModel(f"{path} is not JSON ({error}): use an undamaged copy of the model.") from error
