"""``harness report``: write a report again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import run_argument


@click.command()
@run_argument
def report(folder: Path) -> None:
    """Write the report of a finished run again."""
    from harness.runner import write_report_again

    click.echo(f"report: {write_report_again(folder)}")
