"""The columns a spec asks for, looked up before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.data.data_spec import DataSpec
from harness.data.locations import few
from harness.data.name import near_columns
from harness.data.prepare.interpolate import FillGaps
from harness.data.prepare.step import Step, single_steps
from harness.data.problems import ProblemCollector
from harness.data.read.table import Table
from harness.data.roles import Roles
from harness.errors import Problem


def require_columns(table: Table, spec: DataSpec, roles: Roles) -> None:
    """Check that every column asked for is in the table or made by a step before it is used.

    Raises
    ------
    DataError
        With every column that is not there, and every step that would overwrite one.
    """
    problems = ProblemCollector()
    known = dict.fromkeys(table.frame.columns)
    for path, column in _asked_of_table(spec, roles):
        problems.add(*_absent(path, column, known, table.origin))
    for path, step in _steps(spec):
        for column in step.inputs:
            problems.add(*_absent(path, column, known, table.origin))
        if step.into in known and not isinstance(step, FillGaps):
            problems.add(
                Problem(
                    where=f"{table.origin}: column '{step.into}' ({path}.into)",
                    what="there is a column of this name already",
                    expected="a new name",
                    hint="name the prepared column otherwise, and use that name in the roles",
                )
            )
        known[step.into] = None
    for path, column in _asked_of_all(spec, roles):
        problems.add(*_absent(path, column, known, table.origin))
    problems.raise_if_any()


def _steps(spec: DataSpec) -> Iterator[tuple[str, Step]]:
    for at, written in enumerate(spec.prepare):
        for step in single_steps(written):
            yield f"data.prepare[{at}].{written.name}", step


def _asked_of_table(spec: DataSpec, roles: Roles) -> Iterator[tuple[str, str]]:
    yield "roles.entity", roles.entity
    yield "roles.time", roles.time
    yield from (("data.rows", column) for column in spec.rows)


def _asked_of_all(spec: DataSpec, roles: Roles) -> Iterator[tuple[str, str]]:
    yield from ((roles.path_of(column), column) for column in roles.variables)
    yield from ((f"data.schema.{column}", column) for column in spec.schema)
    for at, check in enumerate(spec.checks):
        yield from ((f"data.checks[{at}]", column) for column in check.columns)


_CORRECT = "correct the name, or prepare the column before it is used"
_OF_PERIOD = re.compile(r"(?P<variable>.*?)(?P<between>[_. -]?)(?P<year>(?:19|20)[0-9]{2})(?P<end>年?)")


def _side_by_side(known: Iterable[str]) -> str:
    """Return what to do where columns are those of several years; empty where they are not."""
    found = [match for name in known if (match := _OF_PERIOD.fullmatch(name))]
    if len({match["year"] for match in found}) < 2:
        return ""
    shown = few([match[0] for match in found])
    first = found[0]
    if first["variable"]:
        pattern, into = f"{{variable}}{first['between']}{{period}}{first['end']}", ""
    else:
        pattern, into = f"{{period}}{first['end']}", ", into: NAME OF THE VARIABLE"
    return f'the years stand side by side ({shown}): data: reshape: {{columns: "{pattern}"{into}}}'


def _absent(path: str, column: str, known: dict[str, None], origin: str) -> list[Problem]:
    if column in known:
        return []
    return [
        Problem(
            where=f"{origin}: column '{column}' ({path})",
            what="there is no such column",
            expected=few(list(known)),
            hint=near_columns(column, known) or _side_by_side(known) or _CORRECT,
        )
    ]
