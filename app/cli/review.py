"""Going through drafted questions, one at a time; each decision is written down at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.output import facts, one_line, say, show
from kb.text.plurals import counted

if TYPE_CHECKING:
    from eval.drafting.folder import QuestionFolder

_KEYS = "[a]ccept, [e]dit, [r]eject, [s]kip, [q]uit"


def go_through(folder: Path) -> None:
    """Shows what nobody has decided on yet, and asks; ends with the last, on "q", or at the end of the input."""
    from eval.drafting.folder import QuestionFolder
    from kb.errors import UserError

    questions = QuestionFolder(folder)
    drafts = [row for row in questions.rows() if row.get("status") == "draft"]
    if not questions.file.exists():
        raise UserError(f"There are no questions in {questions.folder}; draft some with `citewell eval questions`.")
    decided = 0
    try:
        for number, row in enumerate(drafts, start=1):
            _show(row, f"{number:,} of {len(drafts):,}")
            decided += _decided(questions, row)
    except (EOFError, KeyboardInterrupt, typer.Abort, StopIteration):
        say("")
    say(f"{counted(decided, 'question')} decided, {counted(len(drafts) - decided, 'draft')} left.")


def _show(row: Mapping[str, object], place: str) -> None:
    evidence = row.get("evidence")
    pieces = [piece for piece in evidence if isinstance(piece, dict)] if isinstance(evidence, list) else []
    stands = [pair for piece in pieces for pair in (("evidence", f"“{piece.get('quote')}”"), ("", _place(piece)))]
    show(f"\n{place}", style="dim")
    show(facts([("question", str(row.get("question"))), ("answer", _answers(row) or "the evidence itself"), *stands]))


def _place(piece: Mapping[str, object]) -> str:
    return f"{piece.get('source')}, page {piece['page']}" if piece.get("page") else str(piece.get("source"))


def _answers(row: Mapping[str, object]) -> str:
    answers = row.get("answers")
    return one_line("; ".join(map(str, answers))) if isinstance(answers, list) else ""


def _decided(questions: QuestionFolder, row: Mapping[str, object]) -> bool:
    """Whether the person decided on the question, other than to skip it. Raises StopIteration to end."""
    identity = str(row["id"])
    while True:
        key = str(typer.prompt(_KEYS, prompt_suffix=": ", err=True)).strip().casefold()[:1]
        if key == "a":
            questions.decide(identity, "accepted")
        elif key == "r":
            questions.decide(identity, "rejected")
        elif key == "e":
            questions.decide(identity, "accepted", **_edited(row))
        elif key == "q":
            raise StopIteration
        elif key != "s":
            continue
        return key != "s"


def _edited(row: Mapping[str, object]) -> dict[str, object]:
    """What the person changed: an answer that holds a semicolon is not taken apart unless it is entered anew."""
    shown = {"question": one_line(str(row["question"])), "answers": _answers(row)}
    entered = {key: str(typer.prompt(key.rstrip("s"), default=text, err=True)).strip() for key, text in shown.items()}
    changes: dict[str, object] = {}
    if entered["question"] not in ("", shown["question"]):
        changes["question"] = entered["question"]
    if entered["answers"] != shown["answers"]:
        changes["answers"] = [part.strip() for part in entered["answers"].split(";") if part.strip()]
    return changes
