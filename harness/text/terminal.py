"""Text for a terminal: what data, specs and plugins say moves no cursor and turns no text around."""

from __future__ import annotations

import click

from harness.errors import MachineError
from harness.text.plain_text import LEFT_OUT

_LEFT_OUT = {code: None for code in LEFT_OUT if chr(code) not in "\n\t"}


def terminal_text(text: str) -> str:
    """Return lines of text without control characters and direction marks."""
    return text.translate(_LEFT_OUT)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Write lines of text to standard output or standard error; the command writes nothing another way.

    What standard error does not take is lost, and nothing ends for it.

    Raises
    ------
    MachineError
        Where standard output is full.
    """
    try:
        click.echo(terminal_text(text), err=err, nl=nl)
    except OSError as error:
        if not err:
            if isinstance(error, BrokenPipeError):
                raise
            raise MachineError.of(error, "standard output") from error
