"""The server of the page: one process, which starts those of the command."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn

import harness
from harness.plugin import echo
from harness_app.guard import Door
from harness_app.pages import made_app

# Requests answered at one time; others are refused, so that slow clients hold up no memory.
MOST_REQUESTS = 64


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
        config = uvicorn.Config(
            made_app(root, words, door),
            access_log=False,
            log_level="warning",
            limit_concurrency=MOST_REQUESTS,
            server_header=False,
            date_header=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=2,
            ws="none",
        )
        uvicorn.Server(config).run(sockets=[listening])
