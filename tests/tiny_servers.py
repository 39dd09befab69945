"""Servers of OpenAI's protocol on loopback: `transformers serve` on a tiny model, and one that misbehaves as told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Event, Thread
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def transformers_serve(model: Path, *, log: Path) -> Iterator[str]:
    """The address of `transformers serve` for the model in that folder."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(log.parent / "hub")}
    with log.open("w", encoding="utf-8") as file:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", port], env=environment, stdout=file, stderr=file
        )
    try:
        _wait_for(int(port), server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@dataclass
class Scripted:
    """A server that gives `answers` in turn, the last one for ever, and keeps what it is asked."""

    answers: list[Answer]
    models: Answer
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    left: Event = field(default_factory=Event)
    """Set when a reader has gone before the end."""

    def next_answer(self) -> Answer:
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@contextmanager
def scripted(*answers: Answer, models: Answer | None = None) -> Iterator[Scripted]:
    script = Scripted(list(answers), models or said(200, {"data": [{"id": "first"}, {"id": "second"}]}))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.headers.append(dict(self.headers))
            script.models(self)

        def do_POST(self) -> None:
            script.headers.append(dict(self.headers))
            script.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            try:
                script.next_answer()(self)
            except OSError:
                script.left.set()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def said(status: int, body: object, **headers: str) -> Answer:
    """An answer of JSON, or of plain text."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        request.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(text.encode())

    return answer


def streamed(events: Sequence[str | bytes | float], *, promised: int = 0) -> Answer:
    """Events one by one, with pauses of so many seconds; of `promised` bytes the rest is missing."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream; charset=utf-8")
        if promised:
            request.send_header("Content-Length", str(promised))
        request.end_headers()
        for event in events:
            if isinstance(event, float):
                time.sleep(event)
            else:
                request.wfile.write(event if isinstance(event, bytes) else f"data: {event}\n\n".encode())

    return answer


def chunk(content: str | None = None, *, finish: str | None = None, **delta: object) -> str:
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}
    return json.dumps({"object": "chat.completion.chunk", "choices": [choice]})


END = (chunk(finish="stop"), "[DONE]")
