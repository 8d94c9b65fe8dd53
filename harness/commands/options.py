"""Arguments and options that several subcommands share."""

from __future__ import annotations

from pathlib import Path

import click

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
run_argument = click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the spec; repeatable."
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="File to use in the place of the data the spec names."
)
quick_option = click.option("--quick", is_flag=True, help="Fewer draws, splits and restarts.")
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1, max=1024),
    default=None,
    help="Worker processes; by default one for each core that the command may use.",
)
backend_option = click.option(
    "--backend",
    type=click.Choice(["loky", "dask"]),
    default="loky",
    show_default=True,
    help="What starts the worker processes; the numbers are the same.",
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the workers of this dask cluster, in the place of --jobs.",
)
time_limit_option = click.option(
    "--time-limit",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="How long one task may take: a fit on a fold, or on all rows, or a block of draws.",
)
memory_limit_option = click.option(
    "--memory-limit",
    type=click.FloatRange(min=0.5),
    metavar="GB",
    help="Memory that a worker process may hold, on Linux; a task that asks for more is a row that says so.",
)
outside_option = click.option(
    "--allow-outside", is_flag=True, help="Let the spec name data files outside its own folder."
)


def n_jobs(jobs: int | None) -> int:
    """Return the worker processes asked for, or one for each core that this process may use."""
    return jobs or n_cores()


def n_cores() -> int:
    """Return the cores that this process may use, which a container or a scheduler can hold to few."""
    from joblib import cpu_count

    return int(cpu_count())
