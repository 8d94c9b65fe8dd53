"""Before a study is run: ``harness validate`` and ``plan``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import FiniteNumber, found, run_options, spec_argument
from harness.errors import DataError
from harness.running.options import RunOptions
from harness.terminal import echo
from harness.text.plain_text import printable

if TYPE_CHECKING:
    from harness.forecast import Forecast
    from harness.running.prepare import Prepared


@click.command()
@spec_argument
@run_options("data", "overrides", "allow_outside", "trust_plugins")
@click.option("--spec-only", is_flag=True, help="Do not read the data.")
def validate(options: RunOptions, spec_only: bool) -> None:
    """Check a spec and its data, and list what a run would meet.

    Warnings as the report would show them follow, and the protocols, estimators and scenarios that would be
    refused, each with its place in the spec and what to change. It is an error if every estimator would be.
    """
    from harness.study.spec.load import load_study

    registry = found(options.plugins)
    study = load_study(options.spec, catalogs=registry.catalogs, overrides=options.overrides).study
    line = f"{options.spec}: valid; study '{study.study}' with {len(study.estimators)} estimators"
    if spec_only:
        echo(line)
        return
    from harness.api import prepare_study
    from harness.running.foresight import foresee
    from harness.running.workers import made_apart

    prepared = prepare_study(options)
    foresight = made_apart(partial(foresee, prepared), prepared.plan.chosen, options.apart(registry))
    if foresight.is_in_vain:
        raise DataError(*foresight.refused)
    panels = prepared.panels
    entities, periods = len(panels.entity.labels), len(panels.time.labels)
    echo(f"{line}; {panels.n_obs:,} rows of {entities:,} entities in {periods} periods")
    for note in foresight.notes:
        echo(printable(f"{note.code}: {note.where}: {note.message}"))
    for problem in foresight.refused:
        echo(printable(f"would be refused: {problem}"))


@click.command()
@spec_argument
@run_options("data", "quick", "jobs", "overrides", "allow_outside", "trust_plugins")
@click.option(
    "--within",
    type=FiniteNumber(min=0, min_open=True),
    metavar="MINUTES",
    help="Also show how many draws fit into this time, and the command for them.",
)
@click.option("--list-only", is_flag=True, help="List the fits without estimating time and memory.")
def plan(options: RunOptions, within: float | None, list_only: bool) -> None:
    """Show what a run would fit, how long it would take and how much memory it would need.

    Time and memory are estimated from a few fits with few draws, of large studies on samples of entities, on
    an idle machine. With --within, draws of
    scenarios and ensembles are reduced until the run fits into the time; the command shown fixes their
    number, so that results do not depend on the machine's speed.
    """
    from harness.api import prepare_study

    apart = options.apart(found(options.plugins))
    prepared = prepare_study(options)
    echo(prepared.plan.describe())
    if list_only:
        return
    from harness.forecast import forecast_of
    from harness.running.workers import made_apart

    told = partial(forecast_of, prepared.plan, on_probe=lambda label: echo(f"trying {label}", err=True))
    expected = made_apart(told, prepared.plan.chosen, apart)
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
