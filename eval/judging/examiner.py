"""A language model as judge, and how it is asked for one judgement after the other."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from citewell import Settings
from eval.judging.cases import Case
from eval.judging.measures import MEASURES, Measure
from eval.llm import load_llm
from kb.errors import UserError
from kb.models.llama_index_llm import asking

if TYPE_CHECKING:
    from llama_index.core.evaluation import BaseEvaluator
    from llama_index.core.llms import LLM


@dataclass(frozen=True, slots=True)
class Judge:
    """`name` is that of the settings, `identity` differs by all that the settings say of it."""

    llm: LLM
    name: str
    identity: str

    @property
    def model(self) -> str:
        return str(self.llm.metadata.model_name)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One thing to ask: a measure of the answer to the question `id`; `again` where it was asked before."""

    id: str
    measure: Measure
    case: Case
    again: bool = False

    @property
    def prompt(self) -> str:
        return self.measure.prompt(self.case)

    def key(self, judge: Judge) -> str:
        """Of the judge, of all that it is shown, and of the time that it is asked."""
        parts = json.dumps((judge.identity, self.measure.name, self.again, self.prompt))
        return blake2b(parts.encode(), digest_size=16).hexdigest()


class Examiner:
    """Asks a language model, and tells a failure of it from one judgement that it will not give."""

    def __init__(self, llm: LLM, runner: asyncio.Runner) -> None:
        self._llm, self._runner = llm, runner
        self._evaluators = {measure.name: measure.evaluator(llm) for measure in MEASURES}
        self._answered: Judgement | None = None

    def insist(self, judgement: Judgement) -> str:
        """The reply. Raises UserError where the language model fails altogether.

        A filter of contents, say, refuses by an error: where what was answered before is answered again, and this one
        is not, the error is the reply.
        """
        try:
            text = self._ask(judgement)
        except UserError:
            if self._answered is None:
                raise
            self._ask(self._answered)
            return self._ask_or_error(judgement)
        self._answered = judgement
        return text

    def _ask_or_error(self, judgement: Judgement) -> str:
        try:
            return self._ask(judgement)
        except UserError as error:
            return str(error)

    def _ask(self, judgement: Judgement) -> str:
        with asking(self._llm):
            return self._runner.run(_reply(self._evaluators[judgement.measure.name], judgement.case))


def load_judge(settings: Settings) -> Judge:
    """Raises SettingsError where there is no language model to be had."""
    llm = load_llm(settings)
    chosen = settings.evaluation
    parts = json.dumps((chosen.llm, chosen.llm_options, llm.metadata.model_name), default=str, sort_keys=True)
    return Judge(llm, chosen.llm, blake2b(parts.encode(), digest_size=16).hexdigest())


async def _reply(evaluator: BaseEvaluator, case: Case) -> str:
    result = await evaluator.aevaluate(
        query=case.question, response=case.answer, contexts=list(case.passages), reference=case.reference
    )
    return str(result.feedback or "")
