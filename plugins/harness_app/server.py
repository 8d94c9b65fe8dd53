"""What answers the requests of the page's address, and leaves clients that are too slow."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

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
