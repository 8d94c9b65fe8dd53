"""Text for a terminal: what data, specs and plugins say moves no cursor and turns no text around."""

from __future__ import annotations

import errno

import click

from harness.errors import MachineError
from harness.language import CONTROLS, DIRECTION_MARKS

_LEFT_OUT = {ord(mark): None for mark in CONTROLS + DIRECTION_MARKS if mark not in "\n\t"}


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
        if not err and error.errno == errno.EPIPE:  # no reader is left, which is for click to say
            raise
        if not err:
            raise MachineError.of(error, "standard output") from error
