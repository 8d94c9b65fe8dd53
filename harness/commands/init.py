"""The command ``harness init``: a first spec for data files, and the questions that it asks."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.commands.options import PATH, found, path_option, speak_in
from harness.errors import DataError
from harness.language import ENGLISH, Coded, any_of, languages, marked
from harness.registry.choice import PluginChoice
from harness.terminal import echo, spoken_here, terminal_text

if TYPE_CHECKING:
    from harness.draft.draft import Answers
    from harness.draft.found_data import FoundData

_QUESTIONS = {
    "outcome": marked("Which column is the outcome (dependent variable)?"),
    "exposure": marked("Which column is the exposure (key regressor)?"),
}

# Attempts at an answer.
MOST_TIMES = 3


@click.command()
@click.argument("data", nargs=-1, required=True, type=PATH)
@click.option("--entity", metavar="COLUMN", help="Entity column; guessed unless given.")
@click.option("--time", metavar="COLUMN", help="Time column; guessed unless given.")
@click.option("--outcome", metavar="COLUMN", help="Outcome column (dependent variable).")
@click.option("--exposure", metavar="COLUMN", help="Exposure column (key regressor).")
@click.option("--levels", metavar="A,B,C", help="Values of a categorical exposure, the base first.")
@click.option(
    "--sheet", "sheets", metavar="NAME", multiple=True, help="Sheet to read; several by repetition."
)
@click.option(
    "--language",
    type=click.Choice(languages()),
    default=ENGLISH,
    show_default=True,
    help="Language of the spec's comments, of the report, and of what is printed.",
)
@path_option("--out", "Spec to write; by default next to the data, with the same name.")
@click.pass_obj
def init(
    choice: PluginChoice,
    data: tuple[Path, ...],
    entity: str | None,
    time: str | None,
    outcome: str | None,
    exposure: str | None,
    levels: str | None,
    sheets: tuple[str, ...],
    language: str,
    out: Path | None,
) -> None:
    """Inspect data files and write a spec that runs.

    Further files, and all sheets of workbooks unless some are named, are merged to the first. Titles, units,
    encodings, thousands separators and wide formats are detected and written into the spec; the rest is
    prompted for on a terminal, or given by options. Whatever is chosen or left out is listed.
    """
    from harness.data.read.files import DataFolder
    from harness.data.read.source import READER
    from harness.draft.draft import Answers
    from harness.draft.found_data import find_data
    from harness.draft.spec_text import summary, write_draft

    speak_in(language, choice)
    catalogs = found(choice).catalogs
    path = data[0].with_suffix(".yaml") if out is None else out
    answers = Answers(entity, time, outcome, exposure, _listed(levels or ""), sheets)
    folder = DataFolder(path.parent, allow_outside=True, readers=catalogs[READER.name].members)
    seen = find_data(data, answers, folder=folder)
    if _is_terminal():
        keys = _asked_keys(seen, answers)
        seen = seen if keys == answers else find_data(data, keys, folder=folder)
        seen = replace(seen, answers=_asked_roles(seen))
    with spoken_here():
        draft = write_draft(seen, catalogs, out=path)
        drafted = summary(draft, seen).rstrip()
    echo(Coded("{path}: a study of {data}", path=path, data=", ".join(map(str, data))))
    echo(drafted)
    echo(Coded("check it, then: harness run {path} --quick", path=path))


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked_keys(seen: FoundData, answers: Answers) -> Answers:
    """Return the answers with the keys as typed on the terminal, where more than one pair may be these."""
    if not seen.other_keys:
        return answers
    pairs = [(seen.answers.entity or "", seen.answers.time or ""), *seen.other_keys]
    times = dict(reversed(pairs))
    question = Coded("Which column names the entities, {columns}?", columns=any_of(times))
    entity = _asked_column(question, [*times], "--entity COLUMN", default=pairs[0][0])
    return replace(answers, entity=entity, time=times[entity])


def _asked_roles(seen: FoundData) -> Answers:
    """Return the answers with those that were missing, as typed on the terminal."""
    from harness.draft.columns import columns_of
    from harness.draft.draft import default_levels, ordered_levels

    answers = seen.answers
    free = seen.table.frame.drop(columns=[answers.entity, answers.time], errors="ignore")
    columns = columns_of(free)
    echo(Coded("columns: {names}", names=", ".join(columns)), err=True)
    for part, question in _QUESTIONS.items():
        if getattr(answers, part) is None:
            able = [name for name, column in columns.items() if getattr(column, f"may_be_{part}")]
            able = [name for name in able if name != answers.outcome]
            answered: dict[str, Any] = {part: _asked_column(question, able, f"--{part} COLUMN")}
            answers = replace(answers, **answered)
    if answers.exposure not in columns or answers.levels:
        return answers
    levels = default_levels(columns[answers.exposure])
    if not levels:
        return answers

    def in_order(given: str) -> tuple[str, ...] | None:
        return ordered_levels((given,) if given in levels else _listed(given), levels)

    question = marked("Which value is the base? (or all values in their order, with commas between them)")
    return replace(answers, levels=_asked(question, levels, in_order, "--levels A,B,C", levels[0]))


def _asked_column(question: str, able: Sequence[str], option: str, default: str | None = None) -> str:
    from harness.data.name import fold_name

    folded = {fold_name(name): name for name in able}
    return _asked(question, able, lambda given: folded.get(fold_name(given)), option, default)


_T = TypeVar("_T")


def _asked(
    question: str,
    able: Sequence[str],
    read: Callable[[str], _T | None],
    option: str,
    default: str | None = None,
) -> _T:
    """Return what was typed on the terminal.

    Parameters
    ----------
    able : words that answer the question, shown where it was answered by others
    read : of what was typed; None where that is no answer
    option : that gives the answer on the command line

    Raises
    ------
    DataError
        Where no attempt is an answer.
    """
    given, shown = "", question
    if default is not None:
        shown = Coded("{question} [{default}]", question=question, default=default)
    for _ in range(MOST_TIMES):
        given = click.prompt(terminal_text(shown), default=default, show_default=False, err=True).strip()
        if (answer := read(given)) is not None:
            return answer
        echo(Coded("'{given}' is none of: {able}", given=given, able=", ".join(able)), err=True)
    raise DataError.at(
        "init",
        Coded("'{given}' does not answer: {question}", given=given, question=question),
        ", ".join(able),
        Coded("say {option}", option=option),
    )


def _listed(text: str) -> tuple[str, ...]:
    """Return the words of a list with commas between them, quoted where they hold one."""
    return tuple(word.strip() for word in next(csv.reader([text], skipinitialspace=True), ()))
