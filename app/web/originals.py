"""The way to the files that the documents of a base came from, for the browser to show or to save."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from kb.errors import CitewellError

ROUTE = "/original"
UNKNOWN = "This document is not in the library; look for it on the Library page."
GONE = "The file is no longer where it was; put it back, or add the document again on the Library page."
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""What a browser shows without running anything of it; other files are saved, but for those that are plain text."""
PLAIN = frozenset({".txt", ".md", ".markdown", ".rst", ".csv", ".tsv", ".log", ".json", ".jsonl", ".toml", ".py"})
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'; sandbox"
FOR_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""A browser's own PDF viewer does not work in a sandbox, and is one."""


def original_url(base_name: str, source: str, page: int | None = None) -> str:
    """Where the browser finds the file that holds the document `source`, a PDF at `page`."""
    where = f"{ROUTE}?{urlencode({'kb': base_name, 'source': source})}"
    return f"{where}#page={page}" if page else where


def serving_originals(find: Callable[[str, str], Path | None]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of ROUTE; `find` gives the file of a document by the names of a base and of its source."""

    async def original(request: Request) -> Response:
        base, source = request.query_params.get("kb", ""), request.query_params.get("source", "")
        try:
            file = await run_in_threadpool(find, base, source)
        except CitewellError:
            file = None
        if file is None:
            return PlainTextResponse(UNKNOWN, 404)
        if not await run_in_threadpool(file.is_file):
            return PlainTextResponse(GONE, 404)
        return _response(file)

    return original


def _response(file: Path) -> FileResponse:
    kind = "text/plain" if file.suffix.lower() in PLAIN else guess_type(file.name)[0] or "application/octet-stream"
    is_shown = kind in SHOWN or kind == "text/plain"
    # A page or a drawing may run scripts, in our name if it is shown from here.
    is_active = not is_shown and ("html" in kind or "xml" in kind or "script" in kind)
    name = quote(file.name, errors="replace")
    return FileResponse(
        file,
        media_type="application/octet-stream" if is_active else kind,
        headers={
            "Content-Security-Policy": FOR_PDF if kind == "application/pdf" else SANDBOX,
            "Content-Disposition": f"{'inline' if is_shown else 'attachment'}; filename*=UTF-8''{name}",
            "Cache-Control": "private, no-cache",
        },
    )
