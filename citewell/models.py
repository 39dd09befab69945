"""Which models the settings mean."""

from __future__ import annotations

from pathlib import Path

from citewell.home import cache_folder
from kb.models.embedders import load_embedder
from kb.protocols import Embedder
from kb.settings import EmbeddingSettings


def configured_embedder(settings: EmbeddingSettings, home: Path) -> Embedder:
    """The embedder of the bases in `home`. Raises MissingModel where it is not on this machine."""
    return load_embedder(
        model=settings.model,
        device=settings.device,
        cache=cache_folder(home),
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        dimensions=settings.dimensions,
    )
