"""What holds for every test: no connection leaves the machine, no setting of the machine leaks in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from tqdm import tqdm  # type: ignore[import-untyped]
from web_server import browser, page

from kb.models.conversion import GRAPH
from kb.models.embedders import DEFAULT_MODEL, find_checkpoint, load_embedder
from kb.protocols import Embedder

__all__ = ["browser", "page"]

# Its thread looks after progress bars that stand still; it has ended a process that ran tests (abort on its lock).
tqdm.monitor_interval = 0


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test that makes it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else ""
            assert host == "localhost" or ip_address(host).is_loopback, f"a connection to {address}"
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The embedder is converted once for all tests, and for the processes that they start."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CITEWELL_CACHE", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def packaged_model_stays(model_cache: Path, kept: list[Embedder]) -> Iterator[None]:
    """Once a test has converted it, it stays in memory for the next ones of this process, which open many bases."""
    yield
    if not kept and any(model_cache.glob(f"*-openvino-*/{GRAPH}")):
        graph = find_checkpoint(DEFAULT_MODEL).graph
        if any(model_cache.glob(f"{graph}-*/{GRAPH}")):
            kept.append(load_embedder(model=DEFAULT_MODEL, device="cpu", cache=model_cache))


@pytest.fixture(scope="session")
def kept() -> list[Embedder]:
    return []


@pytest.fixture(scope="session")
def embedder(model_cache: Path) -> Embedder:
    """The packaged all-MiniLM-L6-v2."""
    return load_embedder(model=DEFAULT_MODEL, device="cpu", cache=model_cache)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home folder for knowledge bases, for this test alone."""
    for name in ("CITEWELL_KB", "CITEWELL_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CITEWELL_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
