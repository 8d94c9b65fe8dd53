"""Finished runs: ``harness verify``, ``compare``, ``sign``, ``pin``, ``export`` and ``pack``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.commands import options as shared
from harness.registry.sources import PluginChoice
from harness.tables.registry import TABLES

if TYPE_CHECKING:
    from harness.audit.table_difference import Tolerance
    from harness.running.folder import RunFolder
    from harness.running.prepare import RunSources

# Of a number, by which another may differ.
SHARE = click.FloatRange(min=0, min_open=True, max=0.1)

MEASURED = tuple(table.name for table in TABLES.values() if table.measures)


@click.command()
@shared.run_argument
@shared.path_option("--signer", "Public key of ssh by which the run has to be signed; see harness sign.")
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
    registry = shared.found(choice)
    run = RunFolder.open(folder)
    for check in verified(run, catalogs=registry.catalogs, messages=registry.messages, signer=signer):
        problems += check.problems
        click.echo(f"{'does not hold' if check.problems else 'holds'}: {check.what}")
    if problems:
        raise ArtifactError(*problems)


@click.command()
@click.argument("a", metavar="A", type=shared.PATH)
@click.argument("b", metavar="B", type=shared.PATH)
@shared.tolerance_option("--rtol", 1e-8, "Share of the larger number by which two may differ.")
@shared.tolerance_option("--atol", 1e-12, "Distance by which two numbers may differ next to that.")
@shared.json_option
@click.pass_obj
def compare(choice: PluginChoice, a: Path, b: Path, rtol: float, atol: float, as_json: bool) -> None:
    """Say what differs between the runs in the folders A and B, or between run A and a CSV file B.

    Compared are the specs, the data, the versions, the code, how every cell ended, and every number of every
    table and of the predictions, rows matched by what they are about.

    A CSV file is what a script of `harness export` wrote: every coefficient and standard error of it has a
    line with a verdict.

    The exit code is 0 where the runs found the same within the tolerance, whatever they were asked and
    computed with; 1 where a number, a row or the ending of a cell differs; 5 where a folder is no finished
    run.
    """
    from harness.audit.runs import compare_runs, lines
    from harness.audit.table_difference import Tolerance
    from harness.running.folder import RunFolder

    if b.suffix == ".csv" and not b.is_dir():
        _with_file(RunFolder.open(a), b, Tolerance(rtol, atol), as_json=as_json)
        return
    shared.found(choice)
    difference = compare_runs(RunFolder.open(a), RunFolder.open(b), tolerance=Tolerance(rtol, atol))
    same = difference.found_the_same
    if as_json:
        parts = asdict(difference)
        flat = {"found_the_same": same, **parts.pop("requested"), **parts.pop("found"), **parts}
        click.echo(json.dumps(flat, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(difference)))
    if not same:
        sys.exit(shared.DIFFER)


def _with_file(run: RunFolder, file: Path, tolerance: Tolerance, *, as_json: bool) -> None:
    """Print a verdict for each number that another program wrote."""
    from harness.audit.outside import compare_outside, outside_lines
    from harness.report.gain_report import json_value

    numbers = compare_outside(run, file, tolerance=tolerance)
    if as_json:
        rows = numbers.to_dict("records")
        shown = [{name: json_value(value) for name, value in row.items()} for row in rows]
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo("\n".join(outside_lines(numbers)))
    if not numbers["agrees"].all():
        sys.exit(shared.DIFFER)


@click.command()
@shared.run_argument
@shared.path_option(
    "--key", "Private key of ssh, or the public one where an ssh agent has the private one.", required=True
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
@shared.run_argument
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help=f"Pin every row of this table: {', '.join(MEASURED)}, or one of a plugin's scenario; repeatable. "
    "By default gains and errors on test rows, and the coefficients of the exposure.",
)
@shared.repeated_option("--estimator", "estimators", "ID", "Pin this one")
@shared.number_option(
    "--relative", SHARE, 1e-6, "How near to each number later runs must come, as a share of it."
)
@click.option("--into", "spec", type=shared.PATH, help="Spec file to write the block into.")
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

    registry = shared.found(choice)
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
@shared.run_argument
@click.option("--to", "program", type=click.Choice(["r", "stata"]), required=True, help="Which program.")
@click.option("--out", type=shared.PATH, help="Folder to write into; by default RUN-r or RUN-stata.")
@shared.lies_option
@shared.option_of("data")
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
@shared.run_argument
@click.option("--out", type=shared.PATH, help="Archive to write; by default RUN.zip.")
@shared.lies_option
@shared.option_of("data")
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

    return RunSources(RunFolder.open(folder), shared.found(choice), choice, spec=spec, data=data)
