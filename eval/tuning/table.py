"""What tuning found as a Markdown table, and below it what to know."""

from __future__ import annotations

from eval.report import markdown_table, named_files
from eval.tuning.tune import Tuning


def tuning_table(tuning: Tuning) -> str:
    """Candidates by their means, best first; then what the choice is worth on questions without a say in it."""
    order = sorted(tuning.estimates, key=lambda name: -tuning.estimates[name].mean)
    rows = [[name, str(tuning.estimates[name])] for name in order]
    gain = tuning.gain
    notes = [
        f"Chosen: {tuning.choice.chosen}.",
        f"By nested cross-validation the choice gains {gain.difference} over the settings as they are: {gain.verdict}.",
        "The means above are of all questions, so that the best of them flatters itself; the gain does not.",
    ]
    if gain.difference.detectable is not None:
        notes.append(f"These {gain.queries:,} questions could have shown a gain of {gain.difference.detectable:.3f}.")
    heading = f"**{tuning.dataset}**: {tuning.metric} with 95% intervals"
    settings = ["", "```toml", tuning.written.rstrip(), "```"] if tuning.helps else []
    notes += named_files("could not be ingested", tuning.failed)
    return "\n".join([heading, "", *markdown_table(["settings", tuning.metric], rows), "", *notes, *settings])
