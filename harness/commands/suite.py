"""``harness suite``: many studies that answer one question, and what they say together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options as shared
from harness.errors import ExitCode
from harness.language import Coded
from harness.running.options import RunOptions
from harness.running.progress import progress
from harness.terminal import echo

if TYPE_CHECKING:
    from harness.suite.spec import LoadedSuite

MORE = "Add an estimator to all studies, by name or as '{use: NAME, OPTION: VALUE}'"
_only = shared.repeated_option("--only", "only", "STUDY", "Run this study only")
_more = shared.repeated_option("--estimator", "estimators", "NAME", MORE)


def _loaded(options: RunOptions, estimators: tuple[str, ...]) -> LoadedSuite:
    """Return a suite with further estimators."""
    from dataclasses import replace

    from harness.suite.spec import load_suite, with_estimators

    loaded = load_suite(options.spec_path(Path()))
    return replace(loaded, suite=with_estimators(loaded.suite, estimators))


class _RunsByDefault(click.Group):
    """A group whose first word, where it is none of its commands, is what `run` is asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunsByDefault, context_settings={"help_option_names": ["-h", "--help"]})
def suite() -> None:
    """Run many studies of one question; harness suite SUITE.yaml is short for suite run."""


@suite.command()
@click.argument("spec", metavar="SUITE", type=shared.PATH)
@shared.run_options(
    *("out", "quick", "jobs", "backend", "scheduler", "resume", "trust_plugins"),
    out="Folder; by default runs/SUITE.",
)
@_only
@_more
@shared.open_option
def run(options: RunOptions, only: tuple[str, ...], estimators: tuple[str, ...], opens: bool) -> None:
    """Run the studies of a suite one after the other, and write joint tables and pages.

    With --resume, finished and unchanged cells are reused, also of a suite that was cut off. Each study has
    a run folder under studies/, whose page is drawn by harness report. Studies whose data package is not
    installed, or whose data cannot be used, are listed and skipped.
    """
    from harness.suite.page import INDEX
    from harness.suite.results import SUITE_GAIN, read_suite_table
    from harness.suite.run import run_suite

    registry = shared.found(options.plugins)
    loaded = _loaded(options, estimators)
    messages: list[str] = []
    with progress() as on_progress:
        folder = run_suite(
            loaded, options, registry, only=only, on_progress=on_progress, on_message=messages.append
        )
    for line in messages:
        echo(line, err=True)
    echo(Coded("suite: {path}", path=folder.path / INDEX))
    if opens:
        click.launch(str(folder.path / INDEX))
    gains = read_suite_table(folder.path, SUITE_GAIN)
    if len(gains) and not (gains["status"] == "ok").any():
        echo(
            Coded("no estimator has a result in any study: {reason}", reason=gains["reason"].iloc[0]),
            err=True,
        )
        sys.exit(ExitCode.NO_RESULT)


@suite.command()
@click.argument("spec", metavar="SUITE", type=shared.PATH)
@shared.run_options("quick", "jobs", "trust_plugins")
@_only
@_more
def plan(options: RunOptions, only: tuple[str, ...], estimators: tuple[str, ...]) -> None:
    """Show what the studies of a suite would take: outer fits, draws, time and memory, before any is run.

    Each study is a row. One fit of each estimator gives its time, as in harness plan. Studies that take more
    than an hour, or more memory than this machine has, are named with why; so are those left out.
    """
    from harness.preflight.suite_cost import plan_suite

    registry = shared.found(options.plugins)
    plan_suite(_loaded(options, estimators), options, registry, only=only, on_line=echo)


@suite.command()
@click.argument("spec", metavar="SUITE", type=shared.PATH)
@click.argument("entry", metavar="ENTRY", type=shared.PATH)
@shared.run_options(
    *("out", "jobs", "backend", "scheduler", "trust_plugins"), out="Folder of a run of the suite."
)
def enter(options: RunOptions, entry: Path) -> None:
    """Run an estimator from outside on the folds of a RUN of a suite, and print its rows.

    ENTRY is a YAML file of one estimator, written as in a spec. It joins those of RUN on the studies that RUN
    has; fits of the others are reused. Estimators that entered before stay; one of the same id is replaced.
    """
    from harness.suite.enter import enter_suite

    registry = shared.found(options.plugins)
    with progress() as on_progress:
        lines = enter_suite(options, entry, registry, on_progress=on_progress)
    echo("\n".join(lines))


@suite.command()
@shared.run_argument
def report(folder: Path) -> None:
    """Rewrite tables and pages of a suite RUN, also of one that was cut off, from the runs of its studies."""
    from harness.suite.page import INDEX
    from harness.suite.run import report_suite

    echo(Coded("suite: {path}", path=report_suite(folder).path / INDEX))


@suite.command()
@shared.run_argument
@click.option("--out", type=shared.PATH, default="site", show_default=True, help="Folder.")
def site(folder: Path, out: Path) -> None:
    """Write the results of a suite RUN as a static site: standings, panels, estimators, tables."""
    from harness.suite.page import INDEX
    from harness.suite.run import write_site

    echo(Coded("site: {path}", path=write_site(folder, out).path / INDEX))


@suite.command()
@shared.run_argument
@click.argument("reference", metavar="REFERENCE", type=shared.PATH)
@shared.tolerance_option("--rtol", 1e-6, "Relative tolerance.")
def compare(folder: Path, reference: Path, rtol: float) -> None:
    """Compare the errors of a suite RUN with those of a REFERENCE, a folder or a file of gains.

    Estimators missing in the reference are listed too. Exit code: 0 if common errors agree within the
    tolerance, 1 if an error differs, 5 if suites, editions or forms differ.
    """
    from harness.suite.results import SUITE_GAIN, compare_gains, read_suite_table

    own, known = (read_suite_table(path, SUITE_GAIN) for path in (folder, reference))
    difference = compare_gains(own, known, rtol=rtol)
    echo("\n".join(difference.lines()))
    if len(difference.differing):
        sys.exit(ExitCode.DIFFERENT)
