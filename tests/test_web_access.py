"""Who may see the web page and what the browser may do with it: on the real server, over HTTP and in Chromium."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from streamlit.testing.v1 import AppTest
from web_server import serving

from app.web.access.attempts import MOST_OF_ADDRESS, MOST_OF_BOTH, MOST_OF_NAME, REMEMBERED, SECONDS, Attempts
from app.web.access.browsers import Browsers
from app.web.access.gate import COOKIE, Gate
from app.web.access.hosts import Hosts
from app.web.access.password_sign_in import PasswordSignIn
from app.web.access.passwords import hashed, matches
from app.web.access.provider_sign_in import FAILED, UNREACHABLE, ProviderSignIn, is_allowed
from app.web.access.requests import VISITOR
from app.web.access.sessions import Sessions
from app.web.originals import original_url
from app.web.serving import ENTRY
from citewell import KnowledgeBase
from kb.errors import SettingsError
from kb.settings import Settings, WebSettings, load_settings

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
HASH = hashed(PASSWORD)
PAGE_ONE = "<html><script>document.title = 'ran'</script><p>The mill was sold in 1950.</p></html>"

FAILING = """
import streamlit as st
from kb.errors import StoreError

def foreseen():
    raise StoreError("The disk is full; make room.")

st.button("Foreseen", on_click=foreseen)
1 / 0
"""
FAILING_SERVER = """
import logging
import streamlit as st
from app.web.unforeseen import calmly

logging.basicConfig()
app = st.App("failing.py", on_script_error=calmly)
"""
OIDC = """[web.oidc]
client_id = "citewell"
client_secret = "quiet please"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
redirect_uri = "http://127.0.0.1:8501/oauth2callback"
allowed = ["anna@example.org"]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a base of a text, a page with a script, and a letter with a note."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "mill é.txt").write_text("The mill on the Ouse was built in 1820.\n")
    (folder / "mill.html").write_text(PAGE_ONE)
    (folder / "gone.txt").write_text("The old bridge was torn down in 1911.\n")
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "The miller", "anna@example.org"
    mail.set_content("See the note.")
    mail.add_attachment("The miller was called Jonas Weber.\n", filename="note.txt")
    (folder / "letter.eml").write_bytes(bytes(mail))
    home = tmp_path_factory.mktemp("home")
    (home / "secret.txt").write_text("not a document")
    with KnowledgeBase.open(home=home, create=True) as base:
        base.ingest([folder]).wait()
    (folder / "gone.txt").unlink()
    return home


@pytest.fixture(scope="module")
def sources(home: Path) -> dict[str, str]:
    """The sources of the documents by their names."""
    with KnowledgeBase.open(home=home) as base:
        return {row.name: row.source for row in base.documents()}


@pytest.fixture(scope="module")
def open_house(home: Path) -> Iterator[str]:
    with serving(home) as address:
        yield address


@pytest.fixture(scope="module")
def guarded(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("settings") / "settings.toml"
    file.write_text(f'[web.users]\nanna = "{HASH}"\n"Jörg & Söhne" = "{HASH}"\n')
    with serving(home, settings=file) as address:
        yield address


def test_a_password_is_known_again_and_not_kept() -> None:
    assert matches(PASSWORD, HASH) and PASSWORD not in HASH
    assert not matches(PASSWORD + " ", HASH) and not matches(PASSWORD, None) and not matches("", HASH)
    assert hashed(PASSWORD) != HASH
    assert matches("\u00e9clair", hashed("e\u0301clair"))
    assert HASH.startswith("scrypt$32768$8$1$")


def test_settings_with_users_are_never_written_out() -> None:
    settings = Settings(web={"users": {"anna": HASH}})  # type: ignore[arg-type]
    assert settings.web.users == {"anna": HASH} and settings.web.has_sign_in
    assert "anna" not in settings.model_dump_json() and HASH not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[web.users]\nanna = "{PASSWORD}"\n', "anna needs a line that `citewell password` prints"),
        (f'[web.users]\n" " = "{HASH}"\n', "characters that can be seen"),
        ("[web]\nsession_hours = 0\n", "session_hours"),
        ('[web.oidc]\nclient_id = "a"\n', "is missing"),
    ],
)
def test_wrong_settings_of_sign_in_are_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(SettingsError) as told:
        load_settings(tmp_path / "s.toml")
    assert said in str(told.value) and PASSWORD not in str(told.value)


def test_tries_are_few_and_those_of_others_do_not_count() -> None:
    clock = [0.0]
    attempts = Attempts(now=lambda: clock[0])
    for _ in range(MOST_OF_BOTH):
        assert attempts.admit("anna", "10.0.0.1") == 0
    assert 0 < attempts.admit("anna", "10.0.0.1") <= SECONDS
    assert attempts.admit("anna", "10.0.0.2") == 0 and attempts.admit("bert", "10.0.0.1") == 0
    clock[0] = SECONDS + 1
    assert attempts.admit("anna", "10.0.0.1") == 0


def test_tries_from_everywhere_and_of_every_name_are_counted_too() -> None:
    attempts = Attempts(now=lambda: 0.0)
    admitted = [attempts.admit(f"name-{number}", "10.0.0.1") == 0 for number in range(MOST_OF_ADDRESS + 5)]
    assert sum(admitted) == MOST_OF_ADDRESS
    admitted = [attempts.admit("anna", f"10.1.0.{number}") == 0 for number in range(MOST_OF_NAME + 5)]
    assert sum(admitted) == MOST_OF_NAME
    for number in range(REMEMBERED):
        attempts.admit(f"n{number}", f"a{number}")
    assert len(attempts._times) == REMEMBERED


def test_a_session_ends_when_its_time_is_over_or_somebody_says_so() -> None:
    clock = [0.0]
    sessions = Sessions(1.0, now=lambda: clock[0])
    token, other = (sessions.begin("user:anna", "anna") for _ in range(2))
    session = sessions.of(token)
    assert session is not None and session.visitor == "user:anna" and token != other
    sessions.end(token)
    assert sessions.of(token) is None and session.ended.is_set() and sessions.of(other) is not None
    clock[0] = 3600.0
    assert sessions.of(other) is None


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says who asks, over HTTP once, over a websocket whenever it is asked."""
    name = dict(scope["headers"]).get(VISITOR.lower().encode(), b"").decode()
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": name.encode()})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": name})


def test_a_browser_keeps_its_name_and_cannot_take_anothers() -> None:
    one, two = TestClient(Browsers(echo)), TestClient(Browsers(echo))
    name = one.get("/").text
    assert re.fullmatch(r"browser:[\w-]{32}", name) and one.get("/").text == name
    assert two.get("/").text not in ("", name)
    assert two.get("/", headers={VISITOR: name}).text != name
    with one.websocket_connect("/") as socket:
        socket.send_text("who?")
        assert socket.receive_text() == name
    stranger = TestClient(Browsers(echo), cookies={"citewell_browser": "../../x"})
    assert re.fullmatch(r"browser:[\w-]{32}", stranger.get("/").text)
    cookie = TestClient(Browsers(echo), base_url="https://x").get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" in cookie


def sign_in(client: TestClient | httpx.Client, name: str, password: str, to: str = "/") -> httpx.Response:
    form = re.search(r'name="form" value="([^"]+)"', client.get("/sign-in").text)
    assert form is not None
    data = {"form": form[1], "to": to, "name": name, "password": password}
    return client.post("/sign-in", data=data, follow_redirects=False)


@pytest.fixture
def gate() -> TestClient:
    return TestClient(Gate(echo, sign_in=PasswordSignIn({"anna": HASH}), hours=1.0))


def test_the_gate_opens_to_the_right_password_alone(gate: TestClient) -> None:
    assert gate.get("/").status_code == 401
    turned = gate.get("/library?kb=a", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (turned.status_code, turned.headers["location"]) == (303, "/sign-in?to=/library%3Fkb%3Da")
    for name, password in (("anna", "wrong"), ("bert", PASSWORD), ("", "")):
        assert sign_in(gate, name, password).status_code == 401
    done = sign_in(gate, "anna", PASSWORD, to="/library?kb=a")
    assert (done.status_code, done.headers["location"]) == (303, "/library?kb=a")
    assert gate.get("/").text == "user:anna"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-out", "/a\r\nb"])
def test_the_gate_leads_to_this_server_alone(gate: TestClient, to: str) -> None:
    assert sign_in(gate, "anna", PASSWORD, to=to).headers["location"] == "/"


def test_a_form_of_another_site_signs_nobody_in(gate: TestClient) -> None:
    data = {"form": "guessed", "name": "anna", "password": PASSWORD}
    assert gate.post("/sign-in", data=data, follow_redirects=False).status_code == 403
    assert gate.post("/sign-in", content=b"x" * 100_000).status_code == 413
    assert gate.get("/").status_code == 401


def test_a_session_that_was_brought_along_does_not_become_the_users(gate: TestClient) -> None:
    gate.cookies.set(COOKIE, "planted")
    sign_in(gate, "anna", PASSWORD)
    first = gate.cookies.get(COOKIE, domain="testserver.local")
    assert first not in (None, "planted")
    sign_in(gate, "anna", PASSWORD)
    assert gate.cookies.get(COOKIE, domain="testserver.local") != first
    gate.cookies.clear()
    gate.cookies.set(COOKIE, str(first))
    assert gate.get("/").status_code == 401


def test_too_many_tries_wait_even_with_the_right_password(gate: TestClient) -> None:
    for _ in range(MOST_OF_BOTH):
        sign_in(gate, "anna", "wrong")
    late = sign_in(gate, "anna", PASSWORD)
    assert late.status_code == 429 and int(late.headers["retry-after"]) > 0 and "Too many tries" in late.text


def test_what_somebody_typed_is_not_markup(gate: TestClient) -> None:
    page = sign_in(gate, '"><script>alert(1)</script>', "wrong").text
    assert "<script" not in page and "&lt;script&gt;" in page


def test_websockets_open_and_end_with_the_session(gate: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), gate.websocket_connect("/"):
        pass
    sign_in(gate, "anna", PASSWORD)
    with gate.websocket_connect("/") as socket:
        socket.send_text("who?")
        assert socket.receive_text() == "user:anna"


def test_signing_out_ends_the_open_websocket() -> None:
    async def run() -> list[Message]:
        gate = Gate(echo, sign_in=PasswordSignIn({"anna": HASH}), hours=1.0)
        token = gate.sessions.begin("user:anna", "anna")
        sent: list[Message] = []
        arriving: asyncio.Queue[Message] = asyncio.Queue()
        arriving.put_nowait({"type": "websocket.connect"})

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "websocket", "scheme": "ws", "headers": [(b"cookie", f"{COOKIE}={token}".encode())]}
        open_socket = asyncio.create_task(gate(scope, arriving.get, send))
        while not sent:
            await asyncio.sleep(0)
        gate.sessions.end(token)
        await asyncio.wait_for(open_socket, 10)
        return sent

    assert asyncio.run(run()) == [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1008}]


def test_only_names_of_this_machine_and_its_own_pages_are_heard() -> None:
    own = "kb.example.org:8501"
    client = TestClient(Hosts(echo, ["kb.example.org", "::1"]), base_url=f"http://{own}")
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"Host": "[::1]:8501"}).status_code == 200
    for host in ("evil.example", "", "kb.example.org.evil.example", "["):
        assert client.get("/", headers={"Host": host}).status_code == 400
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"ws://{own}/", headers={"Origin": "null"}):
        pass
    assert client.post("/", headers={"Origin": "null"}).status_code == 200  # As our own forms send it.
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/", headers=headers).status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"ws://{own}/", headers=headers):
            pass
    headers = {"Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/", headers=headers).status_code == 200
    with client.websocket_connect(f"ws://{own}/", headers=headers):
        pass


@pytest.mark.parametrize(
    ("person", "comes_in"),
    [
        ({"sub": "anna-1"}, True),
        ({"sub": "9", "email": "ben@example.org", "email_verified": True}, True),
        ({"sub": "9", "email": "ben@example.org"}, False),
        ({"sub": "9"}, False),
        ({}, False),
    ],
)
def test_of_a_service_only_those_who_are_named_come_in(person: dict[str, object], comes_in: bool) -> None:
    assert is_allowed(person, ("anna-1", "ben@example.org")) is comes_in


def test_a_service_that_is_down_and_an_answer_nobody_asked_for_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(OIDC)
    web = load_settings(tmp_path / "s.toml").web
    assert web.oidc is not None and web.names == ("127.0.0.1",)
    assert "quiet please" not in web.model_dump_json() and "quiet please" not in repr(web)
    provider = ProviderSignIn(web.oidc)
    app = Starlette(middleware=[provider.middleware, Middleware(Gate, sign_in=provider, hours=1.0)])
    client = TestClient(app, follow_redirects=False)
    down = client.get("/sign-in/start")
    assert (down.status_code, UNREACHABLE in down.text) == (502, True)
    for asked in ("code=a&state=b", "error=access_denied", "code=a"):
        stray = client.get(f"/oauth2callback?{asked}")
        assert (stray.status_code, FAILED in stray.text, "set-cookie" in stray.headers) == (400, True, False)
    assert client.get("/oauth2callback").status_code == 200
    start = 'href="http://127.0.0.1:8501/sign-in/start?to='
    for to, leads in (("/library", "/library"), ("//evil.example", "/"), ("/oauth2callback?code=1", "/")):
        assert f'{start}{leads}"' in client.get("/sign-in", params={"to": to}).text


def test_without_authlib_no_server_starts_that_needs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app.web.server import middleware  # Reads the settings of the home that is set.

    (tmp_path / "s.toml").write_text(OIDC)
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(SettingsError, match=r"pip install 'citewell\[oidc\]'"):
        middleware(load_settings(tmp_path / "s.toml").web)


def test_nothing_is_served_before_sign_in(guarded: str, sources: dict[str, str]) -> None:
    with httpx.Client(base_url=guarded) as client:
        paths = ("/", "/_stcore/health", "/_stcore/host-config", "/media/x", "/static/index.html", "/component/x")
        for path in (*paths, original_url("default", sources["mill.html"]), "/_stcore/upload_file/a/b", "/nonesuch"):
            assert client.get(path).status_code == 401, path
        assert client.put("/_stcore/upload_file/a/b", content=b"x").status_code == 401
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        assert client.get("/_stcore/stream", headers=upgrade).status_code == 403
        page = client.get("/sign-in")
        assert "script" not in page.text and "http" not in page.text
        assert sign_in(client, "Jörg & Söhne", PASSWORD).status_code == 303
        assert client.get("/_stcore/health").status_code == 200
        assert client.get("/_stcore/stream", headers=upgrade).status_code == 101


def test_headers_of_every_response(open_house: str, sources: dict[str, str]) -> None:
    for path in ("/", "/nonesuch.js", "/_stcore/health", original_url("default", sources["mill.html"])):
        headers = httpx.get(open_house + path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer" and "camera=()" in headers["permissions-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
    scripts = httpx.get(open_house).headers["content-security-policy"].split(";")[1]
    assert "unsafe-inline" not in scripts


def test_originals_are_those_of_the_base_and_nothing_else(open_house: str, sources: dict[str, str], home: Path) -> None:
    text = httpx.get(open_house + original_url("default", sources["mill é.txt"]))
    assert "built in 1820" in text.text and text.headers["content-type"].startswith("text/plain")
    assert text.headers["content-disposition"] == "inline; filename*=UTF-8''mill%20%C3%A9.txt"
    part = httpx.get(open_house + original_url("default", sources["mill é.txt"]), headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.text) == (206, "mill")

    inside = next(source for name, source in sources.items() if name.endswith("note.txt"))
    letter = httpx.get(open_house + original_url("default", inside))
    assert "Subject: The miller" in letter.text and "letter.eml" in letter.headers["content-disposition"]

    html = httpx.get(open_house + original_url("default", sources["mill.html"]))
    assert html.text == PAGE_ONE and html.headers["content-type"] == "application/octet-stream"
    assert html.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in html.headers["content-security-policy"]

    gone = httpx.get(open_house + original_url("default", sources["gone.txt"]))
    assert (gone.status_code, gone.text.startswith("The file is no longer where it was")) == (404, True)
    known = sources["mill.html"]
    for base, source in (
        ("default", str(home / "secret.txt")),
        ("default", f"{Path(known).parent}/../{Path(known).parent.name}/mill.html"),
        ("default", "/etc/passwd"),
        ("default", ""),
        ("nonesuch", known),
        ("../home/default", known),
    ):
        refused = httpx.get(open_house + original_url(base, source))
        assert (refused.status_code, "not in the library" in refused.text) == (404, True)
    assert not (home / "nonesuch").exists()
    assert original_url("a b", "/x#y&z", 12) == "/original?kb=a+b&source=%2Fx%23y%26z#page=12"


def opened(monkeypatch: pytest.MonkeyPatch, folder: Path, settings: str) -> AppTest:
    (folder / "settings.toml").write_text(settings)
    monkeypatch.setenv("CITEWELL_SETTINGS", str(folder / "settings.toml"))
    return AppTest.from_file(str(ENTRY), default_timeout=60).run()


@pytest.mark.parametrize("settings", [f'[web.users]\nanna = "{HASH}"\n', OIDC])
def test_the_page_shows_nothing_where_the_gate_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: str
) -> None:
    page = opened(monkeypatch, tmp_path, settings)
    assert "citewell serve" in page.error[0].value.replace("\\", "")
    assert not page.chat_input and not page.text_input and not page.button


def quiet(page: Page) -> list[str]:
    """What the browser's policy objects to, as it comes."""
    violations: list[str] = []
    page.on("console", lambda said: violations.append(said.text) if "Content Security" in said.text else None)
    return violations


def ready(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.mark.browser
def test_the_policy_lets_the_pages_work_and_nothing_else(page: Page, open_house: str) -> None:
    violations = quiet(page)
    page.goto(open_house)
    ready(page)
    page.get_by_role("link", name="Library").click()
    expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    ready(page)
    assert violations == []
    # Not a request that the network is asked for: the policy stops it before.
    blocked = page.evaluate(
        """async () => {
            const told = new Promise(done => addEventListener("securitypolicyviolation", e => done(e.blockedURI)))
            await fetch("http://127.0.0.1:9/").catch(() => 0)
            return told
        }"""
    )
    assert blocked.startswith("http://127.0.0.1:9")
    injected = """() => {
        const script = document.createElement("script")
        script.textContent = "window.ran = true"
        document.body.append(script)
        return window.ran === true
    }"""
    assert page.evaluate(injected) is False


@pytest.mark.browser
def test_a_page_among_the_documents_is_saved_and_not_shown(
    page: Page, open_house: str, sources: dict[str, str]
) -> None:
    page.goto(open_house)
    with page.expect_download() as saved:
        page.evaluate("url => { location.href = url }", original_url("default", sources["mill.html"]))
    assert saved.value.suggested_filename == "mill.html"
    assert page.title() != "ran"


def browser_names(context: BrowserContext) -> list[str]:
    return [cookie["value"] for cookie in context.cookies() if cookie["name"] == "citewell_browser"]


@pytest.mark.browser
def test_two_browsers_are_two_people_and_one_is_the_same_after_a_restart(browser: Browser, home: Path) -> None:
    one, two = browser.new_context(), browser.new_context()
    names = []
    for _ in range(2):
        with serving(home) as address:
            for context in (one, two):
                page = context.new_page()
                page.goto(address)
                ready(page)
                names.append(browser_names(context))
    for context in (one, two):
        context.close()
    assert names[0] == names[2] and names[1] == names[3] and names[0] != names[1]
    assert all(len(name) == 1 for name in names)


@pytest.mark.browser
def test_signing_in_and_out(page: Page, guarded: str) -> None:
    violations = quiet(page)
    page.goto(f"{guarded}/library")
    expect(page.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This name and this password do not belong together; try again.")
    expect(page.get_by_label("Name")).to_have_value("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert page.url == f"{guarded}/library"
    expect(page.get_by_test_id("stMain").get_by_text("anna", exact=True)).to_be_visible()
    other = page.context.new_page()
    other.goto(guarded)
    ready(other)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
    assert page.request.get(f"{guarded}/_stcore/health").status == 401
    # What was open elsewhere does not go on.
    other.reload()
    expect(other.get_by_role("heading", name="Sign in to Citewell")).to_be_visible()
    assert violations == []


@pytest.mark.browser
def test_an_unforeseen_error_is_calm_and_stands_in_the_log(page: Page, tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    (tmp_path / "failing_server.py").write_text(FAILING_SERVER)
    with serving(tmp_path, script=tmp_path / "failing_server.py") as address:
        page.goto(address)
        told = page.get_by_test_id("stAlert")
        expect(told).to_contain_text("Something went wrong here")
        number = re.search(r"error ([0-9a-f]{6}) ", told.inner_text())
        assert number is not None
        page.get_by_role("button", name="Foreseen").click()
        expect(told.filter(has_text="The disk is full; make room.")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    log = (tmp_path / "server.log").read_text()
    assert f"Error {number[1]} on the web page" in log and "ZeroDivisionError: division by zero" in log


@pytest.mark.browser
def test_an_unknown_base_in_the_address_is_not_created(open_house: str, home: Path, page: Page) -> None:
    page.goto(f"{open_house}/?kb=elsewhere")
    told = 'There is no knowledge base "elsewhere" here; choose another one above, or make it on the Library page.'
    expect(page.get_by_text(told)).to_be_visible()
    assert not (home / "elsewhere").exists()


def test_web_settings_know_whether_somebody_must_sign_in() -> None:
    assert not WebSettings().has_sign_in
    assert WebSettings(users={"anna": HASH}).has_sign_in
