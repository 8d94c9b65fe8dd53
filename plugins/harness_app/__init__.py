"""The command ``harness app``: the way from a data file to the report, in a browser."""

from __future__ import annotations

import os
from pathlib import Path

import click

import harness
from harness.plugin import Coded, SpecError, echo, hookimpl, marked

# Address that nothing but this machine reaches.
LOOPBACK = "127.0.0.1"

PASSWORD = "HARNESS_APP_PASSWORD"  # noqa: S105 - the name of a variable


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Folder of data, specs and runs; by default the current one.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; by default a free one.")
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
@click.option(
    "--host",
    default=LOOPBACK,
    metavar="ADDRESS",
    help=f"Address of this machine that others reach it by. Needs a password in the variable {PASSWORD}.",
)
@click.pass_context
def app(context: click.Context, folder: Path | None, port: int, no_open: bool, host: str) -> None:
    """Open a page to choose a file, write a spec, run it and read its report.

    The page is for this machine alone unless --host says otherwise. Its address has a token, without which
    nothing is answered. Nothing outside the folder is read or written. Runs are processes of their own: they
    go on where the page, or this command, ends.
    """
    import secrets
    import socket
    import webbrowser

    root, password = (folder or Path()).resolve(), os.environ.get(PASSWORD, "")
    if not root.is_dir():
        raise SpecError.at(str(root), marked("is no folder"), hint=marked("name a folder with --folder"))
    if host != LOOPBACK and not password:
        what = Coded("{host} is reached by others, and there is no password", host=host)
        raise SpecError.at("--host", what, hint=Coded("set {name}", name=PASSWORD))
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        what = Coded("cannot be listened at: {reason}", reason=str(error))
        raise harness.MachineError.at(f"{host}:{port}", what, hint=marked("name another --port")) from error
    with listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # no answer waits 40 ms for its end
        name, token = f"{host}:{listening.getsockname()[1]}", secrets.token_urlsafe(32)
        address = f"http://{name}/?token={token}"
        words = marked("serving {root}\nopen: {address}\nCtrl-C ends the page; runs go on")
        echo(Coded(words, root=root, address=address))
        if not no_open:
            webbrowser.open(address)
        # Loaded while the browser, which waits for an answer from here on, opens.
        from harness.plugin.commands import Session
        from harness_app.guard import Door, made_server
        from harness_app.pages import made_app

        application = made_app(Session(context.obj, root), Door(name, token, password))
        made_server(application).run(sockets=[listening])


@hookimpl
def harness_commands() -> list[click.Command]:
    """Offer the command of this plugin."""
    return [app]
