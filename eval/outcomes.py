"""A question and what was said to it: its metrics, whether it was right, and how it is kept with a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.abstention import Judged
from eval.answer_metrics import answer_values, citation_values, cites_evidence, holds_answer, statement_values
from eval.datasets import Question
from eval.evidence import Target
from eval.journal import Answered
from eval.metrics import Values
from kb.types import JOINT, Citation, Document

Lookup = Callable[[str], Document | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`targets` are the pieces of the question's evidence within the base."""

    question: Question
    answered: Answered
    targets: Sequence[Target]


def outcome_values(outcome: Outcome, document: Lookup) -> Values:
    """A question's metrics, each only where it speaks of the question."""
    answer, question = outcome.answered.answer, outcome.question
    silent = float(answer.abstained)
    values: Values = {}
    if question.answerable:
        values |= answer_values(answer, question.answers) if question.answers else {}
        values["evidence_in_quotes"] = float(any(cites_evidence(one, outcome.targets) for one in answer.citations))
        values["abstained_on_answerable"] = silent
    else:
        values["answered_on_unanswerable"] = 1 - silent
    if not answer.abstained:
        values |= citation_values(answer, [_is_verbatim(citation, document) for citation in answer.citations])
        values |= statement_values(answer)
    return values


def _is_verbatim(citation: Citation, document: Lookup) -> bool:
    """Looked up here and not taken from `citation.verified`, which is the product's own word."""
    found = document(citation.source)
    if found is None or not citation.spans:
        return False
    parts = [found.text[span.start : span.end] for span in citation.spans]
    return all(parts) and JOINT.join(parts) == citation.quote


def judged(outcome: Outcome) -> Judged:
    """Right is an answer whose quotes hold an accepted one, or evidence where no accepted answer stands in that.

    Evidence that stands nowhere in the documents says nothing, if there are accepted answers.
    """
    question, citations = outcome.question, outcome.answered.unguarded.citations
    placed = any(target.quotes for target in outcome.targets)
    if any(target.answers for target in outcome.targets) or (question.answers and not placed):
        right = any(holds_answer(citation.quote, question.answers) for citation in citations)
    else:
        right = any(cites_evidence(citation, outcome.targets) for citation in citations)
    return Judged(
        id=question.id,
        group=question.evidence[0].source if question.evidence else question.id,
        answerable=question.answerable,
        confidence=outcome.answered.answer.confidence or 0.0,
        right=question.answerable and right,
    )


def record(outcome: Outcome) -> dict[str, object]:
    """For people who look at a run, and judges other than these; "right" is of what was withheld, too."""
    question, answer = outcome.question, outcome.answered.answer
    return {
        "id": question.id,
        "question": question.text,
        "answers": list(question.answers),
        "answerable": question.answerable,
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "quotes": [citation.quote for citation in answer.citations],
        "withheld": [citation.quote for citation in outcome.answered.unguarded.citations] if answer.abstained else [],
        "right": judged(outcome).right,
    }
