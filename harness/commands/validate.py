"""``harness validate``: check a spec, and the data against it."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import data_option, outside_option, set_option, spec_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@spec_argument
@data_option
@click.option("--spec-only", is_flag=True, help="Leave the data unread.")
@set_option
@outside_option
@click.pass_obj
def validate(
    choice: PluginChoice,
    spec: Path,
    data: Path | None,
    spec_only: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Check a spec and the data it names, and say everything that is wrong with them.

    What a reader of the report would be warned of in the data stands below.
    """
    from harness.study.spec.load import load_study

    study = load_study(spec, catalogs=found(choice).catalogs, overrides=overrides).study
    line = f"{spec}: valid; study '{study.study}' with {len(study.estimators)} estimators"
    if spec_only:
        click.echo(line)
        return
    from harness.api import prepare_study
    from harness.running.options import RunOptions

    options = RunOptions(
        spec=spec, data=data, overrides=overrides, allow_outside=allow_outside, plugins=choice
    )
    panels = prepare_study(options).panels
    entities, periods = len(panels.entity.labels), len(panels.time.labels)
    click.echo(f"{line}; {panels.n_obs:,} rows of {entities:,} entities in {periods} periods")
    for note in panels.notes:
        click.echo(f"{note.code}: {note.where}: {note.message}")
