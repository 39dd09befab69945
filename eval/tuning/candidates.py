"""Settings to try: each a few keys with other values than the settings as they are."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from citewell import Settings
from citewell.composition import HYBRID
from kb.errors import UserError
from kb.settings import ModeSettings, changed

BASELINE = "as it is"
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
_DEPTHS = (50, 100, 200)
_FUSION = "modes.hybrid"


@dataclass(frozen=True, slots=True)
class Candidate:
    """`changes` maps keys of the settings, such as "answer.passages", to values; none are the settings as they are."""

    changes: Mapping[str, object]

    @property
    def name(self) -> str:
        return ", ".join(_said(key, value) for key, value in self.changes.items()) or BASELINE

    def applied(self, settings: Settings) -> Settings:
        """`settings` with the changes. Raises SettingsError for a key that there is not, or a value that it refuses."""
        if any(key.startswith(f"{_FUSION}.") for key in self.changes) and "hybrid" not in settings.modes:
            settings = settings.model_copy(update={"modes": {**settings.modes, "hybrid": HYBRID}})
        return changed(settings, self.changes)

    def as_toml(self, settings: Settings) -> str:
        """A settings file that says this of `settings` and nothing else; a mode is said whole."""
        sections: dict[str, dict[str, object]] = {}
        modes = self.applied(settings).modes
        for key, value in self.changes.items():
            *path, last = key.split(".")
            if path[:1] == ["modes"]:
                name = [*path, last][1]
                sections[f"modes.{json.dumps(name)}"] = modes[name].model_dump(mode="json")
            else:
                sections.setdefault(".".join(path), {})[last] = value
        return "\n".join(_section(name, values) for name, values in sections.items())


def fusions() -> list[dict[str, object]]:
    """How `hybrid` can fuse its two parts: by shares and depths, and by ranks."""
    parts = HYBRID.fuse
    weighted = [
        ModeSettings(fuse=parts, weights=(share, round(1 - share, 2)), depth=depth)
        for share in _SHARES
        for depth in _DEPTHS
    ]
    return [{_FUSION: mode.model_dump(mode="json")} for mode in (*weighted, ModeSettings(fuse=parts, method="rrf"))]


def combinations(vary: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Every combination of the values that `vary` lists for its keys."""
    return [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]


def varied(words: Sequence[str]) -> dict[str, list[object]]:
    """The keys and values of texts such as "answer.passages=[5, 10]"; values of a key that is named twice join.

    Raises UserError for what is no list in TOML, or holds dates or numbers without an end, which no setting is.
    """
    found: dict[str, list[object]] = {}
    for key, values in map(_varied, words):
        found.setdefault(key, []).extend(values)
    return found


def _varied(text: str) -> tuple[str, list[object]]:
    key, _, values = text.partition("=")
    try:
        found = tomllib.loads(f"values = {values}")["values"]
        json.dumps(found, allow_nan=False)
    except (KeyError, TypeError, ValueError):
        found = None
    if not (key.strip() and isinstance(found, list) and found):
        raise UserError(f'"{text}" does not list values of a setting; write it as in answer.passages=[5, 10, 20].')
    return key.strip(), found


def _said(key: str, value: object) -> str:
    if key == _FUSION and isinstance(value, dict) and value.keys() == ModeSettings.model_fields.keys():
        how = "ranks" if value["method"] == "rrf" else " to ".join(f"{weight:g}" for weight in value["weights"])
        return f"{' and '.join(value['fuse'])} by {how}, depth {value['depth']}"
    if key == "chunking.target_tokens":
        return f"passages of {value} tokens"
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _section(name: str, values: Mapping[str, object]) -> str:
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    return f"[{name}]\n{''.join(lines)}"
