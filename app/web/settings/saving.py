"""What becomes of a change: it is checked and written into the settings file; else a sentence says why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.web.settings.switches import WHEN, Switch
from citewell.kept_settings import keep, kept_keys, values_of
from citewell.models import configured_checkpoint
from kb.errors import CitewellError, SettingsError
from kb.models.embedders import local_folder
from kb.settings import Settings, environment_values


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where the settings of a server come from: its home folder, and the file that was `named` at its start, if any."""

    home: Path
    named: Path | None

    def overridden(self) -> dict[str, str]:
        """The settings that variables of the environment hold, over the home's own file, each with the variable."""
        if self.named:
            return {}
        return {
            f"{section}.{name}": f"CITEWELL_{section.upper()}__{name.upper()}"
            for section, values in environment_values().items()
            if isinstance(values, dict)
            for name in values
        }

    def kept(self) -> frozenset[str]:
        return kept_keys(self.home, self.named)


def save(source: SettingsSource, settings: Settings, switch: Switch, value: object) -> str:
    """What to say when it is done. Raises CitewellError, writing nothing, where it cannot be."""
    written = in_file(switch, settings, value)
    _require_same_server(switch.key, str(written or ""), settings)
    _require_there(switch.key, written, settings)
    keep(source.home, source.named, {switch.key: written})
    return f"Saved: {switch.label}. {WHEN[switch.needs]}"


def to_default(source: SettingsSource, settings: Settings, switch: Switch) -> str:
    _require_same_server(switch.key, "", settings)
    keep(source.home, source.named, {switch.key: None})
    return f"Back to the default: {switch.label}. {WHEN[switch.needs]}"


def shown_value(switch: Switch, settings: Settings) -> object:
    """The value of a switch as its control shows it."""
    value = values_of(settings)[switch.key]
    if switch.kind not in ("mode", "stage"):
        return value
    mode, *stages = str(value).split("+")
    return mode if switch.kind == "mode" else switch.stage in stages


def in_file(switch: Switch, settings: Settings, value: object) -> object:
    """The setting's value for what its control shows; None for the default's."""
    if switch.kind in ("text", "model"):
        return str(value or "").strip() or (None if switch.key == "embedding.model" else "")
    if switch.kind not in ("mode", "stage"):
        return value
    mode, *stages = settings.answer.mode.split("+")
    if switch.kind == "mode":
        return "+".join([str(value), *stages])
    others = [stage for stage in stages if stage != switch.stage]
    return "+".join([mode, *others, *([switch.stage] if value else [])])


def _require_same_server(key: str, server: str, settings: Settings) -> None:
    """Raises SettingsError where a key that nobody may see would be sent to another server."""
    if key == "generator.server" and settings.generator.key and server not in ("", settings.generator.server):
        raise SettingsError("The key in generator.key belongs to the server that is set; change both in the file.")


def _require_there(key: str, value: object, settings: Settings) -> None:
    """Raises MissingModel for a model that is not on this machine."""
    if not isinstance(value, str) or not value:
        return
    if key == "embedding.model":
        configured_checkpoint(settings.embedding.model_copy(update={"model": value}))
    elif key == "rerank.model":
        local_folder(value, kind="reranker")
    elif key == "generator.model" and not settings.generator.server:
        local_folder(value, kind="language model")


def save_or_say(source: SettingsSource, settings: Settings, switch: Switch, value: object) -> tuple[bool, str]:
    """Whether it is saved, and the sentence to show."""
    try:
        return True, save(source, settings, switch, value)
    except CitewellError as error:
        return False, str(error)
