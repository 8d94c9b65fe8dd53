"""Finished runs: ``gain``, ``table``, ``verify``, ``compare``, ``sign``, ``pin``, ``export`` and ``pack``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.commands import options as shared
from harness.errors import ExitCode
from harness.language import Coded, marked
from harness.registry.choice import PluginChoice
from harness.terminal import echo, problem_text

if TYPE_CHECKING:
    from harness.audit.runs import Tolerance
    from harness.audit.sources import RunSources
    from harness.running.folder import RunFolder

# Of a number, by which another may differ.
SHARE = shared.FiniteNumber(min=0, min_open=True, max=0.1)


@click.command()
@shared.run_argument
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@shared.json_option
def gain(folder: Path, a: str, b: str, as_json: bool) -> None:
    """Print the gain of estimator A over estimator B of a finished run, by outcome and protocol.

    Computed from the stored predictions as gains over a reference are, with interval and p-value; the
    adjusted p-value allows for all estimators compared with B.
    """
    from harness.report.write import json_rows
    from harness.results import StudyResult

    result = StudyResult(folder)
    if as_json:
        echo(json_rows(result.gain_between(a, b)))
    else:
        echo("\n".join(result.gain_lines(a, b)))


@click.command()
@shared.run_argument
@click.argument("name", metavar="NAME")
def table(folder: Path, name: str) -> None:
    """Print a table of a finished run as CSV, for other programs.

    NAME is a result table, such as findings, gain or predictions, or tidy (every coefficient) or glance (a
    row for each estimator and outcome: rows, R2, errors by protocol).
    """
    from harness.results import StudyResult
    from harness.tables.csv_table import csv_text

    result = StudyResult(folder)
    if name in ("tidy", "glance"):
        rows = result.tidy() if name == "tidy" else result.glance()
    else:
        rows = result.predictions if name == "predictions" else result.table(name)
    echo(csv_text(rows), nl=False)


@click.command()
@shared.run_argument
@shared.path_option("--signer", "SSH public key that must have signed the run; see harness sign.")
@click.pass_obj
def verify(choice: PluginChoice, folder: Path, signer: Path | None) -> None:
    """Check the hash of every file of a finished run and recompute its tables.

    Errors, gains, intervals, p-values, the decomposition and the gains of variations are recomputed from the
    stored predictions, the claims from the tables. Exit code: 0 if everything agrees, 2 if the spec needs
    plugins that are not installed here, 5 otherwise.
    """
    from harness.audit.verification import verify as verified
    from harness.errors import ArtifactError, HarnessError, Problem
    from harness.running.folder import RunFolder

    problems: list[Problem] = []
    errors: set[type[HarnessError]] = set()
    registry = shared.found(choice)
    run = RunFolder.open(folder)
    for check in verified(run, catalogs=registry.catalogs, messages=registry.messages, signer=signer):
        problems += check.problems
        errors |= {check.error} if check.problems else set()
        verdict = marked("does not hold: {what}") if check.problems else marked("holds: {what}")
        echo(Coded(verdict, what=check.what))
    if problems:
        raise (ArtifactError if ArtifactError in errors else errors.pop())(*problems)


@click.command()
@shared.run_a_argument
@click.argument("b", metavar="B", type=shared.PATH)
@shared.tolerance_option("--rtol", 1e-8, "Relative tolerance.")
@shared.tolerance_option("--atol", 1e-12, "Absolute tolerance.")
@shared.json_option
@click.pass_obj
def compare(choice: PluginChoice, a: Path, b: Path, rtol: float, atol: float, as_json: bool) -> None:
    """Compare the runs in folders A and B, or run A with a CSV file B.

    Compares specs, data, versions, code, the status of every cell, and every number of every table and of
    the predictions; rows are matched by their keys.

    A CSV file is the output of a script of `harness export`: each coefficient and standard error gets a
    line.

    Exit code: 0 if the results agree within the tolerance, whatever the options and versions; 1 if a number,
    a row or a status differs; 5 if a folder is not a finished run.
    """
    from harness.audit.runs import Tolerance, compare_runs, lines
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
        echo(json.dumps(flat, indent=1, ensure_ascii=False))
    else:
        for line in lines(difference):
            echo(line)
    if not same:
        sys.exit(ExitCode.DIFFERENT)


def _with_file(run: RunFolder, file: Path, tolerance: Tolerance, *, as_json: bool) -> None:
    """Print a verdict for each number that another program wrote."""
    from harness.audit.runs import compare_outside, outside_lines
    from harness.report.write import json_rows

    numbers = compare_outside(run, file, tolerance=tolerance)
    if as_json:
        echo(json_rows(numbers))
    else:
        for line in outside_lines(numbers):
            echo(line)
    if not numbers["agrees"].all():
        sys.exit(ExitCode.DIFFERENT)


@click.command()
@shared.run_argument
@shared.path_option(
    "--key", "SSH private key, or the public key if an agent holds the private one.", required=True
)
def sign(folder: Path, key: Path) -> None:
    """Sign a finished run with your SSH key; `harness verify RUN --signer KEY.pub` checks the signature.

    ssh-keygen signs the manifest, which holds the hashes of all other files, as manifest.json.sig. A run
    with changed files is refused.
    """
    from harness.audit.integrity import require_whole
    from harness.audit.integrity import sign as signed
    from harness.running.files import SIGNATURE, locked
    from harness.running.folder import RunFolder

    run = RunFolder.open(folder)
    require_whole(run)
    with locked(folder):
        signed(run, key)
    echo(Coded("signature: {folder}", folder=folder / SIGNATURE))


@click.command()
@shared.run_argument
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="Pin every row of this table, such as gain or curves, or a table of a plugin; repeatable. "
    "Default: gains and errors on test rows, and coefficients of the exposure.",
)
@shared.repeated_option("--estimator", "estimators", "ID", "Pin this estimator only")
@shared.number_option("--relative", SHARE, 1e-6, "Relative tolerance for later runs.")
@shared.path_option("--into", "Spec file into which the block is written.")
@shared.path_option("--tox", "New folder: a repository of spec, data, tox.ini and CI that tests the numbers.")
@shared.lies_option
@click.option("--replace", is_flag=True, help="Replace numbers pinned earlier from a run.")
@click.pass_obj
def pin(
    choice: PluginChoice,
    folder: Path,
    tables: tuple[str, ...],
    estimators: tuple[str, ...],
    relative: float,
    into: Path | None,
    tox: Path | None,
    spec: Path | None,
    replace: bool,
) -> None:
    """Pin the numbers of a finished run in the block `expect:` of its spec.

    The block is printed, or with --into written into a spec; nothing else in the spec changes. Published
    numbers are kept. With --tox, moments of every variable are pinned too, and what tests all of it is
    written into a folder, with data files that lie next to the spec.
    """
    from harness.audit.integrity import require_unchanged
    from harness.audit.pin import PinSelection, new_block, pinned, with_entries
    from harness.running.files import replacing_own
    from harness.running.folder import RunFolder
    from harness.study.spec.document import WrittenSpec
    from harness.study.spec.load import load_study

    selection = PinSelection(tables, estimators, relative)
    if tox is not None:
        from harness.scaffold.replication import write_replication

        sources = _sources(folder, choice, spec, None)
        n_pinned, elsewhere = write_replication(sources, selection, out=tox, replace=replace)
        for path in elsewhere:
            line = Coded("not copied, since it does not lie next to the spec: {path}", path=path)
            shared.echo_line(line)
        echo(Coded("{tox}: {n_pinned} numbers pinned; next: cd {tox} && tox", tox=tox, n_pinned=n_pinned))
        return
    registry = shared.found(choice)
    run = RunFolder.open(folder)
    require_unchanged(run)
    entries = pinned(run, selection)
    if into is None:
        echo(new_block(entries), nl=False)
        return
    text = with_entries(into, entries, replace=replace)
    load_study(WrittenSpec(text.removeprefix("\ufeff")), catalogs=registry.catalogs)
    with replacing_own(into) as file:
        file.write(text.encode())
    echo(Coded("{into}: {n} numbers pinned", into=into, n=len(entries)))


@click.command()
@click.argument("file", type=shared.PATH)
@shared.path_option("--spec", "Spec whose estimators and variables the columns and rows of the table may be.")
@click.option("--source", help="Where the table is published; by default the name of the file.")
@click.pass_obj
def claims(choice: PluginChoice, file: Path, spec: Path | None, source: str | None) -> None:
    """Read a printed table (.csv, .tex or .docx) and print its numbers as the block `expect:` of a spec.

    Stars, brackets and powers of ten are read. What has no counterpart in the spec, and what is no number, is
    listed in comments.
    """
    from harness.printed.expected import block_of, expected_entries
    from harness.printed.files import read_tables
    from harness.study.spec.load import load_study

    study = None if spec is None else load_study(spec, catalogs=shared.found(choice).catalogs).study
    entries = expected_entries(read_tables(file), source=source or file.name, study=study)
    echo(block_of(entries), nl=False)


@click.command()
@shared.run_argument
@click.option("--to", "program", type=click.Choice(["r", "stata"]), required=True, help="Program.")
@click.option("--out", type=shared.PATH, help="Output folder; by default RUN-r or RUN-stata.")
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
    """Write a script that reproduces the linear estimates of a finished run, with the estimation sample.

    R uses plm and spatialreg, and fixest if installed; Stata uses regress, reghdfe, xtreg, ivreghdfe,
    xtabond2 and spregress.
    `harness compare RUN RESULTS.csv` compares the results.
    """
    from harness.export.write import export as write

    into = out or folder.with_name(f"{folder.name}-{program}")
    sources = _sources(folder, choice, spec, data)
    exported = write(sources, program=program, out=into)
    for cell in exported.left_out:
        echo(
            Coded(
                "not exported: {estimator} on {outcome}: {reason}",
                estimator=cell.estimator,
                outcome=cell.outcome,
                reason=cell.reason,
            )
        )
    echo(Coded("{n} cells: {script}", n=len(exported.cells), script=exported.script))


@click.command()
@shared.run_argument
@click.option("--out", type=shared.PATH, help="Archive to write; by default RUN.zip.")
@shared.lies_option
@shared.option_of("data")
@click.option("--without-data", is_flag=True, help="Omit data files; the README lists them.")
@click.option(
    "--for",
    "readers",
    multiple=True,
    type=click.Choice(["aea", "dataverse", "zenodo"]),
    help="Add README and codebook of data editors (aea), or metadata of a repository; repeatable.",
)
@click.option(
    "--rerun",
    "reruns",
    is_flag=True,
    help="Then install the archive's requirements into a new environment, run it, and compare every cell of "
    "the paper's tables and every other number.",
)
@click.pass_obj
def pack(
    choice: PluginChoice,
    folder: Path,
    out: Path | None,
    spec: Path | None,
    data: Path | None,
    *,
    without_data: bool,
    readers: tuple[str, ...],
    reruns: bool,
) -> None:
    """Write the replication archive of a finished run: spec, data, versions, tables and how to rerun it.

    Absolute paths and columns that tell of persons are warned of. With --for, `authors`, `licence`,
    `keywords` and each file's `source` of the spec are written into README and metadata; what it lacks is
    listed. Exit code 1: with --rerun, a number differs.
    """
    from harness.pack.archive import pack as write

    if reruns and without_data:
        raise click.UsageError("an archive without data cannot be run again: give --rerun or --without-data")
    sources = _sources(folder, choice, spec, data)
    into = out or folder.with_name(f"{folder.name}.zip")
    to_fill_in, warnings = write(sources, out=into, with_data=not without_data, readers=readers)
    for problem in warnings:
        warning = Coded("warning: {problem}", problem=problem_text(problem))
        shared.echo_line(warning, err=True)
    for what in to_fill_in:
        shared.echo_line(Coded("to fill in: {what}", what=what))
    echo(Coded("archive: {into}", into=into))
    if reruns:
        _rerun(into)


def _rerun(archive: Path) -> None:
    """Run an archive again in a new environment, and print what became of its numbers."""
    from tempfile import TemporaryDirectory

    from harness.pack.rerun import rerun

    with TemporaryDirectory(prefix="harness-rerun-") as folder:
        again = rerun(archive, Path(folder))
    n_same = again.n_cells - len(again.differing)
    echo(
        Coded(
            "cells of the paper's tables: {n_same} of {n_cells} the same again",
            n_same=n_same,
            n_cells=again.n_cells,
        )
    )
    for line in (*again.differing, *again.others):
        shared.echo_line(line)
    if not again.is_same:
        sys.exit(ExitCode.DIFFERENT)


def _sources(folder: Path, choice: PluginChoice, spec: Path | None, data: Path | None) -> RunSources:
    """Return a finished run, and where what it was made from lies now."""
    from harness.audit.integrity import require_whole
    from harness.audit.sources import RunSources
    from harness.running.folder import RunFolder

    run = RunFolder.open(folder)
    require_whole(run)
    return RunSources(run, shared.found(choice), choice, spec=spec, data=data)
