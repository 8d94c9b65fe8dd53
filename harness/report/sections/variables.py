"""The section of variables: what each is, how it was prepared, and its moments; grouped by role."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.report import table as parts
from harness.report.blocks import Appendix, Phrase, ReportBlock
from harness.report.sections.section import Section
from harness.tables.preparation import PREPARATION, SUMMARY, PreparationRow, VariableRow
from harness.text.numbers import count, significant
from harness.text.plain_text import in_turn, listed

# Headings of the groups, in their order; a role that is not here has its own name as heading.
ROLES: Mapping[str, str] = {
    "outcome": marked("Outcomes"),
    "exposure": marked("Exposure"),
    "moderator": marked("Moderators"),
    "control": marked("Controls"),
    "instrument": marked("Instruments"),
    "mediator": marked("Mediators"),
    "measure": marked("Other measures of the exposure"),
    "latitude": marked("Latitude"),
    "longitude": marked("Longitude"),
    "weight": marked("Weights"),
}

# Heads of `moments`.
MOMENTS = (
    *(marked("Rows"), marked("Mean"), marked("SD"), marked("SD within"), marked("SD between"), marked("Min")),
    marked("Max"),
)

# A mean of so few standard deviations is what rounding leaves of zero.
NOISE = 1e-12


# Roles of the variables that the question is about.
LEADING = ("outcome", "exposure")


def variable_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the outcomes and the exposure; in the appendix all variables and how they were prepared."""
    yield variable_table(run, LEADING)
    steps = (preparation_table(run),) if run.rows(PREPARATION) else ()
    yield Appendix((variable_table(run), *steps))


def variables_by_role(run: Run, roles: Collection[str] = ()) -> Iterator[tuple[str, tuple[VariableRow, ...]]]:
    """Yield the variables of each role under their heading, as the study orders them; all unless given."""
    variables = [row for row in run.rows(SUMMARY) if not roles or row.role in roles]
    for role in dict.fromkeys((*ROLES, *(row.role for row in variables))):
        rows = tuple(row for row in variables if row.role == role)
        if rows:
            yield gettext(ROLES.get(role, role)), rows


def moments(row: VariableRow) -> tuple[str, ...]:
    """Return rows, mean, SD, SD within and between entities, and both ends of a variable, in words."""
    mean = row.mean if abs(row.mean) > NOISE * row.sd else 0.0
    values = (mean, row.sd, row.sd_within, row.sd_between, row.min, row.max)
    return (count(row.n), *map(significant, values))


def variable_table(run: Run, roles: Collection[str] = ()) -> parts.ReportTable:
    """Return the variables of some roles, or of all; the note is that of all."""
    note = gettext(
        "SD within: of deviations from an entity's own mean; SD between: of the entities' means. A column "
        "without an entry under “prepared by” is as in the data."
    )
    return parts.ReportTable(
        caption=gettext("Outcomes and exposure") if roles else gettext("Variables"),
        columns=parts.columns_of(
            *(gettext("Variable"), parts.TableColumn(gettext("Unit"), "text")),
            *([] if roles else [parts.TableColumn(gettext("Prepared by"), "text")]),
            *map(gettext, MOMENTS),
        ),
        groups=parts.row_groups(
            (heading, [_row(run, row, with_steps=not roles) for row in rows])
            for heading, rows in variables_by_role(run, roles)
        ),
        notes=() if roles else (note,),
    )


def _row(run: Run, row: VariableRow, *, with_steps: bool) -> parts.TableRow:
    study, name = run.manifest.study, row.variable
    label = study.label(name)
    steps = [step for step in run.rows(PREPARATION) if step.into == name]
    made = [
        (
            Phrase(step.step, "code"),
            pgettext("between", ": ") + listed(map(study.label, step.inputs.split(", "))),
        )
        for step in steps
    ]
    shown = (
        parts.TableCell(label)
        if label == name
        else parts.TableCell((f"{label} ", Phrase(name, "code", "id")))
    )
    words = tuple(word for one in made for word in (*one, in_turn(["", ""])))[:-1]
    prepared = (parts.TableCell(words),) if with_steps else ()
    return parts.TableRow((shown, study.unit(name), *prepared, *moments(row)))


def preparation_table(run: Run) -> parts.ReportTable:
    """Return the steps in the order in which they ran."""
    columns: list[parts.RecordColumn[PreparationRow]] = [
        parts.RecordColumn(gettext("Column"), cell=lambda row: run.manifest.study.label(row.into)),
        parts.RecordColumn(gettext("Step"), "text", cell=lambda row: parts.code_cell(row.step)),
        parts.RecordColumn(gettext("From"), "text", cell=lambda row: row.inputs),
        parts.RecordColumn(gettext("Detail"), "text", cell=lambda row: row.detail),
    ]
    caption = gettext("Steps of preparation, in order")
    return parts.record_table(caption, columns, run.rows(PREPARATION))


VARIABLES_SECTION = Section(
    *("variables", marked("Variables"), 200, variable_blocks, marked("Variables and how they were prepared")),
    tables=(SUMMARY.name,),
)
