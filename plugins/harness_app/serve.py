"""The page's address, and what is loaded to answer at it."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import harness
from harness.plugin import echo


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
        name, token = f"{host}:{listening.getsockname()[1]}", secrets.token_urlsafe(32)
        address = f"http://{name}/?token={token}"
        echo(f"serving {root}\nopen: {address}\nCtrl-C ends the page; runs go on")
        if opens:
            webbrowser.open(address)
        # Loaded while the browser, which waits for an answer from here on, opens.
        from harness_app.guard import Door
        from harness_app.pages import made_app
        from harness_app.server import made_server

        made_server(made_app(root, words, Door(name, token, password))).run(sockets=[listening])
