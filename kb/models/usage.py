"""How a checkpoint is to be used: its pooling and its prefixes, and what each was taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.errors import SettingsError
from kb.models.json_files import json_object
from kb.models.published import Card
from kb.models.weights import HEADS, head_places

_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_PROMPTS = "config_sentence_transformers.json"
_SETTINGS, _CARD = "the settings", "the model's card"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value and what it was taken from, in words for people."""

    value: str
    source: str


def pooling_of(folder: Path, places: Sequence[Path], card: Card | None, *, given: str | None) -> Choice:
    """The pooling mode, whose step is at the first of `places`; several joined end to end are named "cls+mean".

    Raises SettingsError where nothing says which it is: of a wrong guess only poor search would tell.
    """
    if not places and given:
        raise SettingsError(f"The model in {folder} has no pooling to choose: leave out embedding.pooling.")
    if not places:
        return Choice("none", "modules.json")
    config = json_object(places[0] / "config.json")
    prompted = "" if config.get("include_prompt", True) else " without prompt"
    if given:
        return Choice(given + prompted, _SETTINGS)
    if config:
        return Choice(_own_pooling(config) + prompted, str((places[0] / "config.json").relative_to(folder)))
    if card:
        return Choice(card.pooling, _CARD)
    if any(path.is_file() for head in HEADS for path in head_places(folder, head)):
        return Choice("cls", "BGE-M3's heads beside it")
    raise SettingsError(
        f"The model in {folder} does not say how a text's vectors become one: set embedding.pooling, "
        'to "cls" for BGE and what FlagEmbedding trained, "mean" for most others, "lasttoken" for decoders.'
    )


def _own_pooling(config: dict[str, object]) -> str:
    given = config.get("pooling_mode") or [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)]
    modes = [str(mode) for mode in given] if isinstance(given, list) else [str(given)]
    return "+".join(modes) or "mean"


def prefixes_of(folder: Path, card: Card | None, *, query: str | None, passage: str | None) -> tuple[Choice, Choice]:
    """What is put before queries and before passages: as given, else as the files say, else as the card does."""
    prompts = json_object(folder / _PROMPTS)
    before_query = _prefix(query, _prompt(prompts, ("query",)), card.query_prefix if card else "")
    before_passage = _prefix(passage, _prompt(prompts, _PASSAGE_PROMPTS), card.passage_prefix if card else "")
    return before_query, before_passage


def _prefix(given: str | None, own: str, published: str) -> Choice:
    if given is not None:
        return Choice(given, _SETTINGS)
    if own:
        return Choice(own, _PROMPTS)
    return Choice(published, _CARD if published else "")


def _prompt(config: dict[str, object], kinds: tuple[str, ...]) -> str:
    prompts = config.get("prompts")
    if not isinstance(prompts, dict):
        return ""
    names = (*kinds, config.get("default_prompt_name"))
    return next((str(prompts[name]) for name in names if name in prompts), "")
