"""The answers of a run as a judge gets to see them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eval.runs import Run
from kb.errors import UserError


@dataclass(frozen=True, slots=True)
class Case:
    """An answer with its question, the passages that it quotes and the accepted answers."""

    question: str
    answer: str
    passages: tuple[str, ...]
    accepted: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The accepted answers as one."""
        return " or ".join(self.accepted)

    def reversed(self) -> Case:
        """The same in the opposite order, where there are several of something."""
        return replace(self, passages=self.passages[::-1], accepted=self.accepted[::-1])


def given_answers(run: Run) -> dict[str, Case]:
    """What `run` answered, by the question's id, without abstentions.

    Raises UserError where it answered nothing, and for a run that holds no answers.
    """
    records = run.content.get("answers")
    if not isinstance(records, list):
        raise UserError(f"{run.path} holds no answers to judge: give a run that `citewell eval answers` wrote.")
    try:
        cases = {str(record["id"]): _case(record) for record in records if not record["abstained"]}
    except (KeyError, TypeError):
        raise UserError(f"{run.path} does not hold its answers as `citewell eval answers` writes them.") from None
    if not cases:
        raise UserError(f"{run.path} has no answer to judge: it abstained from each of its {len(records):,} questions.")
    return cases


def _case(record: dict[str, object]) -> Case:
    return Case(str(record["question"]), str(record["answer"]), _texts(record["quotes"]), _texts(record["answers"]))


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, not {value!r}")
    return tuple(map(str, value))
