"""`citewell serve`: the web page, as a process of its own that ends with this one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from types import FrameType
from typing import Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, say
from app.web.serving import command, environment
from kb.errors import CitewellError, UserError

ADDRESS = "127.0.0.1"
START_WAIT = 60.0
STOP_WAIT = 10.0
QUIET = {"STREAMLIT_LOGGER_LEVEL": "warning"}


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="The port to listen on.")] = 8501,
) -> None:
    """Open the web page, on this machine only, until Ctrl-C."""
    from citewell.home import base_folder, home_folder

    invocation: Invocation = context.obj
    invocation.settings()
    home = home_folder(invocation.home)
    base_folder(home, invocation.kb)
    _require_free(port)
    file = invocation.settings_file
    variables = environment(home=home, kb=invocation.kb, settings=file.resolve() if file else None)
    signal.signal(signal.SIGTERM, _as_interrupt)
    child = subprocess.Popen(
        command(port=port, address=ADDRESS), env={**QUIET, **os.environ, **variables}, stdout=subprocess.DEVNULL
    )
    try:
        _announce(child, port, invocation)
        code = child.wait()
    except KeyboardInterrupt:
        return
    finally:
        _stop(child)
    raise CitewellError(f"The web page stopped by itself (exit code {code}); what it said last stands above.")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server will: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            reason = "is in use" if error.errno != 13 else "needs rights that you do not have"
            raise UserError(f"Port {port} {reason}; choose another with `citewell serve --port N`.") from error


def _announce(child: subprocess.Popen[bytes], port: int, invocation: Invocation) -> None:
    """Says where the page is once it answers."""
    url = f"http://{ADDRESS}:{port}"
    deadline = time.monotonic() + START_WAIT
    while child.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                break
        time.sleep(0.1)
    else:
        return
    if invocation.json:
        print_json({"url": url})
    elif not invocation.quiet:
        say(f"Citewell is at {url} (Ctrl-C stops it).")


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(STOP_WAIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _as_interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a signal handler is given
    raise KeyboardInterrupt
