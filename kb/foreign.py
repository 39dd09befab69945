"""Code that settings name and somebody else wrote: how it is had, and how its failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from kb.errors import CitewellError, SettingsError, UserError

_REASON = 300
"""Characters of what it says of its failure."""


def made(name: str, options: Mapping[str, Any], *, what: str) -> object:
    """What the class or function `name` ("package.module:Class") makes of `options`.

    `what` begins the sentence of an error: 'The retriever "package.module:Class" (retrievers.mine)'. Raises
    SettingsError where it cannot be imported or made.
    """
    maker = _imported(name, what)
    try:
        return maker(**options)
    except Exception as error:
        raise SettingsError(f"{what} cannot be made: {reason(error)}; see to its options.") from error


@contextmanager
def failures_told(what: str) -> Iterator[None]:
    """Raises UserError, with the reason, for whatever is raised within that is not an error of ours."""
    try:
        yield
    except CitewellError:
        raise
    except Exception as error:
        raise UserError(f"{what} does not answer: {reason(error)}; see to it, then search again.") from error


def reason(error: Exception) -> str:
    """One line of what went wrong."""
    words = " ".join(str(error).split())
    short = words if len(words) <= _REASON else f"{words[:_REASON]}…"
    return short.rstrip(".") or type(error).__name__


def _imported(name: str, what: str) -> Callable[..., object]:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise SettingsError(
            f"{what} cannot be imported: {reason(error)}; install its package, or name it as package.module:Class."
        ) from error
    if not callable(found):
        raise SettingsError(f"{what} is neither a class nor a function; name one that is.")
    maker: Callable[..., object] = found
    return maker
