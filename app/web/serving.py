"""How the web page is started: as a process of its own that listens on this machine and asks nothing of any other."""

from __future__ import annotations

import sys
from pathlib import Path

ENTRY = Path(__file__).with_name("main.py")
OPTIONS = (
    "--server.headless=true",
    "--server.showEmailPrompt=false",
    "--server.fileWatcherType=none",
    # A web site that lets its own name point at this machine must not reach the page.
    "--server.allowedHosts=127.0.0.1",
    "--server.allowedHosts=localhost",
    "--browser.gatherUsageStats=false",
    "--client.toolbarMode=viewer",
    "--client.showErrorDetails=none",
    "--client.showErrorLinks=false",
    "--theme.paddingTop=1.5rem",
    "--theme.light.primaryColor=#1f6f8b",
    "--theme.dark.primaryColor=#2a7d9c",
)


def command(*, port: int, address: str = "127.0.0.1") -> list[str]:
    """The command line that serves the page; which base it shows stands in `environment`."""
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ENTRY),
        f"--server.address={address}",
        f"--server.port={port}",
        *OPTIONS,
    ]


def environment(*, home: Path, kb: str, settings: Path | None = None) -> dict[str, str]:
    """The variables that tell the page which base to open."""
    chosen = {"CITEWELL_HOME": str(home), "CITEWELL_KB": kb}
    return chosen if settings is None else {**chosen, "CITEWELL_SETTINGS": str(settings)}
