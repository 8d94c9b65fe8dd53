"""``harness pin``: take expected numbers from a run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import run_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice
from harness.tables.registry import TABLES

MEASURED = tuple(table.name for table in TABLES.values() if table.measures)


@click.command()
@run_argument
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help=f"Pin every row of this table: {', '.join(MEASURED)}, or one of a plugin's scenario; repeatable. "
    "By default gains and errors on test rows, and the coefficients of the exposure.",
)
@click.option("--estimator", "estimators", multiple=True, metavar="ID", help="Pin this one; repeatable.")
@click.option(
    "--relative",
    type=click.FloatRange(min=0, min_open=True, max=0.1),
    default=1e-6,
    show_default=True,
    help="How near to each number later runs must come, as a share of it.",
)
@click.option("--into", "spec", type=click.Path(path_type=Path), help="Spec file to write the block into.")
@click.option("--replace", is_flag=True, help="Replace the numbers that were pinned from a run before.")
@click.pass_obj
def pin(
    choice: PluginChoice,
    folder: Path,
    tables: tuple[str, ...],
    estimators: tuple[str, ...],
    relative: float,
    spec: Path | None,
    replace: bool,
) -> None:
    """Write the numbers of a finished run as the block `expect:` of its spec.

    The block goes to the standard output, or with --into into a spec, of which nothing else changes. Numbers
    from a publication stay as they are.
    """
    from harness.audit.verify.integrity import require_unchanged
    from harness.running.files import write_atomically
    from harness.running.folder import RunFolder
    from harness.study.expectations.block import new_block, with_entries
    from harness.study.expectations.pin import PinnedRun, PinSelection, pinned
    from harness.study.spec.document import WrittenSpec
    from harness.study.spec.load import load_study

    registry = found(choice)
    run = RunFolder.open(folder)
    require_unchanged(run)
    study = run.manifest().study
    source = PinnedRun(str(folder), study.exposure, study.quick, run.manifest().tables, run.read_table)
    entries = pinned(source, PinSelection(tables, estimators, relative))
    if spec is None:
        click.echo(new_block(entries), nl=False)
        return
    text = with_entries(spec, entries, replace=replace)
    load_study(WrittenSpec(text.removeprefix("\ufeff")), catalogs=registry.catalogs)
    write_atomically(spec, text.encode())
    click.echo(f"{spec}: {len(entries)} numbers pinned")
