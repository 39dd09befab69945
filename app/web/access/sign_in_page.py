"""The pages on which people sign in: one file each, without a script, that asks nothing of anyone."""

from __future__ import annotations

from html import escape
from string import Template

from starlette.responses import HTMLResponse

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · Citewell</title>
<style>
:root { color-scheme: light dark; --text: #1f2933; --page: #f6f7f8; --card: #fff; --line: #7b8794; --blue: #1f6f8b;
  --wrong: #a61b1b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ec; --page: #0e1117; --card: #1a1f29; --line: #7b8794; --blue: #2a7d9c; --wrong: #ff9b9b; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; color: var(--text);
  background: var(--page); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border-radius: .75rem;
  border: 1px solid color-mix(in srgb, var(--line) 40%, transparent); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.2; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: .5rem; }
button, .button { display: block; width: 100%; margin-top: 1.5rem; padding: .65rem; font: inherit; font-weight: 600;
  color: #fff; background: var(--blue); border: 0; border-radius: .5rem; cursor: pointer; text-align: center;
  text-decoration: none; }
.leave { margin: 1rem 0 0; text-align: center; }
.leave a { color: inherit; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
.wrong, .told { margin: 0; font-weight: 600; }
.wrong { color: var(--wrong); }
</style>
</head>
<body>
<main>
<h1>Sign in to Citewell</h1>
$notice
$content
</main>
</body>
</html>
""")
_PASSWORD = Template("""<form method="post" action="/sign-in">
<input type="hidden" name="form" value="$form">
<input type="hidden" name="to" value="$to">
<label for="name">Name</label>
<input id="name" name="name" value="$name" autocomplete="username" autocapitalize="none" spellcheck="false" required
  maxlength="200"$focus_name>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
  maxlength="1000"$focus_password>
<button type="submit">Sign in</button>
</form>""")
_PROVIDER = Template("""<a class="button" href="$start">Sign in</a>$leave""")
_LEAVE = Template("""
<p class="leave"><a href="$leave">Sign out of the service, too</a></p>""")


def password_page(*, form: str, to: str, name: str = "", wrong: str = "", status: int = 200) -> HTMLResponse:
    """The page; `form` is what shows that it is ours when it comes back, `to` is where it leads, `wrong` a sentence."""
    content = _PASSWORD.substitute(
        form=escape(form),
        to=escape(to),
        name=escape(name),
        focus_name="" if name else " autofocus",
        focus_password=" autofocus" if name else "",
    )
    return _page(content, notice=wrong, status=status)


def provider_page(*, start: str, notice: str = "", leave: str = "", status: int = 200) -> HTMLResponse:
    """The page; `start` leads to the service, `leave` out of it."""
    left = _LEAVE.substitute(leave=escape(leave)) if leave else ""
    return _page(_PROVIDER.substitute(start=escape(start), leave=left), notice=notice, status=status)


def _page(content: str, *, notice: str, status: int) -> HTMLResponse:
    said = f'<p class="{"wrong" if status >= 400 else "told"}" role="alert">{escape(notice)}</p>' if notice else ""
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
    return HTMLResponse(_PAGE.substitute(notice=said, content=content), status_code=status, headers=headers)
