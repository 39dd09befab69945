"""The web page as a process of its own, and a browser to look at it; conftest.py offers the fixtures to all tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from app.web.serving import SERVER, command, environment

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_WAIT = 60.0
ANSWER_WAIT = 60_000
"""Milliseconds for which whatever is expected of a page is waited for: machines that check this are slow and shared."""
expect.set_options(timeout=ANSWER_WAIT)


@contextmanager
def serving(
    home: Path, kb: str = "default", *, settings: Path | None = None, script: Path = SERVER, port: int | None = None
) -> Iterator[str]:
    """The address of a server of its own process; what it says is added to the file server.log in `home`."""
    port = port or free_port()
    # From elsewhere than the repository, as people start it.
    variables = environment(home=home, kb=kb, settings=settings)
    line = [str(script) if part == str(SERVER) else part for part in command(port=port)]
    log = (home / "server.log").open("ab")
    server = subprocess.Popen(line, cwd=home, env={**os.environ, **variables}, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_WAIT
        while not is_up(address):
            assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def is_up(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 - an address made above
            return bool(answer.status == 200)
    except HTTPError as error:
        return error.code == 401  # It asks who this is.
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CITEWELL_REQUIRE_ALL") == "1":
            pytest.fail("chromium is not installed, and CITEWELL_REQUIRE_ALL asks for it")
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of which nothing may leave the machine and in which no document may run a script."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked_for: list[str] = []
    alerts: list[str] = []

    def on_alert(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("request", lambda request: asked_for.append(request.url))
    page.on("websocket", lambda channel: asked_for.append(channel.url))
    page.on("dialog", on_alert)
    yield page
    context.close()
    web = [url for url in asked_for if urlparse(url).scheme in ("http", "https", "ws", "wss")]
    assert web and {urlparse(url).hostname for url in web} <= {"127.0.0.1", "localhost"}
    assert not alerts


def ask(page: Page, question: str) -> None:
    """Asks, and waits until the page has been written to its end: until then there are other things in its places."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator("h2.cw-question").first).to_have_text(question)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
