"""The threshold of a base: from which confidence on a question is answered, who says so, and for how long it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b

from generation.confidence import THRESHOLD, VERSION
from kb.settings import AnswerSettings, Settings, plain
from kb.store.snapshot import Snapshot
from kb.store.store import PARTS
from kb.text.plurals import counted

KEPT = "threshold"
"""Where the manifest keeps a fitted threshold."""
_SEARCH = ("modes", "retrievers")
_STAGES = ("postprocessors", "rerank", "views", "diversity", "expansion", "generator")


@dataclass(frozen=True, slots=True)
class FittedThreshold:
    """A threshold between the confidences of questions that documents answer and do not, and how it was found.

    The errors are shares of the questions of either kind, at thresholds fitted without the documents they belong to;
    None where there were too few documents to tell. `decided_by` is what decides a confidence, besides the documents:
    where any of it differs, the threshold does not hold.
    """

    value: float
    dataset: str
    answerable: int
    unanswerable: int
    abstained_on_answerable: float | None
    answered_on_unanswerable: float | None
    decided_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least confidence of an answer; `why` tells, in a clause, where it comes from.

    `void` tells why a threshold that was fitted for this base does not hold, in a sentence; empty where there is none,
    or it holds.
    """

    value: float
    why: str
    void: str = ""


def deciding(settings: Settings, answer: AnswerSettings, built_with: Mapping[str, str]) -> dict[str, str]:
    """What decides confidences, by name; `built_with` is the embedder and the splitter of a base.

    Models that only stages on top of a mode ask count where there is such a stage.
    """
    every = plain(settings)
    search = [every[name] for name in (*_SEARCH, *(_STAGES if "+" in answer.mode else ()))]
    return {
        "confidence": VERSION,
        **built_with,
        "mode": answer.mode,
        "passages": str(answer.passages),
        # Not the settings themselves: they may hold keys of services, which are written nowhere.
        "search": blake2b(repr(search).encode(), digest_size=8).hexdigest(),
    }


def written(fitted: FittedThreshold) -> str:
    return json.dumps(asdict(fitted))


def threshold_of(snapshot: Snapshot, settings: Settings, answer: AnswerSettings) -> Threshold:
    """That of `answer`, else the one that was fitted for the base, where it holds, else the answerer's own."""
    if answer.threshold is not None:
        return Threshold(answer.threshold, "the settings say so")
    entry = snapshot.meta(KEPT)
    if not entry:
        return Threshold(THRESHOLD, "the answerer's own")
    fitted = FittedThreshold(**json.loads(entry))
    built_with = {part: snapshot.meta(part) for part in PARTS}
    changed = _changed(fitted.decided_by, deciding(settings, answer, built_with))
    if changed:
        return Threshold(THRESHOLD, "the answerer's own", void=_void(fitted, changed))
    return Threshold(fitted.value, _fitted_to(fitted))


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name in now if then.get(name) != now[name]]


def _fitted_to(fitted: FittedThreshold) -> str:
    questions = counted(fitted.answerable + fitted.unanswerable, "question")
    return f"fitted to {questions} of {fitted.dataset}"


def _void(fitted: FittedThreshold, changed: list[str]) -> str:
    names = {"confidence": "how confidence is told", "search": "the settings of search", "passages": "answer.passages"}
    what = ", ".join(names.get(name, f"the {name}") for name in changed)
    return (
        f"The threshold {fitted.value:.3f}, {_fitted_to(fitted)}, does not hold any more ({what} changed); "
        "fit it again with `citewell eval answers DATASET --keep-threshold`."
    )
