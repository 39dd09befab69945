"""Signing in by OpenID Connect, the whole way: the page, a provider of its own process, and back, in Chromium."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from web_server import START_WAIT, ask, free_port, serving

from app.web.access.gate import COOKIE
from app.web.access.provider_sign_in import FAILED, OUT, STATE_COOKIE
from citewell import KnowledgeBase

pytestmark = pytest.mark.browser

PEOPLE = [
    {"sub": "1", "name": "Anna Berg", "email": "anna@example.org", "email_verified": True},
    {"sub": "2", "name": "Ben Weir"},
    {"sub": "3", "name": "Mallory", "email": "anna@example.org", "email_verified": False},
]
PROVIDER = """
import json, sys
from jinja2 import ChoiceLoader, DictLoader
from oidc_provider_mock import User, app
from werkzeug.serving import run_simple

people = [User(sub=person.pop("sub"), claims=person) for person in json.loads(sys.argv[2])]
provider = app(require_nonce=True, user_claims=people)
frame = {"_base.html": "{% block content %}{% endblock %}"}  # Its own has a style sheet of another web site.
provider.jinja_env.loader = ChoiceLoader([DictLoader(frame), provider.jinja_env.loader])
run_simple("127.0.0.1", int(sys.argv[1]), provider, threaded=True)
"""
SETTINGS = """
[web.oidc]
client_id = "citewell"
client_secret = "quiet please"
server_metadata_url = "{provider}/.well-known/openid-configuration"
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
allowed = ["anna@example.org", "2"]
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a provider that asks nobody for a password: who signs in says who they are."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    log = (tmp_path_factory.mktemp("provider") / "log").open("wb")
    line = [sys.executable, "-c", PROVIDER, str(port), json.dumps(PEOPLE)]
    process = subprocess.Popen(line, stderr=log)
    deadline = time.monotonic() + START_WAIT
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(timeout=20)
    log.close()


@pytest.fixture(scope="module")
def address(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home, folder, port = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("documents"), free_port()
    (folder / "mill.txt").write_text("The mill on the Ouse was built by Jonas Weber in 1820.\n")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    (home / "settings.toml").write_text(SETTINGS.format(provider=provider, port=port))
    with serving(home, settings=home / "settings.toml", port=port) as served:
        yield served


def sign_in(page: Page, subject: str) -> None:
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=subject, exact=True).click()


def test_two_people_sign_in_and_one_out(page: Page, browser: Browser, address: str, tmp_path: Path) -> None:
    (file := tmp_path / "note.txt").write_text("The miller was called Jonas Weber.\n")
    page.goto(f"{address.replace('127.0.0.1', 'localhost')}/library")
    sign_in(page, "1")
    expect(page.get_by_test_id("stMain").get_by_text("Anna Berg", exact=True)).to_be_visible()
    assert page.url == f"{address}/library"
    with page.expect_response(lambda answer: "/_stcore/upload_file/" in answer.url) as taken:
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    assert taken.value.status == 204
    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, "Who built the mill?")
    expect(page.locator(".cw-answer").first).to_contain_text("Jonas Weber")
    conversation = page.url

    other = browser.new_page()
    other.goto(conversation)
    sign_in(other, "2")
    expect(other.get_by_test_id("stMain").get_by_text("Ben Weir", exact=True)).to_be_visible()
    expect(other.get_by_test_id("stChatInputTextArea")).to_be_visible()
    expect(other.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    assert other.get_by_text("Who built the mill?").count() == 0
    other.close()

    tab = page.context.new_page()
    tab.goto(conversation)
    expect(tab.locator("h2.cw-question")).to_have_text("Who built the mill?")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("alert")).to_have_text(OUT)
    # What was open elsewhere does not go on.
    expect(tab.get_by_test_id("stTopNavLink").first).to_have_attribute("disabled", "")
    tab.reload()
    expect(tab.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
    page.get_by_role("link", name="Sign out of the service, too").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.url.startswith(f"{address}/oauth2callback")


def test_who_is_not_let_in_sees_a_sentence_and_reaches_nothing(page: Page, address: str) -> None:
    page.goto(address)
    sign_in(page, "3")
    expect(page.get_by_role("alert")).to_contain_text("to add 3 to web.oidc.allowed")
    expect(page.get_by_test_id("stApp")).to_have_count(0)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_have_text(FAILED)

    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert COOKIE not in cookies
    for forged in ({COOKIE: "x" * 43}, {STATE_COOKIE: "e30=.x.y"}, cookies):
        with httpx.Client(base_url=address, cookies=forged) as client:
            assert client.put("/_stcore/upload_file/a/b", content=b"x").status_code == 401
            for path in ("/", "/_stcore/health", "/media/x", "/original?kb=default&source=x"):
                assert client.get(path).status_code == 401
            stray = client.get("/oauth2callback?code=a&state=b")
            assert (stray.status_code, COOKIE in stray.cookies) == (400, False)
