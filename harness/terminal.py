"""Text for a terminal, in the language of a study's report.

What data, specs and plugins say moves no cursor and turns no text around.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import click

from harness.errors import HarnessError, MachineError, Problem
from harness.language import (
    CONTROLS,
    DIRECTION_MARKS,
    ENGLISH,
    LINES,
    Coded,
    chained,
    marked,
    rendered,
    spoken,
)

_LEFT_OUT = {ord(mark): None for mark in CONTROLS + DIRECTION_MARKS if mark not in "\n\t"}


@dataclass
class _Voice:
    """The language of the terminal, one for the process, with the folders of plugins' catalogs."""

    language: str = ENGLISH
    catalogs: tuple[Path, ...] = ()


_VOICE = _Voice()
DOT = " · "


def speak(language: str, catalogs: Iterable[Path] = ()) -> None:
    """Write to the terminal in a language from now on; what is made in between stays in the one in use.

    Parameters
    ----------
    language, catalogs : as `harness.language.spoken` takes them
    """
    _VOICE.language, _VOICE.catalogs = language, tuple(catalogs)


def spoken_here() -> AbstractContextManager[None]:
    """Write texts in the terminal's language, and as before afterwards."""
    return spoken(_VOICE.language, _VOICE.catalogs)


def terminal_text(text: str) -> str:
    """Return a message in the terminal's language, without control characters and direction marks."""
    if _VOICE.language != ENGLISH:
        with spoken_here():
            # Parts of the label of a task; names have no space.
            parts = rendered(text).split(DOT)
            text = DOT.join(rendered(part) if " " in part else part for part in parts)
    return text.translate(_LEFT_OUT)


EXPECTED = marked("    expected: {expected}", code="line_of_expected")
HINT = marked("    hint: {hint}", code="line_of_hint")


def problem_text(problem: Problem) -> str:
    """Return what is wrong as a message: place, finding, what was expected and a hint."""
    where, what = problem.where, problem.what
    lines = [Coded("{where}: {what}", where=where, what=what) if where else what]
    if problem.expected:
        lines.append(Coded(EXPECTED, expected=problem.expected))
    if problem.hint:
        lines.append(Coded(HINT, hint=problem.hint))
    return chained(lines, LINES)


def error_text(error: HarnessError) -> str:
    """Return an error as a message."""
    problems = chained(map(problem_text, error.problems), LINES)
    return Coded("error: {problems}", problems=problems)


def rewrite(text: str, width: int) -> None:
    """Write a line of standard error over the one before, which has no more characters than `width`."""
    _write(f"\r{terminal_text(text):{width}}", err=True, nl=False)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Write lines of text to standard output or standard error; the command writes nothing another way.

    What standard error does not take is lost, and nothing ends for it.

    Raises
    ------
    MachineError
        Where standard output is full.
    """
    _write(terminal_text(text), err=err, nl=nl)


def _write(text: str, *, err: bool, nl: bool) -> None:
    try:
        click.echo(text, err=err, nl=nl)
    except OSError as error:
        if not err and error.errno == errno.EPIPE:  # no reader is left, which is for click to say
            raise
        if not err:
            raise MachineError.of(error, "standard output") from error
