"""A server that answers at the pace of a language model: stands before a real one, and draws its answers out."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import ClientSession, web

PAUSE_S = 0.02
"""Between two pieces: fifty a second, as quick as anybody reads."""
_SENTENCES = (
    "这一句只是为了让答案慢慢地长出来，好看看打字的人会不会等。**第二句**更长一些，里面有一处着重，"
    "也有一个逗号。\n\n- 一项\n"
)
_PIECE = 4
"""Characters of a piece."""


@contextmanager
def drawn_out(upstream: str, seconds: float) -> Iterator[str]:
    """The address of a server that passes everything on to another, and takes so long over each streamed answer."""
    loop = asyncio.new_event_loop()
    started: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with ClientSession(upstream) as session:
            runner = web.AppRunner(_app(session, seconds), access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            started.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
            ready.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _app(session: ClientSession, seconds: float) -> web.Application:
    async def pass_on(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        named = {"Content-Type": request.headers["Content-Type"]} if body else {}
        async with session.request(request.method, request.path_qs, data=body or None, headers=named) as reply:
            content = await reply.read()
            if reply.content_type != "text/event-stream":
                return web.Response(status=reply.status, body=content, content_type=reply.content_type)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        hits, _, rest = content.partition(b"\n\n")
        with suppress(ConnectionResetError):  # whoever asked may have seen enough
            await response.write(hits + b"\n\n")
            for number in range(int(seconds / PAUSE_S)):
                start = number * _PIECE % len(_SENTENCES)
                piece = json.dumps({"text": _SENTENCES[start : start + _PIECE]})
                await response.write(f"event: delta\ndata: {piece}\n\n".encode())
                await asyncio.sleep(PAUSE_S)
            await response.write(rest)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pass_on)
    return app
