"""The options that say how a question is answered, the same wherever one asks."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Strict = Annotated[
    bool,
    typer.Option("--strict", help="Say only what the documents bear out, in their own words where nothing else is."),
]
By = Annotated[
    Literal["auto", "model", "extractive", "routed"] | None,
    typer.Option(
        "--by", help="Who answers: a language model, the documents' own words, or the one that will do (routed)."
    ),
]
Mode = Annotated[str | None, typer.Option(metavar="NAME", help="The search mode, else that of the settings.")]
