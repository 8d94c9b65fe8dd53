"""What is done with a finished run: ``harness verify``, ``sign``, ``pin``, ``export`` and ``pack``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.commands.options import PATH, found, lies_option, option_of, run_argument
from harness.registry.sources import PluginChoice
from harness.tables.registry import TABLES

if TYPE_CHECKING:
    from harness.running.prepare import RunSources

MEASURED = tuple(table.name for table in TABLES.values() if table.measures)


@click.command()
@run_argument
@click.option(
    "--signer",
    type=PATH,
    help="Public key of ssh by which the run has to be signed; see harness sign.",
)
@click.pass_obj
def verify(choice: PluginChoice, folder: Path, signer: Path | None) -> None:
    """Check every file of a finished run by its hash, and every table that recomputes.

    Errors, gains, intervals and p-values, the decomposition and the multiverse are computed once more from
    the stored predictions, the claims from the tables. The exit code is 0 where everything holds, else 5.
    """
    from harness.audit.verification import verify as verified
    from harness.errors import ArtifactError, Problem
    from harness.running.folder import RunFolder

    problems: list[Problem] = []
    registry = found(choice)
    run = RunFolder.open(folder)
    for check in verified(run, catalogs=registry.catalogs, messages=registry.messages, signer=signer):
        problems += check.problems
        click.echo(f"{'does not hold' if check.problems else 'holds'}: {check.what}")
    if problems:
        raise ArtifactError(*problems)


@click.command()
@run_argument
@click.option(
    "--key",
    required=True,
    type=PATH,
    help="Private key of ssh, or the public one where an ssh agent has the private one.",
)
def sign(folder: Path, key: Path) -> None:
    """Sign a finished run with a key of yours; `harness verify RUN --signer KEY.pub` knows it as yours.

    The signature is of the manifest, which has the hashes of all other files. ssh-keygen makes it, as
    manifest.json.sig; a run whose files are not as they were written is refused.
    """
    from harness.audit.integrity import require_whole
    from harness.running.files import SIGNATURE
    from harness.running.folder import RunFolder
    from harness.running.signature import sign as signed

    run = RunFolder.open(folder)
    require_whole(run)
    signed(run, key)
    click.echo(f"signature: {folder / SIGNATURE}")


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
@click.option("--into", "spec", type=PATH, help="Spec file to write the block into.")
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
    from harness.audit.integrity import require_unchanged
    from harness.audit.pin import PinSelection, new_block, pinned, with_entries
    from harness.running.files import write_atomically
    from harness.running.folder import RunFolder
    from harness.study.spec.load import load_study
    from harness.study.spec.written import WrittenSpec

    registry = found(choice)
    run = RunFolder.open(folder)
    require_unchanged(run)
    entries = pinned(run, PinSelection(tables, estimators, relative))
    if spec is None:
        click.echo(new_block(entries), nl=False)
        return
    text = with_entries(spec, entries, replace=replace)
    load_study(WrittenSpec(text.removeprefix("\ufeff")), catalogs=registry.catalogs)
    write_atomically(spec, text.encode())
    click.echo(f"{spec}: {len(entries)} numbers pinned")


@click.command()
@run_argument
@click.option("--to", "program", type=click.Choice(["r", "stata"]), required=True, help="Which program.")
@click.option("--out", type=PATH, help="Folder to write into; by default RUN-r or RUN-stata.")
@lies_option
@option_of("data")
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

    into = out or folder.with_name(f"{folder.name}-{program}")
    sources = _sources(folder, choice, spec, data)
    exported = write(sources, program=program, out=into)
    for cell in exported.left_out:
        click.echo(f"not repeated: {cell.estimator} on {cell.outcome}: {cell.reason}")
    click.echo(f"{len(exported.cells)} cells: {exported.script}")


@click.command()
@run_argument
@click.option("--out", type=PATH, help="Archive to write; by default RUN.zip.")
@lies_option
@option_of("data")
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

    sources = _sources(folder, choice, spec, data)
    into = out or folder.with_name(f"{folder.name}.zip")
    archive = write(sources, out=into, with_data=not without_data)
    click.echo(f"archive: {archive}")


def _sources(folder: Path, choice: PluginChoice, spec: Path | None, data: Path | None) -> RunSources:
    """Return a finished run, and where what it was made from lies now."""
    from harness.running.folder import RunFolder
    from harness.running.prepare import RunSources

    return RunSources(RunFolder.open(folder), found(choice), choice, spec=spec, data=data)
