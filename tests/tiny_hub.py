"""A hub on loopback that serves folders as models, by the few routes of the Hugging Face hub that fetching needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40


@dataclass
class Hub:
    url: str = ""
    fetched: list[str] = field(default_factory=list)
    """The files that were read, as often as they were."""


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    """Serves folder/OWNER/NAME as the model OWNER/NAME."""
    served = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
            match parts:
                case ["api", "models", owner, name, *rest] if (folder / owner / name).is_dir():
                    self._answer(json.dumps(_described(folder / owner / name, f"{owner}/{name}", rest)).encode())
                case [owner, name, "resolve", _, *path] if (folder / owner / name).joinpath(*path).is_file():
                    content = (folder / owner / name).joinpath(*path).read_bytes()
                    self._answer(content, ETag=f'"{_digest(content)}"')
                    if self.command == "GET":
                        served.fetched.append("/".join(path))
                case _:
                    self._answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})

        def _answer(self, content: bytes, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), "X-Repo-Commit": COMMIT, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _described(model: Path, name: str, rest: list[str]) -> object:
    files = sorted(path for path in model.rglob("*") if path.is_file())
    if rest[:1] == ["tree"]:
        return [
            {"type": "file", "path": str(path.relative_to(model)), "size": path.stat().st_size, "oid": _digest(b"")}
            for path in files
        ]
    return {"id": name, "sha": COMMIT, "siblings": [{"rfilename": str(path.relative_to(model))} for path in files]}


def _digest(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
