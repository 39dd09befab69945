"""How the command line writes: one JSON document or calm text on stdout, all else on stderr.

Texts and file names come from documents that nobody vouches for, so what a terminal would obey is taken out of them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from kb.text.visible import unsteered

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

LINE = 100
"""Columns of running text at most; longer lines are hard to read."""
_UNBROKEN = 100_000
_WRAP = re.compile(r"(?<!\n)[ \t]*\n[ \t]*(?!\n|[-*+•|#>]|\d+[.)]\s)")
_STEERING = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What JSON may hold as it stands and a terminal obeys: eight-bit controls, and marks that turn its direction."""


def print_json(value: object) -> None:
    """Writes `value` as the one document on stdout; what steers a terminal, or is no text, becomes escapes."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not is_utf8, allow_nan=False, indent=2)
    sys.stdout.write(_STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def say(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(printable(" ".join(message.splitlines())) + "\n")


def printable(text: str) -> str:
    """`text` without what steers a terminal: escape sequences' controls and marks that turn its direction around."""
    return unsteered(text)


def one_line(text: str) -> str:
    """`text` as printable words with single spaces."""
    return " ".join(printable(text).split())


def show(*renderables: RenderableType, style: str = "") -> None:
    """Results on stdout, one below the other; what another program reads has neither padding nor broken lines."""
    console = stdout()
    renderables = tuple(printable(each) if isinstance(each, str) else each for each in renderables)
    if console.is_terminal:
        return console.print(*renderables, sep="\n", style=style)
    with console.capture() as captured:
        console.print(*renderables, sep="\n", style=style)
    sys.stdout.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))
    return None


def show_table(markdown: str) -> None:
    """A table as it stands, its lines never broken, however narrow the terminal is."""
    sys.stdout.write(printable(markdown) + "\n")


def reflowed(text: str) -> str:
    """`text` without the line breaks that only wrapped it where it was written; paragraphs and list items stay."""
    return _WRAP.sub(" ", text)


def stdout() -> Console:
    return _console(stderr=False)


def stderr() -> Console:
    return _console(stderr=True)


def waiting(message: str, *, shown: bool) -> AbstractContextManager[object]:
    """Shows that something is under way, on a terminal."""
    console = stderr()
    return console.status(message, spinner_style="dim") if shown and console.is_terminal else nullcontext()


def paragraph(text: str, *, indent: int = 0, style: str = "") -> RenderableType:
    """Running text at a readable width."""
    from rich.constrain import Constrain
    from rich.padding import Padding
    from rich.text import Text

    console_text = Text(printable(text), style=style)
    if not sys.stdout.isatty():
        return Text(" " * indent) + console_text
    return Constrain(Padding(console_text, (0, 0, 0, indent), expand=False), LINE)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[str] = ()) -> Table:
    """A table without lines; the columns named in `numbers` are flush right."""
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", collapse_padding=True)
    for name in header:
        grid.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right)
    for row in rows:
        grid.add_row(*(Text(one_line(cell)) for cell in row))
    return grid


def facts(pairs: Iterable[tuple[str, str]], *, indent: int = 2) -> RenderableType:
    """Names and what holds for them, one pair a line."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(name, style="dim"), Text(one_line(value)))
    return Padding(grid, (0, 0, 0, indent), expand=False)


def size(number: int) -> str:
    from rich.filesize import decimal

    return decimal(number)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNBROKEN
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)
