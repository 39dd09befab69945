"""`citewell serve`: the web page, as a process of its own that ends with this one.

Everybody on this machine may see it; from elsewhere only those may who sign in.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import time
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.invocation import Invocation
from app.cli.output import print_json, say
from app.web.serving import command, environment
from kb.errors import CitewellError, UserError

if TYPE_CHECKING:
    from kb.settings import WebSettings

HERE = "127.0.0.1"
START_WAIT = 60.0
STOP_WAIT = 10.0
QUIET = {"STREAMLIT_LOGGER_LEVEL": "warning"}


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="The port to listen on.")] = 8501,
    address: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="The address to listen on; any but this machine's own needs sign-in."),
    ] = HERE,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Encrypt, with this certificate (PEM), and --key.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's private key (PEM).")] = None,
) -> None:
    """Open the web page, on this machine only unless told otherwise, until Ctrl-C."""
    from citewell.home import base_folder, home_folder

    invocation: Invocation = context.obj
    web = invocation.settings().web
    _require_sign_in(address, web)
    _require_both(certificate, key)
    home = home_folder(invocation.home)
    base_folder(home, invocation.kb)
    _require_free(port, address)
    file = invocation.settings_file
    variables = environment(home=home, kb=invocation.kb, settings=file.resolve() if file else None)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if not (_is_here(address) or certificate):
        say("What is asked and answered travels unencrypted; give --certificate and --key, or put a proxy before it.")
    line = command(port=port, address=address, hosts=web.names, certificate=certificate, key=key)
    child = subprocess.Popen(line, env={**QUIET, **os.environ, **variables}, stdout=subprocess.DEVNULL)
    try:
        _announce(child, address, port, invocation, is_encrypted=certificate is not None)
        code = child.wait()
    except KeyboardInterrupt:
        return
    finally:
        _stop(child)
    raise CitewellError(f"The web page stopped by itself (exit code {code}); what it said last stands above.")


def _is_here(address: str) -> bool:
    """Whether only this machine reaches `address`. Raises UserError where it is none."""
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError as error:
        raise UserError(f'"{address}" is no address of a machine; write it in numbers, such as {HERE}.') from error


def _require_sign_in(address: str, web: WebSettings) -> None:
    if _is_here(address):
        return
    if not web.has_sign_in:
        raise UserError(
            f"Whoever reaches {address} could read your documents; name those who may in web.users of the settings, "
            "each with what `citewell password` prints, or in web.oidc a service that knows them."
        )
    if ip_address(address).is_unspecified and not web.names:
        raise UserError(
            f"{address} stands for every address of this machine; say in web.hosts of the settings by which names or "
            "addresses people reach it."
        )


def _require_both(certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise UserError("To encrypt, give both --certificate and --key.")
    for file in (certificate, key):
        if file and not file.is_file():
            raise UserError(f"There is no {file}; give the file of a certificate and that of its key.")


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _require_free(port: int, address: str) -> None:
    with socket.socket(_family(address)) as probe:
        # As the server will: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise UserError(f"This machine has no address {address}; give one that it has.") from error
            reason = "is in use" if error.errno != 13 else "needs rights that you do not have"
            raise UserError(f"Port {port} {reason}; choose another with `citewell serve --port N`.") from error


def _announce(
    child: subprocess.Popen[bytes], address: str, port: int, invocation: Invocation, *, is_encrypted: bool
) -> None:
    """Says where the page is once it answers."""
    shown = f"[{address}]" if ":" in address else address
    url = f"{'https' if is_encrypted else 'http'}://{shown}:{port}"
    deadline = time.monotonic() + START_WAIT
    while child.poll() is None and time.monotonic() < deadline:
        with socket.socket(_family(address)) as probe:
            if probe.connect_ex((address, port)) == 0:
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
