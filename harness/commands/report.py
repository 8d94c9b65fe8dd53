"""``harness report``: write a report again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from harness.commands.options import jobs_option, n_jobs, run_argument
from harness.commands.plugin_options import found
from harness.commands.written_line import written_line
from harness.registry.plugin_choice import PluginChoice


@click.command()
@run_argument
@click.option(
    "--brief", is_flag=True, help="Write brief.html alone: the first screen and its notes, two pages."
)
@jobs_option
@click.option("--force", is_flag=True, help="Write it where files are not as the run wrote them; recorded.")
@click.pass_obj
def report(choice: PluginChoice, folder: Path, *, brief: bool, jobs: int | None, force: bool) -> None:
    """Write the report of a finished run again, in the formats that its spec asks for."""
    from harness.api import reporter_of
    from harness.audit.verify.integrity import changed_inputs, require_unchanged
    from harness.running.folder import RunFolder
    from harness.running.workers import LocalWorkers

    run = RunFolder.open(folder)
    if not force:
        require_unchanged(
            run, hint="take a whole copy of the folder; --force writes the report, and records it"
        )
    forced = changed_inputs(run)
    if brief:
        click.echo(f"brief: {reporter_of(choice).brief(folder)}")
        return
    found(choice)
    reporter_of(choice, workers=LocalWorkers(n_jobs(jobs))).report(folder)
    if forced:
        manifest = run.manifest()
        names = tuple(dict.fromkeys((*manifest.forced, *forced)))
        run.write_manifest(replace(manifest, forced=names))
    click.echo(written_line(folder))
