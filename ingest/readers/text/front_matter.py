"""The fields that stand before the text of a Markdown file, in YAML or TOML: its title, its tags, and others."""

from __future__ import annotations

import re
from typing import NamedTuple

_FRONT_MATTER = re.compile(
    r"(?P<fence>---|\+\+\+)[ \t]*\r?\n(?P<fields>.*?\n)?(?P<close>(?P=fence)|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_FIELDS = {
    fence: re.compile(rf"(?:\s|#.*\n)*(?:[\w.\"'-]+[ \t]*{sign}\s|\Z)") for fence, sign in (("---", ":"), ("+++", "="))
}
"""How front matter begins: with a field, or a comment. Between rules may be text as well."""
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([\"']?)(?P<words>.+?)\1[ \t\r]*$", re.MULTILINE)
_TAGS = re.compile(
    r"^tags[ \t]*[:=][ \t]*(?P<line>\[[^\]]*\]|[^\r\n]*?)[ \t\r]*(?:\n|\Z)(?P<below>(?:[ \t]*-[ \t]+.*(?:\n|\Z))*)",
    re.MULTILINE,
)
_SEEN = re.compile(r"[^\r\n]")


class FrontMatter(NamedTuple):
    """Characters 0..end of a file. `shown` has blanks for the fences, the title and the tags, which are not read as
    text; every other field keeps its place."""

    end: int = 0
    title: str = ""
    tags: tuple[str, ...] = ()
    shown: str = ""


def front_matter(text: str) -> FrontMatter:
    found = _FRONT_MATTER.match(text)
    if not found or not _FIELDS[found["fence"]].match(found["fields"] or ""):
        return FrontMatter()
    fields = found["fields"] or ""
    title, tags = _TITLE.search(fields), _TAGS.search(fields)
    for field in filter(None, (title, tags)):
        fields = fields[: field.start()] + _SEEN.sub(" ", field.group()) + fields[field.end() :]
    foot = text[found.start("close") : found.end()]
    head = text[: found.end() - len(foot) - len(fields)]
    return FrontMatter(
        found.end(),
        title["words"] if title else "",
        tuple(_names(tags)) if tags else (),
        _SEEN.sub(" ", head) + fields + _SEEN.sub(" ", foot),
    )


def _names(tags: re.Match[str]) -> list[str]:
    """Each once: on the line ("[law, tax]"), or below it ("- law")."""
    named = [
        *tags["line"].strip("[]").split(","),
        *(line.strip().removeprefix("-") for line in tags["below"].splitlines()),
    ]
    return list(dict.fromkeys(tag for name in named if (tag := name.strip(" \t\r\n\"'#"))))
