"""``harness init``: a first spec for a data file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice

if TYPE_CHECKING:
    from harness.draft.draft import Answers

_ASKED = {
    "outcome": "Which column is the outcome, whose values are to be explained?",
    "exposure": "Which column is the exposure, whose effect is asked?",
}


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--entity", metavar="COLUMN", help="Column of the entities; guessed unless given.")
@click.option("--time", metavar="COLUMN", help="Column of the periods; guessed unless given.")
@click.option("--outcome", metavar="COLUMN", help="Column whose values are to be explained.")
@click.option("--exposure", metavar="COLUMN", help="Column whose effect is asked.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Spec to write; by default beside the data, with their name.",
)
@click.pass_obj
def init(
    choice: PluginChoice,
    data: Path,
    entity: str | None,
    time: str | None,
    outcome: str | None,
    exposure: str | None,
    out: Path | None,
) -> None:
    """Look at a data file and write a spec of a study that runs.

    What cannot be seen of the data is asked for on a terminal, and elsewhere said by options.
    """
    from harness.draft.draft import Answers
    from harness.draft.write import read_frame, write_draft

    catalogs = found(choice).catalogs
    frame = read_frame(data)
    answers = Answers(entity=entity, time=time, outcome=outcome, exposure=exposure)
    if sys.stdin.isatty() and sys.stderr.isatty():
        answers = _asked(answers, [str(name) for name in frame.columns])
    path = write_draft(frame, answers, catalogs, data=data, out=out)
    click.echo(f"{path}: a study of {data}; look at it, then: harness run {path} --quick")


def _asked(answers: Answers, columns: list[str]) -> Answers:
    """Return the answers with those that were missing, as typed on the terminal."""
    click.echo("columns: " + ", ".join(columns), err=True)
    for part, question in _ASKED.items():
        if getattr(answers, part) is None:
            answers = replace(
                answers,
                **{part: click.prompt(question, type=click.Choice(columns), show_choices=False, err=True)},
            )
    return answers
