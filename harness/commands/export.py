"""``harness export``: the linear cells of a run for Stata or R."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from harness.commands.options import data_option, run_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@run_argument
@click.option("--to", "program", type=click.Choice(["r", "stata"]), required=True, help="Which program.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write into; by default RUN-r or RUN-stata."
)
@click.option("--spec", type=click.Path(path_type=Path), help="Where the spec lies now, with its data.")
@data_option
@click.pass_obj
def export(
    choice: PluginChoice,
    folder: Path,
    program: Literal["r", "stata"],
    out: Path | None,
    spec: Path | None,
    data: Path | None,
) -> None:
    """Write a script that repeats the linear cells of a finished run, beside the rows they are fitted on.

    R fits them with plm, and with fixest where it is installed, Stata with regress, reghdfe and xtreg. What
    the script writes is compared by `harness compare RUN RESULTS.csv`.
    """
    from harness.export.write import export as write
    from harness.running.folder import RunFolder
    from harness.running.prepare import RunSources

    into = out or folder.with_name(f"{folder.name}-{program}")
    sources = RunSources(RunFolder.open(folder), found(choice), choice, spec=spec, data=data)
    exported = write(sources, program=program, out=into)
    for cell in exported.left_out:
        click.echo(f"not repeated: {cell.estimator} on {cell.outcome}: {cell.reason}")
    click.echo(f"{len(exported.cells)} cells: {exported.script}")
