"""Nothing leaves the machine: not in Python, where a fixture watches, and not below it, where strace does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_text import picture

_ADDRESS = re.compile(r'sa_family=AF_INET6?, .*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')
_SCRIPT = """
set -e
"$PYTHON" -m app.cli.main ingest "$DOCUMENTS" >/dev/null
"$PYTHON" -m app.cli.main search "walrus tusks" >/dev/null
"$PYTHON" -m app.cli.main list | grep "walrus.png .* ready" >/dev/null
"$PYTHON" -m app.cli.main ask "How long are the tusks of a walrus?" >/dev/null
"""


def test_ingest_search_and_ask_connect_to_nothing_beyond_loopback(tmp_path: Path) -> None:
    if not shutil.which("strace") and not os.environ.get("CITEWELL_REQUIRE_ALL"):
        pytest.skip("strace is not installed")
    documents, home, log = tmp_path / "documents", tmp_path / "empty-home", tmp_path / "connections"
    documents.mkdir()
    home.mkdir()
    (documents / "walrus.md").write_text("# Walrus\n\nThe tusks of a walrus grow to about one metre in length.\n")
    picture(["A walrus weighs a ton."]).save(documents / "walrus.png")
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "HF_HUB_OFFLINE")}
    environment = {
        **kept,
        "HOME": str(home),
        "CITEWELL_HOME": str(tmp_path / "bases"),
        "DOCUMENTS": str(documents),
        "PYTHON": sys.executable,
    }
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(log), "sh", "-c", _SCRIPT],
        env=environment,
        check=True,
        timeout=300,
    )
    addresses = {first or second for first, second in _ADDRESS.findall(log.read_text())}
    assert addresses <= {"127.0.0.1", "::1"}, addresses
    assert list(home.iterdir()) == [], "a library wrote into the user's home folder"


def test_the_fixture_stops_a_connection_that_would_leave_the_machine() -> None:
    import socket

    with socket.socket() as connection, pytest.raises(AssertionError, match="a connection to"):
        connection.connect(("192.0.2.1", 80))
