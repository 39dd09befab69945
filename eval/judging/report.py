"""From a judge's verdicts to their shares and agreements, and the run that says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from eval.judging.agreement import agreement
from eval.judging.labels import Labels
from eval.judging.measures import MEASURES, Verdict
from eval.judging.results import PREFIX, Judged, JudgeReport, MeasureResult
from eval.metrics import Values
from eval.runs import Run, save_run
from eval.statistics import estimates
from kb.errors import UserError

_MARK = "-judged-"
"""Between the name of a run and the time at which it was judged."""


def judge_report(
    run: Run,
    judged: Sequence[Judged],
    *,
    llm: str,
    model: str,
    labels: Labels | None,
    calls: int,
    seconds: float,
) -> JudgeReport:
    """What `judged` says of `run`, written down as a run beside it."""
    generator = str(run.content.get("generator"))
    run.config(generator)
    first = [one for one in judged if not one.again]
    answers = len({one.id for one in first})
    name = f"{run.path.stem.partition(_MARK)[0]}{_MARK}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    report = JudgeReport(
        dataset=run.dataset,
        generator=generator,
        llm=llm,
        model=model,
        answers=answers,
        abstained=_abstained(run),
        results=list(_results(judged, labels)),
        values=_values(first),
        labels_left_out=labels.left_out if labels else 0,
        calls=calls,
        seconds=seconds,
        judged=run.path,
        run=run.path.with_name(name),
    )
    try:
        save_run(report.run, _content(run, report, judged))
    except OSError as error:
        raise UserError(f"The judged run {report.run} cannot be written: {error.strerror}.") from error
    return report


def _results(judged: Sequence[Judged], labels: Labels | None) -> Iterable[MeasureResult]:
    """For each measure that applied to any answer."""
    for measure in MEASURES:
        first, second = (_verdicts(judged, measure.name, again=again) for again in (False, True))
        if not first:
            continue
        shares = estimates({kind: [float(one is kind) for one in first.values()] for kind in Verdict})
        said = labels.by_measure[measure.name] if labels else {}
        yield MeasureResult(
            measure=measure.name,
            count=len(first),
            passed=shares[Verdict.PASS],
            refused=shares[Verdict.REFUSED],
            itself=agreement([(first[query], verdict) for query, verdict in second.items()]),
            people=agreement([(first[query], _of_people(value)) for query, value in said.items() if query in first]),
        )


def _verdicts(judged: Iterable[Judged], measure: str, *, again: bool) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in judged if (one.measure, one.again) == (measure, again)}


def _of_people(passes: bool) -> Verdict:
    return Verdict.PASS if passes else Verdict.FAIL


def _values(judged: Iterable[Judged]) -> dict[str, Values]:
    values: dict[str, Values] = defaultdict(dict)
    for one in judged:
        values[one.id][f"{PREFIX}{one.measure}"] = float(one.verdict is Verdict.PASS)
        values[one.id][f"{PREFIX}refused_{one.measure}"] = float(one.verdict is Verdict.REFUSED)
    return dict(values)


def _abstained(run: Run) -> int:
    records = run.content.get("answers")
    return sum(bool(record["abstained"]) for record in records) if isinstance(records, list) else 0


def _content(run: Run, report: JudgeReport, judged: Iterable[Judged]) -> dict[str, object]:
    """All that `run` holds, with the judge's metrics in the place of those of an earlier judge."""
    queries = run.config(report.generator)
    values = {query: {**_unjudged(row), **report.values.get(query, {})} for query, row in queries.items()}
    metrics = run.content.get("metrics")
    return {
        **run.content,
        "metrics": {**_unjudged(metrics if isinstance(metrics, dict) else {}), **report.metrics()},
        "values": {report.generator: values},
        "judge": report.audit(),
        "verdicts": [asdict(one) for one in judged],
        "judged": str(run.path),
        "run": str(report.run),
    }


def _unjudged(metrics: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in metrics.items() if not name.startswith(PREFIX)}
