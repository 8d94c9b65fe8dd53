"""A command: which findings of a run are established, one a line.

harness --plugins-folder examples established runs/examples
"""

from __future__ import annotations

from pathlib import Path

import click

import harness
from harness.plugin import echo, hookimpl


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
def established(folder: Path) -> None:
    """Print the findings of a finished run that are established."""
    found = harness.open_run(folder).findings
    echo("\n".join(found.loc[found["is_established"], "text"]))


@hookimpl
def harness_commands() -> list[click.Command]:
    """Return the commands of this plugin."""
    return [established]
