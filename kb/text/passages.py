"""How a passage is put before an embedder, a lexical index or a reader: its context first, then its own words."""

from __future__ import annotations

from kb.types import Context


def heading_path(context: Context) -> str:
    """The title and the headings that lead to a passage, outermost first, each name once in a row."""
    path: list[str] = []
    for name in (context.title, *context.headings):
        if name and (not path or path[-1].casefold() != name.casefold()):
            path.append(name)
    return " > ".join(path)


def indexed_text(context: Context, text: str) -> str:
    """What is embedded for a passage: heading path, table header, then the passage itself, one per line."""
    return "\n".join(part for part in (heading_path(context), context.table, text) if part)
