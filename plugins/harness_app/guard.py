"""Who may ask the page for what: host, origin, token, password, method, size and time of every request."""

from __future__ import annotations

import asyncio
import base64
import secrets
from dataclasses import dataclass

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from harness_app.view import spoken_to

# Seconds from the begin of a connection, or the end of an answer, in which a request's headers are to arrive.
PATIENCE_WITH_HEADERS = 10

# Bytes of a form, and of a file that is uploaded; seconds in which either is to arrive.
MOST_OF_A_FORM, MOST_OF_A_FILE = 2_000_000, 500_000_000
PATIENCE, PATIENCE_WITH_A_FILE = 20.0, 600.0
UPLOAD = "/upload"

# Requests answered at one time; others are refused, so that slow clients hold up no memory.
MOST_REQUESTS = 64

METHODS = ("GET", "HEAD", "POST")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Of what a run folder holds, which may be a stranger's: no script, no form, an origin of its own.
POLICY_OF_REPORTS = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Door:
    """What a request must say to be let in.

    Attributes
    ----------
    host : address and port, as the header ``Host`` has them
    token : in the address once, then in a cookie
    password : asked for by the browser; empty where nobody else reaches the page
    """

    host: str
    token: str
    password: str = ""

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies do not know ports."""
        return f"harness-{self.host.rpartition(':')[2]}"

    def refusal(self, request: Request) -> Response | None:
        """Return why a request is not let in, or where the token's address leads; None where it is let in."""
        headers = request.headers
        if request.method not in METHODS:
            return PlainTextResponse("method not allowed", 405, {"Allow": ", ".join(METHODS)})
        if headers.getlist("host") != [self.host]:
            return PlainTextResponse("another host", 421)
        origins = headers.getlist("origin")
        if (origins or request.method == "POST") and origins != [f"http://{self.host}"]:
            return PlainTextResponse("another origin", 403)
        if self.password and not self._knows_password(headers):
            asks = {"WWW-Authenticate": 'Basic realm="harness", charset="UTF-8"'}
            return PlainTextResponse("password", 401, asks)
        is_front = request.method == "GET" and request.scope["path"] == "/"
        if is_front and _same(request.query_params.get("token", ""), self.token):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
            return answer
        if not _same(request.cookies.get(self.cookie, ""), self.token):
            return PlainTextResponse("open the address that the command printed", 401)
        return None

    def _knows_password(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        try:
            decoded = base64.b64decode(given, validate=True).decode()
        except ValueError:
            return False
        return kind.lower() == "basic" and _same(decoded.partition(":")[2], self.password)


def _same(given: str, known: str) -> bool:
    return secrets.compare_digest(given.encode(errors="replace"), known.encode())


class Guarded:
    """An application behind a door, whose answers tell browsers to load nothing from elsewhere."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door, self._n_answered = app, door, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request, is_file = Request(scope), scope["path"] == UPLOAD
        most, patience = (MOST_OF_A_FILE, PATIENCE_WITH_A_FILE) if is_file else (MOST_OF_A_FORM, PATIENCE)
        length = request.headers.get("content-length", "0")
        refused = self._door.refusal(request)
        if refused is None and (not length.isdecimal() or int(length) > most):
            refused = PlainTextResponse("too much", 413)
        if refused is None and self._n_answered == MOST_REQUESTS:
            refused = PlainTextResponse("too many at once", 503)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        self._n_answered += 1
        try:
            with spoken_to(request):
                await self._app(scope, limited(receive, most, patience), answer)
        finally:
            self._n_answered -= 1


def limited(receive: Receive, most: int, patience: float) -> Receive:
    """Return what receives the body of a request, and refuses more bytes than `most`, or more seconds."""
    deadline, n_bytes, is_whole = asyncio.get_running_loop().time() + patience, 0, False

    async def receive_some() -> Message:
        nonlocal n_bytes, is_whole
        if is_whole:  # what comes now is that the client has gone
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, "too slow") from error
        n_bytes += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if n_bytes > most:
            raise HTTPException(413, "too much")
        return message

    return receive_some


class PromptProtocol(H11Protocol):
    """HTTP/1.1 to clients who are left where the headers of a request take too long."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._wait = self.loop.call_later(PATIENCE_WITH_HEADERS, self._leave)

    def on_response_complete(self) -> None:
        """Begin to wait for the headers of another request."""
        self._wait.cancel()
        self._wait = self.loop.call_later(PATIENCE_WITH_HEADERS, self._leave)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait.cancel()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def made_server(app: ASGIApp) -> uvicorn.Server:
    """Return what serves an application."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        http=PromptProtocol,
        server_header=False,
        date_header=False,
        timeout_keep_alive=PATIENCE_WITH_HEADERS,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    return uvicorn.Server(config)
