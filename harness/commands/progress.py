"""Progress of a run, on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.execution.run import Progress


@contextmanager
def progress() -> Iterator[Progress]:
    """Show a bar on a terminal and in a notebook, and a line at each tenth elsewhere, on standard error.

    In a notebook the bar needs ipywidgets.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not (console.is_terminal or (console.is_jupyter and find_spec("ipywidgets"))):
        yield _print_tenths
        return
    columns = (TextColumn("fitting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[last]}", markup=False), console=console) as bar:
        task = bar.add_task("fitting", total=None, last="reading the data")
        yield lambda done, total, last: bar.update(task, completed=done, total=total, last=last)


def _print_tenths(done: int, total: int, last: str) -> None:
    if 10 * done // total > 10 * (done - 1) // total:
        click.echo(f"fitted {done} of {total}, last {last}", err=True)
