"""How long people wait for the page: for the first quote after Enter, alone and beside an ingest, and for another page.

    python benchmarks/page_speed.py --home DIR [--kb NAME] [--passages 20000] [--runs 10]

The page is served by a process of its own and looked at in Chromium, which must be installed. Questions are sentences
of the base's own documents, so that each has a quote; a missing base is made of made-up words, which takes minutes.
The ingest is one that another session has started on the page, of documents of the same kind; it goes into the base.
Times are taken in the browser: from the key or the click until the first citation, or the new page's heading or table,
has been painted. Prints JSON: milliseconds, the median of the runs and the slowest.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from app.web.serving import command, environment
from citewell import KnowledgeBase
from eval.speed import write_documents

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PATIENCE = 120_000
SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
WATCH = """([event, target]) => {
  window.waited = new Promise((resolve, reject) => {
    let began = null;
    document.addEventListener(event, () => { began = began ?? performance.now(); }, {capture: true});
    const look = () => {
      if (began !== null && performance.now() - began > 60000) return reject(new Error(`no ${target} within a minute`));
      const shown = began !== null && [...document.querySelectorAll(target)].some(one => one.getClientRects().length);
      shown ? requestAnimationFrame(() => resolve(performance.now() - began)) : requestAnimationFrame(look);
    };
    look();
  });
}"""
"""Keeps how long it takes from the first such event until an element of that selector is painted."""


def main() -> int:
    options = _options()
    questions = _questions(options.home, options.kb, options.passages, options.runs)
    with TemporaryDirectory() as temporary:
        more = Path(temporary) / "more"
        record = _measured(options, questions, more)
    with KnowledgeBase.open(options.kb, home=options.home) as base:
        _forget(base, more)
        status = base.status()
    print(json.dumps({**record, "documents": status.documents, "passages": status.chunks}, indent=2))  # noqa: T201
    return 0


def _measured(options: argparse.Namespace, questions: Sequence[str], more: Path) -> dict[str, object]:
    """`more` is the folder that is made for the ingest."""
    with _serving(options.home, options.kb) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        _first_quote(browser, address, questions[0])  # Loads the models.
        record: dict[str, object] = {"processors": os.cpu_count(), "runs": options.runs}
        record["first_quote_ms"] = _told(_first_quote(browser, address, question) for question in questions)
        record["page_change_ms"] = _told(_page_change(browser, address) for _ in questions)
        with _ingesting(browser, address, more):
            record["first_quote_beside_ingest_ms"] = _told(
                _first_quote(browser, address, question) for question in questions
            )
        browser.close()
    return record


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="where the base lies, or is to be made")
    parser.add_argument("--kb", default="default")
    parser.add_argument("--passages", type=int, default=20_000, help="of a base that is made")
    parser.add_argument("--runs", type=int, default=10)
    return parser.parse_args()


def _questions(home: Path, kb: str, passages: int, number: int) -> list[str]:
    """Sentences of documents drawn at random that get a quote, the same ones for the same base."""
    with KnowledgeBase.open(kb, home=home, create=True) as base:
        if not base.status().chunks:
            with TemporaryDirectory() as folder:
                base.ingest(write_documents(Path(folder) / "documents", passages=passages)).wait()
        ready = [row.source for row in base.documents() if row.state == "ready"]
        random.Random(7).shuffle(ready)  # noqa: S311
        sentences = (_sentence(base, source) for source in ready)
        return list(islice((one for one in sentences if not base.ask(one).answer().abstained), number))


def _sentence(base: KnowledgeBase, source: str) -> str:
    return " ".join(base.passages(source)[0].text.split(".")[0].split()[:20])


@contextmanager
def _serving(home: Path, kb: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, **environment(home=home.resolve(), kb=kb)}
    server = subprocess.Popen(command(port=port), env=variables, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _is_up(address):
            if server.poll() is not None:
                raise SystemExit("The server did not start; what it said stands above.")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def _is_up(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 - an address made above
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _opened(browser: Browser, address: str) -> Iterator[Page]:
    """The page in a session of its own, when it has been written to its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(SETTLED)
    yield page
    context.close()


def _first_quote(browser: Browser, address: str, question: str) -> float:
    with _opened(browser, address) as page:
        box = page.get_by_test_id("stChatInputTextArea")
        box.fill(question)
        page.evaluate(WATCH, ["keydown", ".cw-chip"])
        box.press("Enter")
        return float(page.evaluate("window.waited"))


def _page_change(browser: Browser, address: str) -> float:
    """From Ask to the Library, which lists all documents; the second time, when the page's parts have been fetched."""
    with _opened(browser, address) as page:
        for _ in range(2):
            page.get_by_role("link", name="Ask", exact=True).click()
            page.get_by_test_id("stChatInputTextArea").wait_for()
            page.wait_for_selector(SETTLED)
            page.evaluate(WATCH, ["click", '[data-testid="stDataFrame"]'])
            page.get_by_role("link", name="Library", exact=True).click()
            waited = float(page.evaluate("window.waited"))
            page.wait_for_selector(SETTLED)
        return waited


@contextmanager
def _ingesting(browser: Browser, address: str, folder: Path) -> Iterator[None]:
    """While another session adds documents: more than are done before this is left, when it is stopped."""
    write_documents(folder, passages=20_000, seed=11)
    with _opened(browser, f"{address}/library") as page:
        box = page.get_by_placeholder("/home/me/documents")
        if not box.is_visible():
            page.get_by_text("Add documents").first.click()
        box.fill(str(folder))
        page.get_by_role("button", name="Add to the library").click()
        page.get_by_role("button", name="Stop").first.wait_for()
        yield
        page.get_by_role("button", name="Stop").first.click()


def _forget(base: KnowledgeBase, folder: Path) -> None:
    """The ingest is not to be gone on with: what the Library page shows of it would count in the next measurement."""
    for note in base.jobs():
        if note.errand.paths == (str(folder),):
            base.dismiss(note.id)


def _told(times: Iterator[float]) -> dict[str, float]:
    taken: Sequence[float] = list(times)
    return {"median": round(median(taken)), "slowest": round(max(taken))}


if __name__ == "__main__":
    sys.exit(main())
