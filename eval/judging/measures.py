"""What a language model is asked of an answer, by LlamaIndex's evaluators, and which verdict its reply is.

The verdict is read here and not taken from the evaluators: there, "yes" passes anywhere in a reply ("I cannot say
yes"), all else fails, a refusal too, and a score without a reason is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from eval.judging.cases import Case

if TYPE_CHECKING:
    from llama_index.core.evaluation import BaseEvaluator
    from llama_index.core.llms import LLM

_YES_OR_NO = re.compile(r"""\W*(?:answer\W+)?(yes|no)(?: *\n|[ *'"”’)]*(?:$|[.,;:!(–—]| -))""", re.IGNORECASE)
_RESULT = re.compile(r"\[RESULT\][\s:*]*(\d+(?:\.\d+)?)", re.IGNORECASE)
_SCORE = re.compile(r"[\s*]*(?:score[\s:*]*)?(\d+(?:\.\d+)?)(?: */ *5)?[ *.]*(?:$|\n)", re.IGNORECASE)


class Verdict(StrEnum):
    """What a reply says. `REFUSED` is any that neither passes nor fails: a refusal, nonsense, nothing at all."""

    PASS = "pass"  # noqa: S105 - a verdict and no password
    FAIL = "fail"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Measure:
    """A question to the judge: `prompt` is what the evaluator asks of an answer, `verdict` reads the reply to it.

    `label` is what people call an answer that passes.
    """

    name: str
    label: str
    evaluator: Callable[[LLM], BaseEvaluator]
    prompt: Callable[[Case], str]
    verdict: Callable[[str], Verdict]

    def applies_to(self, case: Case) -> bool:
        """There is no correctness where nothing is accepted."""
        return self.name != "correctness" or bool(case.accepted)


def yes_or_no(reply: str) -> Verdict:
    """By the reply's first word, which must stand for itself: "No idea" and "Yes and no" are neither."""
    found = _YES_OR_NO.match(_said(reply))
    if not found:
        return Verdict.REFUSED
    return Verdict.PASS if found[1].lower() == "yes" else Verdict.FAIL


def two_points(reply: str) -> Verdict:
    """Passes with both points after "[RESULT]", which all results there must agree on."""
    results = {float(number) for number in _RESULT.findall(_said(reply))}
    if len(results) != 1 or not results <= {0.0, 1.0, 2.0}:
        return Verdict.REFUSED
    return Verdict.PASS if results == {2.0} else Verdict.FAIL


def five_points(reply: str) -> Verdict:
    """Passes from 4 of 5 points, alone in the first line, as the evaluator has it."""
    found = _SCORE.match(_said(reply))
    if not found or not 1 <= float(found[1]) <= 5:
        return Verdict.REFUSED
    return Verdict.PASS if float(found[1]) >= 4 else Verdict.FAIL


def _said(reply: str) -> str:
    """The reply without what a model thought before it."""
    return reply.rpartition("</think>")[2].strip()


def _faithfulness(llm: LLM) -> BaseEvaluator:
    """With its template named, or the evaluator would choose one by the model's name."""
    from llama_index.core.evaluation.faithfulness import DEFAULT_EVAL_TEMPLATE, FaithfulnessEvaluator

    return FaithfulnessEvaluator(llm=llm, eval_template=DEFAULT_EVAL_TEMPLATE)


def _faithfulness_prompt(case: Case) -> str:
    from llama_index.core.evaluation.faithfulness import DEFAULT_EVAL_TEMPLATE

    return str(DEFAULT_EVAL_TEMPLATE.format(query_str=case.answer, context_str="\n\n".join(case.passages)))


def _relevance(llm: LLM) -> BaseEvaluator:
    """Of the answer to its question; RelevancyEvaluator would ask once more whether the passages support it."""
    from llama_index.core.evaluation.answer_relevancy import AnswerRelevancyEvaluator

    return AnswerRelevancyEvaluator(llm=llm, parser_function=_unread)


def _relevance_prompt(case: Case) -> str:
    from llama_index.core.evaluation.answer_relevancy import DEFAULT_EVAL_TEMPLATE

    return str(DEFAULT_EVAL_TEMPLATE.format(query=case.question, response=case.answer))


def _correctness(llm: LLM) -> BaseEvaluator:
    from llama_index.core.evaluation.correctness import CorrectnessEvaluator

    return CorrectnessEvaluator(llm=llm, parser_function=_unread)


def _correctness_prompt(case: Case) -> str:
    from llama_index.core.evaluation.correctness import DEFAULT_EVAL_TEMPLATE

    return str(
        DEFAULT_EVAL_TEMPLATE.format(query=case.question, generated_answer=case.answer, reference_answer=case.reference)
    )


def _unread(reply: str) -> tuple[None, str]:
    """Hands the reply through, in the place of a parser."""
    return None, reply


MEASURES = (
    Measure("faithfulness", "faithful", _faithfulness, _faithfulness_prompt, yes_or_no),
    Measure("relevance", "relevant", _relevance, _relevance_prompt, two_points),
    Measure("correctness", "correct", _correctness, _correctness_prompt, five_points),
)
