"""The page of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.comparison import Comparison, compare_with_reference, correction, main_comparisons
from eval.pages.examples import Compared, changes, looks
from eval.pages.figures import answer_figures, search_figures
from eval.pages.kept import Kept, kept
from eval.pages.page import Group, Page, Source
from eval.runs import Run
from kb.text.plurals import counted


def run_page(run: Run) -> Page:
    """Raises UserError for a run that keeps something else than `citewell eval` writes."""
    known = kept(run)
    estimates, latencies = run.estimates(), known.latencies()
    compared = compare_with_reference(run.values)
    kind = f"answers by {known.generator}" if known.generator else "retrieval"
    searched = search_figures(estimates, latencies)
    answered = answer_figures({known.generator: known}) if known.generator else ()
    return Page(
        title=f"{run.dataset}: {kind}",
        about=tuple(filter(None, [", ".join(_counted(name, count) for name, count in known.counts().items())])),
        comparisons=tuple(main_comparisons(compared)),
        correction=correction(compared),
        estimates=estimates,
        latencies=latencies,
        figures=(*searched, *answered),
        groups=(*_changes(run, known, compared), *looks(known.answers)),
        sources=(source(run, known),),
    )


def source(run: Run, known: Kept, name: str = "") -> Source:
    return Source(
        name,
        str(run.path),
        counts=known.counts(),
        command=known.command,
        fingerprint=run.fingerprint,
        settings=known.settings,
        date=known.date,
        version=known.version,
        judge=known.judge,
        judged=known.judged,
    )


def _counted(things: str, count: int) -> str:
    return counted(count, things.removesuffix("s"))


def _changes(run: Run, known: Kept, comparisons: Sequence[Comparison]) -> Iterator[Group]:
    for a, b in dict.fromkeys((one.a, one.b) for one in comparisons):
        pair = [one for one in comparisons if (one.a, one.b) == (a, b)]
        yield from changes(Compared.of(a, a, run, known), Compared.of(b, b, run, known), pair)
