"""The results of an evaluation as a Markdown table, which reads well in a terminal too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.answer_results import AnswerReport
from eval.comparison import correction, main_comparisons
from eval.results import ConfigResult, RetrievalReport
from kb.text.plurals import counted


def retrieval_table(report: RetrievalReport) -> str:
    """Metrics as rows, configurations as columns, each cell a mean with its 95% interval; below it what to know."""
    header = ["metric", *(result.name for result in report.configs)]
    rows = [[metric, *(_cell(result, metric) for result in report.configs)] for metric in _metrics(report)]
    latency = ["p50 / p95 ms", *(str(result.latency) for result in report.configs)]
    whole = markdown_table(header, [*rows, latency, *_stages(report)])
    return "\n".join([_heading(report), "", *whole, "", *_notes(report)])


def answers_table(report: AnswerReport) -> str:
    """Metrics as rows with their means and 95% intervals; below it what to know."""
    rows = [[metric, str(estimate)] for metric, estimate in report.estimates.items() if estimate]
    if report.quote_words_median is not None:
        rows.append(["quote_words_median", f"{report.quote_words_median:g}"])
    rows.append(["p50 / p95 ms", str(report.latency)])
    rows += [[f"- {name}", str(stage)] for name, stage in report.stages.items()]
    heading = (
        f"**{report.dataset}**: {counted(report.questions, 'question')}, {report.answerable:,} of them answerable, "
        f"answered by {report.generator}; means with 95% intervals"
    )
    return "\n".join([heading, "", *markdown_table(["metric", report.generator], rows), "", *_answer_notes(report)])


def _answer_notes(report: AnswerReport) -> list[str]:
    notes = _drafts(report.drafts)
    missing = report.evidence.items - report.evidence.located
    if missing:
        notes.append(f"Not found in the documents: {missing:,} of {counted(report.evidence.items, 'evidence quote')}.")
    if report.recalled:
        notes.append(f"Taken from a run that was interrupted, with their times: {counted(report.recalled, 'answer')}.")
    if not report.answerable:
        notes.append("No question is answerable: nothing can be said of answers.")
    if report.thresholds:
        notes.append(
            f"fitted: at thresholds from {min(report.thresholds):.3f} to {max(report.thresholds):.3f}, each chosen on "
            "the questions of other documents."
        )
    elif report.answerable == report.questions:
        notes.append("No question is unanswerable: nothing can be said of abstention.")
    return [*notes, *_without_documents(report), f"Values and answers of each question: {report.run}"]


def _heading(report: RetrievalReport) -> str:
    return (
        f"**{report.dataset}**: {counted(report.questions, 'question')}, {counted(report.documents, 'document')}, "
        f"{counted(report.chunks, 'passage')}; means with 95% intervals"
    )


def _stages(report: RetrievalReport) -> list[list[str]]:
    """A row for each stage of what is made of several; empty cells for what is not."""
    names = dict.fromkeys(stage for result in report.configs for stage in result.stages)
    return [[f"- {name}", *(str(result.stages.get(name, "")) for result in report.configs)] for name in names]


def _metrics(report: RetrievalReport) -> list[str]:
    """Where no evidence names a page, the page rows would only repeat the file rows."""
    names = list(report.configs[0].estimates) if report.configs else []
    pages = report.evidence is None or report.evidence.with_page > 0
    return [name for name in names if pages or not name.startswith("page_")]


def _cell(result: ConfigResult, metric: str) -> str:
    return str(result.estimates[metric])


def named_files(what: str, files: Mapping[str, str]) -> list[str]:
    """A heading that says `what` became of the files, and a line for each with the reason; nothing of none."""
    heading = [f"{counted(len(files), 'file')} {what}:"] if files else []
    return [*heading, *(f"- {source}: {reason}" for source, reason in files.items())]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Its lines, with columns padded to line up as they stand."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    return ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in (header, rule, *rows)]


def _notes(report: RetrievalReport) -> list[str]:
    notes = _drafts(report.drafts)
    if report.evidence:
        missing = report.evidence.items - report.evidence.located
        quotes = counted(report.evidence.items, "evidence quote")
        notes.append(f"Located in the documents: {report.evidence.located:,} of {quotes}.")
        if missing:
            notes.append(f"Counted as not found in quote_recall and mrr@10: the other {missing:,}.")
        if 0 < report.evidence.with_page < report.evidence.items:
            notes.append(f"With a page: {report.evidence.with_page:,}; page_recall judges the others by their file.")
    notes.extend(map(str, main_comparisons(report.comparisons)))
    if report.comparisons:
        notes.append(
            f"The verdicts are at the 5% level, with p corrected (Holm) for the {correction(report.comparisons)}."
        )
    return [*notes, *_without_documents(report), f"Values of each query: {report.run}"]


def _drafts(number: int) -> list[str]:
    return [f"Drafts that nobody has accepted yet: {number:,} of the dataset's questions."] if number else []


def _without_documents(report: RetrievalReport | AnswerReport) -> list[str]:
    failed = named_files("could not be ingested", report.failed)
    return [*failed, *named_files("skipped", report.skipped)]
