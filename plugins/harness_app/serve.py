"""The server of the page: one process, which starts those of the command."""

from __future__ import annotations

import asyncio
import secrets
import socket
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

import harness
from harness.plugin import echo
from harness_app.guard import Door
from harness_app.pages import made_app

# Seconds from the begin of a connection, or the end of an answer, in which a request's headers are to arrive.
PATIENCE_WITH_HEADERS = 10


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


def serve(root: Path, words: Sequence[str], *, host: str, port: int, password: str, opens: bool) -> None:
    """Serve the page of a folder until a signal ends it.

    Parameters
    ----------
    words : options of the command that say which plugins count
    host : address to listen at; names of machines are not looked up
    opens : whether a browser is opened
    """
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise harness.MachineError.at(
            f"{host}:{port}", f"cannot be listened at: {error}", hint="name another --port"
        ) from error
    with listening:
        door = Door(f"{host}:{listening.getsockname()[1]}", secrets.token_urlsafe(32), password)
        address = f"http://{door.host}/?token={door.token}"
        echo(f"serving {root}\nopen: {address}\nCtrl-C ends the page; runs go on")
        if opens:
            webbrowser.open(address)
        made_server(made_app(root, words, door)).run(sockets=[listening])


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
