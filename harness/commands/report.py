"""``harness report``: write a report again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import run_argument
from harness.commands.plugin_options import found
from harness.commands.written_line import written_line
from harness.registry.plugin_choice import PluginChoice


@click.command()
@run_argument
@click.option(
    "--brief", is_flag=True, help="Write brief.html alone: the first screen and its notes, two pages."
)
@click.pass_obj
def report(choice: PluginChoice, folder: Path, *, brief: bool) -> None:
    """Write the report of a finished run again, in the formats that its spec asks for."""
    from harness.api import brief_study, report_study

    if brief:
        click.echo(f"brief: {brief_study(folder)}")
        return
    found(choice)
    report_study(folder, choice)
    click.echo(written_line(folder))
