"""A process that does one errand of evaluation, so that the page goes on for everybody meanwhile.

    python -P -m app.web.evaluate.process ERRAND

It says how far it is, a line each ("step" and JSON), and last what came of it ("outcome" and JSON). It stops as if by
Ctrl-C when its input ends: when it is asked to, and when the server that started it is no more.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import interrupt_main
from threading import Thread

from pydantic import TypeAdapter

from app.web.evaluate.errand import Errand, Outcome, Step
from citewell import KnowledgeBase
from citewell.home import home_folder
from citewell.kept_settings import settings_of
from kb.errors import CitewellError
from kb.settings import Settings

ERRAND, STEP, OUTCOME = TypeAdapter(Errand), TypeAdapter(Step), TypeAdapter(Outcome)
_NICENESS = 10
_SAY_EVERY = 0.2
"""Seconds; a change of stage and the end of one are said at once."""


class Reporter:
    """Told each step, says those that are worth showing."""

    def __init__(self) -> None:
        self._said = 0.0
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage or done == total or time.monotonic() - self._said >= _SAY_EVERY:
            self._stage, self._said = stage, time.monotonic()
            _say("step", STEP.dump_json(Step(stage, done, total)))


def run(errand: Errand, told: Reporter) -> Outcome:
    """Does it; raises CitewellError where that is not possible."""
    settings = settings_of(home_folder(), errand.settings)
    if errand.kind == "questions":
        return _draft(errand, settings, told)
    if errand.kind == "answers":
        from eval.answers import evaluate_answers

        answered = evaluate_answers(
            errand.folder,
            mode=errand.mode or None,
            settings=settings,
            home=errand.runs,
            limit=errand.limit,
            progress=told,
        )
        return Outcome(run=answered.run)
    from eval.retrieval import evaluate_retrieval

    found = evaluate_retrieval(
        errand.folder, configs=errand.configs, settings=settings, home=errand.runs, limit=errand.limit, progress=told
    )
    return Outcome(run=found.run)


def _draft(errand: Errand, settings: Settings, told: Reporter) -> Outcome:
    from eval.drafting.question_set import draft_questions
    from eval.llm import load_llm

    llm = load_llm(settings) if settings.evaluation.llm else None
    with KnowledgeBase.open(errand.kb, home=errand.home, settings=settings) as base:
        report = draft_questions(base, errand.folder, count=errand.limit or 1, llm=llm, progress=told)
    return Outcome(drafted=report.drafted)


def _say(what: str, value: bytes) -> None:
    sys.stdout.buffer.write(what.encode() + b" " + value + b"\n")
    sys.stdout.buffer.flush()


def _stop_at_end_of_input() -> None:
    while os.read(0, 1):
        pass
    interrupt_main()


def main(words: list[str]) -> int:
    """The exit code; 130 when it was stopped."""
    os.nice(_NICENESS)
    Thread(target=_stop_at_end_of_input, daemon=True).start()
    try:
        outcome = run(ERRAND.validate_json(words[0]), Reporter())
    except CitewellError as error:
        outcome = Outcome(error=str(error))
    except KeyboardInterrupt:
        return 130
    _say("outcome", OUTCOME.dump_json(outcome))
    return 0


if __name__ == "__main__":
    # Without what the interpreter does at its end: threads of libraries are not waited for.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
