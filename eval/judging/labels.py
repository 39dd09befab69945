"""What people say of a run's answers: a file for them to fill in, and what they filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.judging.cases import Case
from eval.judging.measures import MEASURES
from eval.lines import Line, add_once, json_rows, text_of
from eval.tasks import evenly
from kb.errors import UserError


@dataclass(frozen=True, slots=True)
class Labels:
    """`by_measure` maps a measure's name to what people say of it, by the question's id.

    `left_out` counts the lines that speak of no answer of the run, or of another answer than the run's.
    """

    by_measure: Mapping[str, Mapping[str, bool]]
    left_out: int = 0


def draft_labels(path: Path, cases: Mapping[str, Case], *, count: int) -> int:
    """Writes `count` of the answers, spread evenly, for people to fill in; returns how many those are.

    Raises UserError where the file is there already, or cannot be written.
    """
    chosen = evenly(list(cases.items()), count)
    text = "".join(json.dumps(_draft(question, case), ensure_ascii=False) + "\n" for question, case in chosen)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists already and may hold labels; name a file that does not.") from None
    except OSError as error:
        raise UserError(f"The labels {path} cannot be written: {error.strerror}.") from error
    return len(chosen)


def read_labels(path: Path, cases: Mapping[str, Case]) -> Labels:
    """The labels in a file with one JSON object a line: the "id" of a question, and "faithful", "relevant" and
    "correct", each true, false, null or missing. Its "answer", where there is one, must be the run's.

    Raises DatasetError, with the line, for anything else, and UserError where no label speaks of the run.
    """
    found: dict[str, dict[str, bool]] = {measure.name: {} for measure in MEASURES}
    seen: set[str] = set()
    left_out = 0
    for line, row in json_rows(path):
        question = text_of(row, "id", line)
        add_once(question, to=seen, place=line)
        said = {measure.name: value for measure in MEASURES if (value := _label(row, measure.label, line)) is not None}
        if question not in cases or row.get("answer", cases[question].answer) != cases[question].answer:
            left_out += bool(said)
            continue
        for measure, value in said.items():
            found[measure][question] = value
    if not any(found.values()):
        raise UserError(f"{path} has no label of an answer that the run gave; `--draft-labels` writes a file for them.")
    return Labels(found, left_out)


def _draft(question: str, case: Case) -> dict[str, object]:
    return {
        "id": question,
        "question": case.question,
        "answer": case.answer,
        "quotes": list(case.passages),
        "accepted": list(case.accepted),
        **{measure.label: None for measure in MEASURES if measure.applies_to(case)},
    }


def _label(row: Mapping[str, object], key: str, line: Line) -> bool | None:
    value = row.get(key)
    if value is not None and not isinstance(value, bool):
        raise line.error(f'"{key}" must be true, false or null')
    return value
