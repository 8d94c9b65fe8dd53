"""Before a study is run: ``harness init``, ``validate`` and ``plan``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import PATH, FiniteNumber, found, path_option, run_options, spec_argument
from harness.registry.sources import PluginChoice
from harness.running.options import RunOptions
from harness.text.plain_text import printable
from harness.text.terminal import echo

if TYPE_CHECKING:
    from harness.draft.draft import Answers
    from harness.forecast import Forecast
    from harness.running.prepare import Prepared


_QUESTIONS = {
    "outcome": "Which column is the outcome (dependent variable)?",
    "exposure": "Which column is the exposure (key regressor)?",
}


@click.command()
@click.argument("data", nargs=-1, required=True, type=PATH)
@click.option("--entity", metavar="COLUMN", help="Entity column; guessed unless given.")
@click.option("--time", metavar="COLUMN", help="Time column; guessed unless given.")
@click.option("--outcome", metavar="COLUMN", help="Outcome column (dependent variable).")
@click.option("--exposure", metavar="COLUMN", help="Exposure column (key regressor).")
@path_option("--out", "Spec to write; by default next to the data, with the same name.")
@click.pass_obj
def init(
    choice: PluginChoice,
    data: tuple[Path, ...],
    entity: str | None,
    time: str | None,
    outcome: str | None,
    exposure: str | None,
    out: Path | None,
) -> None:
    """Inspect data files and write a spec that runs.

    Further files are merged to the first. Titles, units, encodings, thousands separators and wide formats
    are detected and written into the spec; the rest is prompted for on a terminal, or given by options.
    """
    from harness.data.read.files import DataFolder
    from harness.data.read.source import READER
    from harness.draft.draft import Answers
    from harness.draft.found_data import find_data
    from harness.draft.spec_text import write_draft

    catalogs = found(choice).catalogs
    path = data[0].with_suffix(".yaml") if out is None else out
    answers = Answers(entity=entity, time=time, outcome=outcome, exposure=exposure)
    folder = DataFolder(path.parent, allow_outside=True, readers=catalogs[READER.name].members)
    seen = find_data(data, answers, folder=folder)
    if sys.stdin.isatty() and sys.stderr.isatty():
        asked = _prompted(seen.answers, [str(name) for name in seen.table.frame.columns])
        seen = replace(seen, answers=asked)
    write_draft(seen, catalogs, out=path)
    named = ", ".join(map(str, data))
    echo(f"{path}: a study of {named}; check it, then: harness run {path} --quick")


def _prompted(answers: Answers, columns: list[str]) -> Answers:
    """Return the answers with those that were missing, as typed on the terminal."""
    echo("columns: " + ", ".join(columns), err=True)
    for part, question in _QUESTIONS.items():
        if getattr(answers, part) is None:
            given = click.prompt(question, type=click.Choice(columns), show_choices=False, err=True)
            answers = replace(answers, **{part: given})
    return answers


@click.command()
@spec_argument
@run_options("data", "overrides", "allow_outside")
@click.option("--spec-only", is_flag=True, help="Do not read the data.")
def validate(options: RunOptions, spec_only: bool) -> None:
    """Check a spec and its data, and list all errors.

    Warnings about the data, as the report would show them, follow.
    """
    from harness.study.spec.load import load_study

    catalogs = found(options.plugins).catalogs
    study = load_study(options.spec, catalogs=catalogs, overrides=options.overrides).study
    line = f"{options.spec}: valid; study '{study.study}' with {len(study.estimators)} estimators"
    if spec_only:
        echo(line)
        return
    from harness.api import prepare_study

    panels = prepare_study(options).panels
    entities, periods = len(panels.entity.labels), len(panels.time.labels)
    echo(f"{line}; {panels.n_obs:,} rows of {entities:,} entities in {periods} periods")
    for note in panels.notes:
        echo(printable(f"{note.code}: {note.where}: {note.message}"))


@click.command()
@spec_argument
@run_options("data", "quick", "jobs", "overrides", "allow_outside")
@click.option(
    "--within",
    type=FiniteNumber(min=0, min_open=True),
    metavar="MINUTES",
    help="Also show how many draws fit into this time, and the command for them.",
)
@click.option("--list-only", is_flag=True, help="List the fits without estimating time and memory.")
def plan(options: RunOptions, within: float | None, list_only: bool) -> None:
    """Show what a run would fit, how long it would take and how much memory it would need.

    Time and memory are estimated from a few fits with few draws, on an idle machine. With --within, draws of
    scenarios and ensembles are reduced until the run fits into the time; the command shown fixes their
    number, so that results do not depend on the machine's speed.
    """
    from harness.api import prepare_study

    found(options.plugins)
    prepared = prepare_study(options)
    echo(prepared.plan.describe())
    if list_only:
        return
    from harness.forecast import forecast_of

    expected = forecast_of(prepared.plan, on_probe=lambda label: echo(f"trying {label}", err=True))
    echo(expected.describe(options.jobs))
    if within is not None:
        echo(_within(options, prepared, expected, within))


def _within(options: RunOptions, prepared: Prepared, expected: Forecast, minutes: float) -> str:
    """Return how many of the draws fit into a time, and the command of a run with them."""
    from harness.forecast import fewer_draws, share_within

    share = share_within(expected, 60.0 * minutes, n_jobs=options.jobs)
    if share == 1.0:
        return f"within {minutes:g} min: all draws"
    if share == 0.0:
        return f"within {minutes:g} min: no draws: everything else takes longer"
    fewer = replace(options, overrides=(*options.overrides, *fewer_draws(prepared, share)))
    command = fewer.command(Path(), prepared.plan.study.data)
    return f"within {minutes:g} min: {share:.0%} of the draws, by\n{command} --jobs {options.jobs}"
