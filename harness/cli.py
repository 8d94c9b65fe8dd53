"""The command ``harness``: heavy libraries load only in the subcommand that needs them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import __version__
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.runner import Progress

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the spec; repeatable."
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="File to use in the place of the data the spec names."
)
quick_option = click.option("--quick", is_flag=True, help="Fewer draws, splits and restarts.")
jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), default=None, help="Worker processes; by default all cores."
)
outside_option = click.option(
    "--allow-outside", is_flag=True, help="Let the spec name data files outside its own folder."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="panel-harness")
def cli() -> None:
    """Run one panel study through many estimators side by side."""


@cli.command()
@spec_argument
@data_option
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; by default runs/STUDY.")
@quick_option
@jobs_option
@click.option("--resume", is_flag=True, help="Take up a run of this study that was cut off.")
@set_option
@outside_option
def run(
    spec: Path,
    data: Path | None,
    out: Path | None,
    quick: bool,
    jobs: int | None,
    resume: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Run a study and write its tables, figures and report."""
    from harness.runner import RunOptions
    from harness.runner import run as run_study

    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        quick=quick,
        n_jobs=_n_jobs(jobs),
        resume=resume,
        overrides=overrides,
        allow_outside=allow_outside,
    )
    with _progress() as on_progress:
        folder = run_study(options, on_progress=on_progress)
    click.echo(f"report: {folder.path / 'report.html'}")


@cli.command()
@spec_argument
@set_option
def validate(spec: Path, overrides: tuple[str, ...]) -> None:
    """Check a spec and say everything that is wrong with it."""
    from harness.estimators.registry import installed
    from harness.planner import catalogs
    from harness.spec.load import load_study

    study = load_study(spec, catalogs=catalogs(installed()), overrides=overrides).study
    click.echo(f"{spec}: valid; study '{study.study}' with {len(study.estimators)} estimators")


@cli.command()
@spec_argument
@data_option
@quick_option
@set_option
@outside_option
def plan(spec: Path, data: Path | None, quick: bool, overrides: tuple[str, ...], allow_outside: bool) -> None:
    """Read spec and data and show what a run would fit, without fitting anything."""
    from harness.runner import RunOptions, prepare

    options = RunOptions(spec=spec, data=data, quick=quick, overrides=overrides, allow_outside=allow_outside)
    click.echo(prepare(options).plan.describe())


@cli.command()
@spec_argument
@data_option
@click.option("--panels", type=click.IntRange(min=1), default=100, show_default=True, help="Panels to draw.")
@click.option("--effect", type=float, default=0.0, show_default=True, help="True effect of the exposure.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; by default runs/STUDY-calibration.")
@jobs_option
@set_option
@outside_option
def calibrate(
    spec: Path,
    data: Path | None,
    panels: int,
    effect: float,
    out: Path | None,
    jobs: int | None,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Repeat a study, in its quick form, on panels like its own whose truth is known.

    Says how often the study finds a gain or an effect that is not there, and what its bands cover.
    """
    from harness.calibrate import Truth
    from harness.calibrate import calibrate as calibrate_study
    from harness.runner import RunOptions

    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        quick=True,
        n_jobs=_n_jobs(jobs),
        overrides=overrides,
        allow_outside=allow_outside,
    )
    with _progress() as on_progress:
        path = calibrate_study(options, Truth(panels, effect), on_progress=on_progress)
    click.echo(f"calibration: {path}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plugins(as_json: bool) -> None:
    """List the installed plugins, what each offers, and what is wrong with the broken ones."""
    from dataclasses import asdict

    from harness.estimators.registry import installed

    found = installed().plugins
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in found], indent=1))
        return
    for plugin in found:
        offers = (
            f"broken: {plugin.broken}"
            if plugin.broken
            else ", ".join(plugin.estimators + plugin.protocols + plugin.datasets)
        )
        click.echo(f"{plugin.name} ({plugin.distribution} {plugin.version}): {offers}")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a spec, for editors, with the options of all installed plugins."""
    from harness.estimators.registry import installed
    from harness.planner import catalogs
    from harness.spec.json_schema import spec_schema

    click.echo(json.dumps(spec_schema(catalogs(installed())), indent=1))


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Write the report of a finished run again."""
    from harness.runner import write_report_again

    click.echo(f"report: {write_report_again(folder)}")


def _n_jobs(jobs: int | None) -> int:
    return jobs or os.cpu_count() or 1


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar on a terminal, and a line at each tenth elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_tenths
        return
    columns = (TextColumn("fitting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[last]}", markup=False), console=console) as bar:
        task = bar.add_task("fitting", total=None, last="reading the data")
        yield lambda done, total, last: bar.update(task, completed=done, total=total, last=last)


def _print_tenths(done: int, total: int, last: str) -> None:
    if 10 * done // total > 10 * (done - 1) // total:
        click.echo(f"fitted {done} of {total}, last {last}", err=True)


def main() -> None:
    """Run the command; an error is one message and an exit code, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HarnessError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
