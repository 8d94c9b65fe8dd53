"""``harness validate``, ``plan``, ``run``, ``calibrate`` and ``report``: a study before and in its run."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options as shared
from harness.errors import DataError, ExitCode
from harness.language import Coded, from_json, in_series, marked, quoted
from harness.registry.choice import PluginChoice
from harness.running.options import OPTIONS, REGISTERED, RunOptions
from harness.running.progress import progress
from harness.terminal import echo, problem_text

if TYPE_CHECKING:
    from harness.preflight.cost import RunCost
    from harness.report.blocks import Picture
    from harness.running.folder import RunFolder
    from harness.running.prepare import Prepared


@click.command()
@shared.spec_argument
@shared.run_options("data", "overrides", "allow_outside", "trust_plugins")
@click.option("--spec-only", is_flag=True, help="Do not read the data.")
def validate(options: RunOptions, spec_only: bool) -> None:
    """Check a spec and its data, and list what a run would meet.

    Warnings as the report would show them follow, and the protocols, estimators and scenarios that would be
    refused, each with its place in the spec and what to change. It is an error if every estimator would be.
    """
    from harness.study.spec.load import load_study

    registry = shared.found(options.plugins)
    study = load_study(options.spec, catalogs=registry.catalogs, overrides=options.overrides).study
    line = Coded(
        "{spec}: valid; study '{study}' with {n} estimators",
        spec=options.spec,
        study=quoted(study.study),
        n=len(study.estimators),
    )
    if spec_only:
        echo(line)
        return
    from harness.api import prepare_study
    from harness.preflight.checks import check_run
    from harness.running.workers import made_apart

    prepared = prepare_study(options)
    preflight = made_apart(partial(check_run, prepared), prepared.plan.chosen, options.apart(registry))
    if preflight.is_in_vain:
        raise DataError(*preflight.refused)
    panels = prepared.panels
    entities, periods = len(panels.entity.labels), len(panels.time.labels)
    size = Coded(
        "{rows} rows of {entities} entities in {periods} periods{lost}",
        rows=f"{panels.n_obs:,}",
        entities=f"{entities:,}",
        periods=periods,
        lost=_lost(prepared),
    )
    echo(in_series((line, size)))
    for note in preflight.notes:
        message = Coded("{where}: {what}", where=note.where, what=note.message)
        shared.echo_line(Coded("{where}: {what}", where=note.code, what=message))
    for problem in preflight.refused:
        shared.echo_line(Coded("would be refused: {problem}", problem=problem_text(problem)))


def _lost(prepared: Prepared) -> str:
    """Return how many of the rows that were read are left out; empty where none is."""
    n_lost = prepared.n_read - prepared.panels.n_obs
    if not n_lost:
        return ""
    return Coded("; {n} of {n_all} rows left out", n=f"{n_lost:,}", n_all=f"{prepared.n_read:,}")


@click.command()
@shared.spec_argument
@shared.run_options("data", "quick", "jobs", "overrides", "allow_outside", "trust_plugins")
@click.option(
    "--within",
    type=shared.FiniteNumber(min=0, min_open=True),
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

    apart = options.apart(shared.found(options.plugins))
    prepared = prepare_study(options)
    echo(prepared.plan.describe(_lost(prepared)))
    if list_only:
        return
    from harness.preflight.cost import estimate_cost
    from harness.running.workers import made_apart

    def trying(label: str) -> None:
        echo(Coded("trying {label}", label=label), err=True)

    estimate = partial(estimate_cost, prepared.plan, on_probe=trying)
    expected = made_apart(estimate, prepared.plan.chosen, apart)
    echo(expected.describe(options.jobs))
    if within is not None:
        echo(_within(options, prepared, expected, within))


def _within(options: RunOptions, prepared: Prepared, expected: RunCost, minutes: float) -> str:
    """Return how many of the draws fit into a time, and the command of a run with them."""
    from harness.preflight.cost import fewer_draws, share_within

    share = share_within(expected, 60.0 * minutes, n_jobs=options.jobs)
    if share == 1.0:
        return Coded("within {n} min: all draws", n=f"{minutes:g}")
    if share == 0.0:
        return Coded("within {n} min: no draws: everything else takes longer", n=f"{minutes:g}")
    fewer = replace(options, overrides=(*options.overrides, *fewer_draws(prepared, share)))
    command = f"{fewer.command(Path(), prepared.plan.study.data)} --jobs {options.jobs}"
    return Coded(
        "within {n} min: {share} of the draws, by\n{command}",
        n=f"{minutes:g}",
        share=f"{share:.0%}",
        command=command,
    )


@click.command()
@shared.spec_argument
@shared.run_options("data", "overrides", "allow_outside", "calibrated")
@shared.path_option("--out", "File *.registration.json; by default next to the spec.")
def register(options: RunOptions, out: Path | None) -> None:
    """Record a study before its results are seen: spec, shape of the data, time, versions, error rates.

    Writes SPEC.registration.json, which later runs of the spec are compared with: their first screen says
    whether what ran is what was registered, and what differs. The same as .md and .docx is for a registry,
    such as OSF's or the AEA's. No estimator is fitted. An earlier registration is never replaced.
    """
    from harness.api import prepare_study
    from harness.pack.registration import register as write
    from harness.running.dependence import versions

    used = versions(shared.found(options.plugins).brought_by)
    default = options.spec_path(Path()).with_suffix(REGISTERED)
    for path in write(prepare_study(options), options, used, out=out or default):
        echo(Coded("registered: {path}", path=path))


@click.command()
@shared.spec_argument
@shared.run_options(*OPTIONS)
@shared.open_option
def run(options: RunOptions, opens: bool) -> None:
    """Run a study and write its tables, figures and report.

    Expected numbers of the spec that are not reproduced are counted; the exit code stays 0. Run the spec
    under pytest to fail on them. Exit code 6: no estimator has a result, for the reason that is shown.
    """
    from harness.api import run_study

    resumed: list[str] = []
    with progress() as on_progress:
        folder = run_study(
            options, find_plugins=shared.found, on_progress=on_progress, on_resumed=resumed.append
        )
    for line in resumed:
        echo(line, err=True)
    if line := _expected_line(folder):
        echo(line)
    if nothing := _nothing_line(folder):
        echo(nothing, err=True)
    else:
        _echo_answers(folder)
    echo(shared.written_line(folder.path))
    page = folder.path / "report.html"
    if opens and page.is_file():
        click.launch(str(page))
    if nothing:
        sys.exit(ExitCode.NO_RESULT)


def _echo_answers(folder: RunFolder) -> None:
    """Print what the run says of each outcome, as the first screen of the report does."""
    from harness.api import open_run

    echo()
    open_run(folder.path).summary()
    echo()


def _nothing_line(folder: RunFolder) -> str:
    """Return one line on a run in which no estimator has a result, with a reason; else an empty text."""
    found = folder.read_table("accuracy")
    if found.empty or (found["status"] == "ok").any():
        return ""
    reason = from_json(*map(str, found[["reason", "reason_code"]].iloc[0]))
    return Coded(
        "no estimator has a result, see {n} rows of accuracy.csv: {reason}", n=len(found), reason=reason
    )


def _expected_line(folder: RunFolder) -> str:
    """Return one line on how many expected numbers a run reproduces; an empty text where it expects none."""
    found = folder.read_table("expectations")
    if found.empty:
        return ""
    n_reproduced, n_explained = (int((found["status"] == one).sum()) for one in ("reproduced", "explained"))
    summary = Coded("expected numbers: {n} of {n_all} reproduced", n=n_reproduced, n_all=len(found))
    if n_explained:
        explained = marked("{summary}, {n} differ as the spec explains")
        summary = Coded(explained, summary=summary, n=n_explained)
    if n_reproduced + n_explained == len(found):
        return summary
    file = folder.path / "expectations.csv"
    return Coded(
        "{summary}, see {file}; a difference fails under pytest, not here", summary=summary, file=file
    )


@click.command()
@shared.spec_argument
@shared.run_options(
    *("data", "out", "jobs", "backend", "scheduler", "overrides", "allow_outside"),
    out="Folder; by default runs/STUDY-calibration.",
)
@shared.number_option("--panels", click.IntRange(min=1, max=100_000), 100, "Number of panels to simulate.")
@shared.number_option(
    "--effect",
    shared.FiniteNumber(-1e9, 1e9),
    0.0,
    "True effect of the exposure, on as many panels again as those without one.",
)
def calibrate(options: RunOptions, panels: int, effect: float) -> None:
    """Repeat a study on simulated panels like its own, whose truth is known.

    Reports how often the study finds a gain, effect, nonlinearity, turning point, difference between groups
    or change of sign where none exists, and the coverage of its bands. The panels keep the entity effects,
    period shocks, serial correlation, tails and gaps of the data. harness run --calibrated shows the rates
    next to the findings of the study.

    Estimators, protocols, rows and columns are those of the study; each fit is cheaper: one split of random
    rows, two groups of entities, one size and start of networks, at most 50 steps (stopping after 15 without
    improvement), 5 draws of compared ensembles and 40 of bands, 300 draws of intervals of gains, curves at 12
    points, and no scenarios without such findings. calibration_form.csv lists every changed option.
    """
    from harness.calibration.run import calibrate as calibrate_study

    shared.found(options.plugins)
    with progress() as on_progress:
        path = calibrate_study(options, n_panels=panels, effect=effect, on_progress=on_progress)
    echo(Coded("calibration: {path}", path=path))


@click.command()
@shared.run_argument
@click.option(
    "--brief", is_flag=True, help="Write brief.html only: the first screen and its notes, two pages."
)
@click.option("--png", is_flag=True, help="Also write every figure as PNG, into figures/.")
@click.option("--pdf", is_flag=True, help="Also write every figure as PDF, into figures/.")
@click.option(
    "--force", is_flag=True, help="Write the report even if files of the run were changed; this is recorded."
)
@click.pass_obj
def report(choice: PluginChoice, folder: Path, *, brief: bool, png: bool, pdf: bool, force: bool) -> None:
    """Rewrite the report of a finished run, in the formats of its spec."""
    from harness.api import reporter_of
    from harness.audit.integrity import changed_inputs, require_unchanged
    from harness.running.folder import RunFolder

    run = RunFolder.open(folder)
    if not force:
        hint = marked("use an intact copy of the folder, or --force, which is recorded")
        require_unchanged(run, hint=hint)
    forced = changed_inputs(run)
    if brief:
        echo(Coded("brief: {brief}", brief=reporter_of(choice).brief(folder, forced=forced)))
        return
    shared.found(choice)
    pictures: dict[Picture, bool] = {"png": png, "pdf": pdf}
    reporter = reporter_of(choice, pictures=[kind for kind, asked in pictures.items() if asked])
    reporter.report(folder, forced=forced)
    echo(shared.written_line(folder))
