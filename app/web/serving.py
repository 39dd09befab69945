"""How the web page is started: as a process of its own that listens on this machine and asks nothing of any other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

ENTRY = Path(__file__).with_name("main.py")
"""The page itself; what is served is SERVER, which has it behind all that guards it."""
SERVER = Path(__file__).with_name("server.py")
LOOPBACK = ("127.0.0.1", "localhost")
OPTIONS = (
    "--server.headless=true",
    "--server.showEmailPrompt=false",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
    # After every click all objects of the process would be looked through, for 130 ms; Python does so when it has to.
    "--runner.postScriptGC=false",
    # With it, Streamlit asks a host on the Internet for this machine's address, where it serves all of them.
    "--logger.hideWelcomeMessage=true",
    "--client.toolbarMode=viewer",
    "--client.showErrorDetails=none",
    "--client.showErrorLinks=false",
    "--theme.paddingTop=1.5rem",
    "--theme.light.primaryColor=#1f6f8b",
    "--theme.dark.primaryColor=#2a7d9c",
)


def command(
    *,
    port: int,
    address: str = "127.0.0.1",
    hosts: Sequence[str] = (),
    certificate: Path | None = None,
    key: Path | None = None,
) -> list[str]:
    """The command line that serves the page; which base it shows stands in `environment`.

    It answers to its address, to `hosts` and to this machine's own names alone: a web site that lets its own name point
    at this machine must not reach the page. With a `certificate` and its `key` it is encrypted.
    """
    known = dict.fromkeys([*LOOPBACK, address, *hosts])
    encryption = [f"--server.sslCertFile={certificate}", f"--server.sslKeyFile={key}"] if certificate and key else []
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(SERVER),
        f"--server.address={address}",
        f"--server.port={port}",
        *(f"--server.allowedHosts={host}" for host in known),
        *encryption,
        *OPTIONS,
    ]


def environment(*, home: Path, kb: str, settings: Path | None = None) -> dict[str, str]:
    """The variables that tell the page which base to open."""
    chosen = {"CITEWELL_HOME": str(home), "CITEWELL_KB": kb}
    return chosen if settings is None else {**chosen, "CITEWELL_SETTINGS": str(settings)}
