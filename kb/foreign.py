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
    maker = imported(name, what=what)
    try:
        return maker(**options)
    except Exception as error:
        raise SettingsError(f"{what} cannot be made: {reason(error)}; see to its options.") from error


@contextmanager
def failures_told(what: str, *, kind: type[UserError] = UserError) -> Iterator[None]:
    """Raises an error of that `kind`, with the reason, for whatever is raised within that is not an error of ours."""
    try:
        yield
    except CitewellError:
        raise
    except Exception as error:
        raise kind(f"{what} does not answer: {reason(error)}; see to it, then try again.") from error


def reason(error: Exception) -> str:
    """One line of what went wrong."""
    words = " ".join(str(error).split())
    if isinstance(error, KeyError):  # Its words are but the key.
        words = f"no {words}"
    short = words if len(words) <= _REASON else f"{words[:_REASON]}…"
    return short.rstrip(".") or type(error).__name__


def imported(name: str, *, what: str) -> Callable[..., object]:
    """The class or function `name`; `what` as for `made`. Raises SettingsError where it cannot be imported."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except Exception as error:
        raise SettingsError(
            f"{what} cannot be imported: {reason(error)}; install its package, or name it as package.module:Class."
        ) from error
    if not callable(found):
        raise SettingsError(f"{what} is neither a class nor a function; name one that is.")
    maker: Callable[..., object] = found
    return maker
