"""``harness init``: a first spec for a data file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import PATH, found
from harness.registry.sources import PluginChoice

if TYPE_CHECKING:
    from harness.draft.draft import Answers

_ASKED = {
    "outcome": "Which column is the outcome, whose values are to be explained?",
    "exposure": "Which column is the exposure, whose effect is asked?",
}


@click.command()
@click.argument("data", nargs=-1, required=True, type=PATH)
@click.option("--entity", metavar="COLUMN", help="Column of the entities; guessed unless given.")
@click.option("--time", metavar="COLUMN", help="Column of the periods; guessed unless given.")
@click.option("--outcome", metavar="COLUMN", help="Column whose values are to be explained.")
@click.option("--exposure", metavar="COLUMN", help="Column whose effect is asked.")
@click.option(
    "--out",
    type=PATH,
    help="Spec to write; by default beside the data, with their name.",
)
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
    """Look at data files and write a spec of a study that runs.

    Files after the first are merged to it. Titles, units, encodings, marks of thousands and periods side by
    side are seen and written into the spec; what cannot be seen is asked for on a terminal, and elsewhere
    said by options.
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
        asked = _asked(seen.answers, [str(name) for name in seen.table.frame.columns])
        seen = replace(seen, answers=asked)
    write_draft(seen, catalogs, out=path)
    named = ", ".join(map(str, data))
    click.echo(f"{path}: a study of {named}; look at it, then: harness run {path} --quick")


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
