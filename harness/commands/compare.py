"""``harness compare``: what differs between two runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import PATH, found, json_option, tolerance_option
from harness.registry.sources import PluginChoice

if TYPE_CHECKING:
    from harness.audit.table_difference import Tolerance
    from harness.running.folder import RunFolder

# Exit code where two runs found different numbers.
DIFFER = 1


@click.command()
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="B", type=PATH)
@tolerance_option("--rtol", 1e-8, "Share of the larger number by which two may differ.")
@tolerance_option("--atol", 1e-12, "Distance by which two numbers may differ next to that.")
@json_option
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
    from dataclasses import asdict

    from harness.audit.runs import compare_runs, lines
    from harness.audit.table_difference import Tolerance
    from harness.running.folder import RunFolder

    if b.suffix == ".csv" and not b.is_dir():
        _with_file(RunFolder.open(a), b, Tolerance(rtol, atol), as_json=as_json)
        return
    found(choice)
    difference = compare_runs(RunFolder.open(a), RunFolder.open(b), tolerance=Tolerance(rtol, atol))
    same = difference.found_the_same
    if as_json:
        parts = asdict(difference)
        flat = {"found_the_same": same, **parts.pop("requested"), **parts.pop("found"), **parts}
        click.echo(json.dumps(flat, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(difference)))
    if not same:
        sys.exit(DIFFER)


def _with_file(run: RunFolder, file: Path, tolerance: Tolerance, *, as_json: bool) -> None:
    """Print a verdict for each number that another program wrote."""
    from dataclasses import asdict

    from harness.audit.outside import compare_outside, outside_lines
    from harness.report.gain_report import json_value

    numbers = compare_outside(run, file, tolerance=tolerance)
    if as_json:
        shown = [
            {name: json_value(value) for name, value in asdict(number).items()} | {"agrees": number.agrees}
            for number in numbers
        ]
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo("\n".join(outside_lines(numbers)))
    if not all(number.agrees for number in numbers):
        sys.exit(DIFFER)
