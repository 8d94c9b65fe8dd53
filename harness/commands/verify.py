"""``harness verify``: whether a run folder is what its run wrote."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import run_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@run_argument
@click.option(
    "--signer",
    type=click.Path(path_type=Path),
    help="Public key of ssh by which the run has to be signed; see harness sign.",
)
@click.pass_obj
def verify(choice: PluginChoice, folder: Path, signer: Path | None) -> None:
    """Check every file of a finished run by its hash, and every table that recomputes.

    Errors, gains, intervals and p-values, the decomposition and the multiverse are computed once more from
    the stored predictions, the claims from the tables. The exit code is 0 where everything holds, else 5.
    """
    from harness.audit.verify.verification import verify as verified
    from harness.errors import ArtifactError, Problem
    from harness.running.folder import RunFolder

    problems: list[Problem] = []
    registry = found(choice)
    run = RunFolder.open(folder)
    for check in verified(run, catalogs=registry.catalogs, messages=registry.messages, signer=signer):
        problems += check.problems
        click.echo(f"{'does not hold' if check.problems else 'holds'}: {check.what}")
    if problems:
        raise ArtifactError(*problems)
