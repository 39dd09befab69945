"""The `citewell` command: its global options, its commands, and what becomes of an error.

A command is a function in a module of its own, entered in the list below; what is slow to import, it imports inside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from app.cli import logs
from app.cli.ask import ask
from app.cli.bench import bench
from app.cli.cache import cache
from app.cli.chat import chat
from app.cli.conversations import conversations
from app.cli.doctor import doctor
from app.cli.documents import list_documents, remove
from app.cli.evaluate import evaluate
from app.cli.health import reindex, status, verify
from app.cli.ingest import ingest
from app.cli.invocation import Invocation
from app.cli.jobs import jobs
from app.cli.models import models
from app.cli.output import say
from app.cli.password import password
from app.cli.progress import INTERRUPTED
from app.cli.search import search
from app.cli.serve import serve
from app.cli.watch import watch
from kb.errors import CitewellError

READER_GONE = 141

CONTEXT = {"help_option_names": ["--help", "-h"], "max_content_width": 100}

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=CONTEXT)


@app.callback(invoke_without_command=True)
def citewell(
    context: typer.Context,
    kb: Annotated[
        str, typer.Option(metavar="NAME", envvar="CITEWELL_KB", help="The knowledge base.", show_envvar=False)
    ] = "default",
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="CITEWELL_HOME",
            help="Where knowledge bases live; else your data folder.",
            show_envvar=False,
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="CITEWELL_SETTINGS", help="Settings, as TOML.", show_envvar=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Write results only.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Ask a folder of documents, and get answers in which every sentence cites the passage it stands on."""
    if version:
        from citewell import __version__

        sys.stdout.write(f"citewell {__version__}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        raise typer.Exit(2)
    context.obj = Invocation(kb, home, settings, as_json, quiet)


for command in (
    ingest,
    watch,
    search,
    ask,
    chat,
    status,
    list_documents,
    remove,
    jobs,
    cache,
    verify,
    reindex,
    doctor,
    bench,
    serve,
    password,
):
    app.command(command.__name__.removesuffix("_documents"))(command)
app.add_typer(models, name="models")
app.add_typer(conversations, name="conversations")
app.add_typer(evaluate, name="eval")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command of `arguments`, else of the process; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    logs.configure()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with get_command(app).make_context("citewell", list(words)) as context:
            context.command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        say(_usage(error))
        return 2
    except CitewellError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered has no reader; without this Python would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return 0


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the arguments, and where to look."""
    message = error.format_message().strip().rstrip(".").replace("Value error, ", "")
    option = getattr(error, "option_name", "")
    if option in ("--kb", "--home", "--settings", "--json", "--quiet"):
        return f"{message}; it goes before the command's name: `citewell {option} ...`."
    context = getattr(error, "ctx", None)
    if context and context.info_name in ("ask", "search") and "unexpected extra argument" in message:
        return f'A question of several words goes in quotes: `{context.command_path} "..."`.'
    return f"{message}; see `{context.command_path if context else 'citewell'} --help`."


if __name__ == "__main__":
    sys.exit(main())
