"""``harness pack``: the replication archive of a run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import data_option, run_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@run_argument
@click.option("--out", type=click.Path(path_type=Path), help="Archive to write; by default RUN.zip.")
@click.option("--spec", type=click.Path(path_type=Path), help="Where the spec lies now, with its data.")
@data_option
@click.option("--without-data", is_flag=True, help="Leave data files out; the README names them.")
@click.pass_obj
def pack(
    choice: PluginChoice,
    folder: Path,
    out: Path | None,
    spec: Path | None,
    data: Path | None,
    *,
    without_data: bool,
) -> None:
    """Write the replication archive of a finished run: spec, data, versions, tables, how to run it again."""
    from harness.pack.archive import pack as write
    from harness.running.folder import RunFolder
    from harness.running.prepare import RunSources

    sources = RunSources(RunFolder.open(folder), found(choice), choice, spec=spec, data=data)
    into = out or folder.with_name(f"{folder.name}.zip")
    archive = write(sources, out=into, with_data=not without_data)
    click.echo(f"archive: {archive}")
