"""`citewell password`: the line that lets somebody sign in to the web page, and from which nobody learns the password.

A command of its own, since it needs neither a base nor a server, and whoever reads the help must find it.
"""

from __future__ import annotations

import sys
from getpass import getpass

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, say
from kb.errors import UserError

SHORTEST = 8


def password(context: typer.Context) -> None:
    """Make the line for web.users of the settings that lets somebody sign in to the web page."""
    from app.web.access.passwords import LONGEST, hashed

    invocation: Invocation = context.obj
    chosen = _asked()
    if not SHORTEST <= len(chosen) <= LONGEST:
        raise UserError(f"A password has {SHORTEST} to {LONGEST} characters; choose another.")
    line = hashed(chosen)
    if invocation.json:
        print_json({"password": line})
        return
    sys.stdout.write(f"{line}\n")
    if invocation.talks:
        say('Put it into the settings, under [web.users]: NAME = "this line", in quotes.')


def _asked() -> str:
    """What is typed twice, unseen; a program may write it on stdin, once, as a line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass("Password: ", stream=sys.stderr)
    if getpass("The same again: ", stream=sys.stderr) != first:
        raise UserError("That was not the same twice; try again.")
    return first
