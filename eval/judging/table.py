"""What a judge costs, and what it found and how far it can be trusted, for people to read."""

from __future__ import annotations

from eval.judging.agreement import Agreement
from eval.judging.plan import Cost
from eval.judging.results import JudgeReport
from eval.report import markdown_table
from kb.text.plurals import counted

HEADER = ("metric", "answers", "passed", "refused", "agrees with itself", "agrees with people")


def judge_table(report: JudgeReport) -> str:
    """Measures as rows: their means with 95% intervals, beside them the agreements; below it what to know."""
    rows = [
        [
            f"judge_{result.measure}",
            f"{result.count:,}",
            str(result.passed),
            str(result.refused),
            _agreement(result.itself),
            _agreement(result.people),
        ]
        for result in report.results
    ]
    heading = (
        f"**{report.dataset}**: {counted(report.answers, 'answer')} by {report.generator}, judged by {report.model} "
        f"({report.llm}); shares with 95% intervals"
    )
    return "\n".join([heading, "", *markdown_table(HEADER, rows), "", *_notes(report)])


def cost_text(cost: Cost) -> str:
    """One sentence."""
    rest = cost.judgements - cost.calls
    known = f" ({rest:,} others are known already, or ask the same)" if rest else ""
    time = "how long that takes is known after the first" if cost.seconds is None else _duration(cost.seconds)
    return (
        f"To ask: {counted(cost.calls, 'call')}{known}, {cost.prompt_tokens:,} tokens of prompts by "
        f"{cost.tokenizer}, and the replies; {time}."
    )


def _agreement(found: Agreement | None) -> str:
    return "-" if found is None else str(found)


def _notes(report: JudgeReport) -> list[str]:
    notes = []
    if not report.is_checked:
        notes.append("Nobody has checked this judge: there are no labels by people (--draft-labels, then --labels).")
    if report.labels_left_out:
        notes.append(
            f"Left out, since they speak of other answers than the run's: {counted(report.labels_left_out, 'label')}."
        )
    if any(result.refused.mean for result in report.results):
        notes.append("A refusal is a reply that neither passes nor fails; it counts as not passed.")
    if any(result.itself for result in report.results):
        notes.append("Itself: asked a second time, with quotes and accepted answers in the opposite order.")
    if _undefined(report):
        notes.append("kappa is undefined where both sides only ever give one and the same verdict.")
    if report.abstained:
        notes.append(f"Abstentions, which nobody judged: {report.abstained:,}.")
    return [*notes, f"Values and verdicts of each question: {report.run}"]


def _undefined(report: JudgeReport) -> bool:
    found = [each for result in report.results for each in (result.itself, result.people) if each]
    return any(each.kappa is None for each in found)


def _duration(seconds: float) -> str:
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * unit:
            return f"about {seconds / unit:.1f} {name}"
    return f"about {max(1, round(seconds))} s"
