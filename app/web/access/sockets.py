"""A websocket that ends with the session it was opened in: otherwise a page would go on after signing out."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OVER = 1008


async def until_ended(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, ended: asyncio.Event, seconds: float
) -> None:
    """Runs `app` on a websocket until it is done, `ended` is set, or `seconds` are over."""
    over = asyncio.create_task(_first(ended, seconds))
    closed = False

    async def receiving() -> Message:
        coming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not coming.done():
                coming.cancel()
        if not over.done():
            return coming.result()
        await sending({"type": "websocket.close", "code": OVER})
        return {"type": "websocket.disconnect", "code": OVER}

    async def sending(message: Message) -> None:
        nonlocal closed
        if closed:
            return
        closed = message["type"] == "websocket.close"
        await send(message)

    try:
        await app(scope, receiving, sending)
    finally:
        over.cancel()


async def _first(ended: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return
