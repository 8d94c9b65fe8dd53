"""From a table to panels: what a panel must hold, checked once, and its columns, prepared for each fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Key, locked
from harness.data.checks import check_columns, columns_by_name, require_all_columns
from harness.data.data_spec import DataSpec, Roles
from harness.data.expand import expand
from harness.data.messages import (
    Account,
    ProblemCollector,
    RowLocator,
    StepRecord,
    describe_column,
    require_columns,
)
from harness.data.neighbours import Contiguity
from harness.data.panel import Panel, SplitUnit
from harness.data.prepare import pipeline
from harness.data.prepare.step import Calendar, Column, LearnedStep, Step
from harness.data.read.contiguity import match_notes
from harness.data.read.files import frame_file, read_frame
from harness.data.read.numbers import cast_note, require_no_codes, require_numbers, two_texts
from harness.data.read.source import Table
from harness.data.rules import RowFilter
from harness.data.shape import panel_notes
from harness.data.shape.rows import PanelIndex, read_groups, read_index, refuse_stray_periods, select_rows
from harness.errors import DataError
from harness.language import Coded, marked, to_json
from harness.tables.preparation import Note

if TYPE_CHECKING:
    import pandera.pandas as pa


@dataclass(frozen=True, eq=False)
class PanelBuilder:
    """Checked data of a study, from which the panel of any outcome and fold is made.

    Where no step learns, the panels of all folds of an outcome are one, and its columns are prepared once.

    Attributes
    ----------
    roles : of the columns
    steps : preparation steps that the roles need, in order
    raw : columns they start from, (n_raw,) each, in canonical order, NaN where a cell is missing
    calendar : of those rows
    locator : of those rows, for messages
    kept : (n_obs,), positions of the rows that have every value; the rows of all panels
    entity, time : keys of the rows of all panels, (n_obs,) each
    period : (n_obs,), calendar positions
    groups : of the same rows
    derived : regressors that follow from other regressors
    notes : what the reader of the report should know about the data
    read : what was cleaned, left out and joined while the data were read
    missing : texts that stand for a missing cell
    contiguity : which entities are neighbours, by a file; None without
    indicated : text for which a column of two is 1, by column
    """

    roles: Roles
    steps: tuple[Step, ...]
    raw: Mapping[str, Floats]
    calendar: Calendar
    locator: RowLocator
    kept: Ints
    entity: Key
    time: Key
    period: Ints
    groups: tuple[Key, ...]
    derived: tuple[pipeline.DerivedColumn, ...]
    notes: tuple[Note, ...]
    read: tuple[StepRecord, ...] = ()
    missing: frozenset[str] = frozenset()
    contiguity: Contiguity | None = None
    indicated: Mapping[str, str] = field(default_factory=dict)
    _panels: dict[tuple[str, SplitUnit], Panel] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def build(
        cls,
        table: Table,
        spec: DataSpec,
        roles: Roles,
        *,
        groups: Sequence[str] = (),
        file_schema: pa.DataFrameSchema | None = None,
    ) -> Self:
        """Check a table and make it ready.

        Parameters
        ----------
        groups : columns that sort rows into groups
        file_schema : that ``data.schema_file`` names

        Raises
        ------
        DataError
            With all that is wrong: columns, rows, keys, numbers, steps, schema, missing cells.
        """
        require_all_columns(table, spec, roles)
        problems, missing = ProblemCollector(), frozenset(spec.missing_values)
        locator = RowLocator(table.origin, table.frame, roles.entity, roles.time)
        if spec.rows:
            locator = locator.take(select_rows(locator, spec.rows, missing))
        derived = pipeline.find_derived(roles, spec.steps, problems)
        raw, indicated, read = dict[str, Floats](), dict[str, str](), [*table.records]
        for name in pipeline.raw_columns(spec.steps, [*roles.variables, *spec.checked_numbers]):
            with problems.collecting():
                column = locator.frame[name]
                if texts := two_texts(column, name=name):
                    indicated[name] = texts[1]
                    column = column.map({texts[0]: 0.0, texts[1]: 1.0})
                    account = Account(Coded("{base} is 0, {level} is 1", base=texts[0], level=texts[1]))
                    read.append(StepRecord("two_texts", name, (name,), account))
                labels = {} if texts else table.labels.codes.get(name, {})
                require_no_codes(column, labels, name=name, locator=locator)
                raw[name] = require_numbers(column, missing, name=name, locator=locator)
        index = _read_index(raw, spec, roles, locator, problems)
        # Large panels mostly stand in order, and are held once.
        if not np.array_equal(index.order, np.arange(index.order.size)):
            locator = locator.take(index.order)
            raw = {name: values[index.order] for name, values in raw.items()}
        near, links, near_notes = table.contiguity, None, tuple[Note, ...]()
        if near is not None:
            links = near.links(index.entity, index.period)
            with problems.collecting():
                near_notes = tuple(match_notes(near, index.entity.labels))
        calendar = Calendar(index.entity.codes, index.period, index.positions, links)
        columns = check_columns(
            *(raw, spec, roles),
            calendar=calendar,
            locator=locator,
            problems=problems,
            file_schema=file_schema,
        )
        keys: tuple[Key, ...] = ()
        with problems.collecting():
            keys = _group_keys(groups, spec, locator, columns) if groups else ()
        problems.raise_if_any()
        complete = panel_notes.find_complete(columns, roles.variables)
        if spec.missing == "balance":
            complete = complete.balanced(calendar)
        kept = np.flatnonzero(complete.rows)
        entity, period = index.entity.take(kept).without_absent(), index.period[kept]
        builder = cls(
            roles=roles,
            steps=pipeline.needed_steps(spec.steps, [*roles.variables, *groups]),
            raw=raw,
            calendar=calendar,
            locator=locator,
            kept=kept,
            entity=entity,
            time=index.time.take(kept).without_absent(),
            period=period,
            groups=tuple(key.take(kept).without_absent() for key in keys),
            derived=derived.columns,
            notes=(
                *table.notes,
                *index.notes,
                *(
                    note
                    for name in raw.keys() - indicated
                    for note in cast_note(locator.frame[name], name=name)
                ),
                *near_notes,
                *derived.notes,
                *panel_notes.completeness_notes(complete, index.entity.codes, roles.controls),
                *panel_notes.key_notes(entity, index.time),
                *panel_notes.shape_notes(entity, period),
                *panel_notes.total_notes(raw, index.entity, index.period),
            ),
            read=tuple(read),
            indicated=indicated,
            missing=missing,
            contiguity=near,
        )
        # Fails where the rows that are kept are too few to learn from.
        records = builder._whole.records
        learned = (note for record in records for note in record.account.notes)
        return replace(builder, notes=(*builder.notes, *learned))

    def noted(self) -> Self:
        """Return the builder with notes on outcomes of one value, and on regressors that hold an outcome.

        Raises
        ------
        DataError
            Where the exposure has one value, or every outcome does, so that nothing can be learned.
        """
        columns = self._whole.columns
        roles, few = self.roles, panel_notes.subsampled(self.kept)
        varying = (*roles.outcomes, *roles.exposure_columns)
        kept = {name: columns[name].cells[self.kept] for name in varying}
        looked_at = {name: columns[name].cells[few] for name in (*roles.outcomes, *roles.regressors)}
        constant = panel_notes.variation_notes(kept, roles, self.locator)
        notes = (*constant, *panel_notes.leakage_notes(looked_at, roles))
        return replace(self, notes=(*self.notes, *notes)) if notes else self

    @property
    def n_obs(self) -> int:
        """Number of rows of every panel."""
        return int(self.kept.size)

    @property
    def learns(self) -> bool:
        """Whether a preparation step learns, so that panels differ by the rows it may learn from."""
        return any(isinstance(step, LearnedStep) for step in self.steps)

    def panel(self, outcome: str, *, fit_rows: Ints | None = None, split_unit: SplitUnit = "entity") -> Panel:
        """Return the panel of one outcome; its rows are the same for all outcomes and all `fit_rows`.

        Parameters
        ----------
        outcome : one of the roles' outcomes
        fit_rows : positions among the n_obs rows that learned steps may learn from; None for all
        split_unit : what an estimator's inner split must keep together

        Raises
        ------
        DataError
            Where a step learns nothing from these rows.
        """
        if fit_rows is not None and self.learns:
            return self._panel(outcome, self._prepared(self.kept[fit_rows]), split_unit)
        found = self._panels.get((outcome, split_unit))
        if found is None:
            same = [panel for (name, _), panel in self._panels.items() if name == outcome]
            made = same[0] if same else self._panel(outcome, self._whole, split_unit)
            found = self._panels[outcome, split_unit] = replace(made, split_unit=split_unit)
        return found

    def _panel(self, outcome: str, prepared: pipeline.PreparedColumns, split_unit: SplitUnit) -> Panel:
        roles = self.roles
        return Panel(
            entity=self.entity,
            time=self.time,
            period=self.period,
            outcome=outcome,
            observed=prepared.columns[outcome].cells[self.kept],
            exposure=roles.exposure,
            levels=tuple(str(level) for level in roles.levels),
            moderators=roles.moderators,
            controls=roles.controls,
            X=self._cells(prepared, roles.regressors),
            derived=tuple(column.derivation(prepared.derivations) for column in self.derived),
            instruments=roles.instruments,
            Z=self._cells(prepared, roles.instruments) if roles.instruments else None,
            mediators=roles.mediators,
            measures=roles.measures,
            M=self._cells(prepared, roles.further) if roles.further else None,
            coordinates=self._cells(prepared, roles.coordinates) if roles.coordinates else None,
            contiguity=self.contiguity,
            groups=self.groups,
            weights=None if roles.weights is None else prepared.columns[roles.weights].cells[self.kept],
            split_unit=split_unit,
        )

    def rows(self, rules: Mapping[str, RowFilter]) -> Ints:
        """Return the positions of those of the n_obs rows that all rules keep, by columns of the raw table.

        Raises
        ------
        DataError
            Where there is no such column, a rule does not fit it, or no row is left.
        """
        locator = self.locator.take(self.kept)
        options = [("rows", name) for name in rules]
        remedy = marked("name a raw column")
        require_columns(options, locator.frame.columns, origin=locator.origin, remedy=remedy)
        return np.flatnonzero(select_rows(locator, rules, self.missing))

    def _cells(self, prepared: pipeline.PreparedColumns, names: Sequence[str]) -> Floats:
        return locked(np.column_stack([prepared.columns[name].cells[self.kept] for name in names]))

    def frame(self) -> pd.DataFrame:
        """Return the keys and all columns of a role, one row an observation, learned from all rows."""
        columns = self._whole.columns
        keys = {key.name: np.array(key.labels, dtype=object)[key.codes] for key in (self.entity, self.time)}
        return pd.DataFrame(keys | {name: columns[name].cells[self.kept] for name in self.roles.variables})

    def summary(self) -> pd.DataFrame:
        """Return statistics of the variables (see `summary_row`), one row each, led by name and role."""
        columns = self.frame()
        rows = [
            {"variable": name, "role": self.roles.role_of(name)}
            | summary_row(columns[name].to_numpy(dtype=np.float64), self.entity.codes)
            for name in self.roles.variables
        ]
        return pd.DataFrame(rows)

    def steps_table(self) -> pd.DataFrame:
        """Return what reading and each step did: step, into, inputs, detail and its code, one row each.

        Steps that learn have learned from all rows.
        """
        rows = [
            (record.step, record.into, ", ".join(record.inputs), detail, to_json(detail))
            for record in (*self.read, *self._whole.records)
            for detail in (record.account.detail,)
        ]
        return pd.DataFrame(rows, columns=["step", "into", "inputs", "detail", "detail_code"])

    def filled_table(self) -> pd.DataFrame:
        """Return the cells that steps filled in: column, entity, time, value, one row each."""
        prepared, keys = self._whole, self.locator.frame[[self.roles.entity, self.roles.time]]
        keys = keys.set_axis(["entity", "time"], axis="columns")
        values = {name: column.cells for name, column in prepared.columns.items()}
        parts = [
            keys[filled].assign(column=record.into, value=values[record.into][filled])
            for record in prepared.records
            if (filled := record.account.filled) is not None and filled.any()
        ]
        names = ["column", "entity", "time", "value"]
        return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame()

    @cached_property
    def _whole(self) -> pipeline.PreparedColumns:
        """The columns, learned from all rows."""
        return self._prepared(self.kept)

    def _prepared(self, fit_rows: Ints) -> pipeline.PreparedColumns:
        """Return the columns, learned from some of the rows they start from."""
        problems = ProblemCollector()
        prepared = pipeline.run_steps(
            *(self.raw, self.steps),
            calendar=self.calendar,
            fit_rows=fit_rows,
            locator=self.locator,
            problems=problems,
        )
        problems.raise_if_any()
        return prepared


def summary_row(values: Floats, entity: Ints) -> dict[str, float]:
    """Return count, mean, spread and range of one column, as Stata's ``xtsum`` defines them.

    Parameters
    ----------
    values : (n_obs,), finite
    entity : (n_obs,), codes

    Returns
    -------
    n, mean, sd, min, max, sd_within (of the deviations from the entities' means, over n - 1) and sd_between
    (of the entities' means, over their number less 1), in the column's unit; NaN where there is one row or
    entity.
    """
    _, code = np.unique(entity, return_inverse=True)
    count = np.bincount(code)
    means = np.bincount(code, weights=values) / count
    return {
        "n": values.size,
        "mean": float(values.mean()),
        "sd": _sd(values),
        "min": float(values.min()),
        "max": float(values.max()),
        "sd_within": _sd(values - means[code]),
        "sd_between": _sd(means),
    }


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else float("nan")


def _read_index(
    raw: Mapping[str, Floats], spec: DataSpec, roles: Roles, locator: RowLocator, problems: ProblemCollector
) -> PanelIndex:
    """Return the keys of all rows; where they are wrong, what is wrong with the columns is told along."""
    try:
        index = read_index(locator)
        if roles.time not in spec.rows:
            refuse_stray_periods(index, locator)
    except DataError as error:
        check_columns(raw, spec, roles, calendar=None, locator=locator, problems=problems)
        problems.add(*error.problems)
        raise problems.error() from error
    return index


def _group_keys(
    names: Sequence[str], spec: DataSpec, locator: RowLocator, columns: Mapping[str, Column]
) -> tuple[Key, ...]:
    """Return the groups of all rows by some columns, prepared ones among them.

    Raises
    ------
    DataError
        Where a column is not there, has no value in some row, or is another on other rows to learn from.
    """
    for name in names:
        learned = [
            step for step in pipeline.needed_steps(spec.steps, [name]) if isinstance(step, LearnedStep)
        ]
        if learned:
            where = describe_column(name, option=f"data.prepare, {learned[0].name}")
            what = marked("depends on the rows it is learned from, so that groups by it would differ by fold")
            expected = marked("groups that a row has whatever rows are learned from")
            raise DataError.at(where, what, expected, marked("group by classes of a raw column"))
    prepared = [name for name in names if name not in locator.frame]
    classes = columns_by_name(prepared, columns, spec.steps, locator)
    return read_groups(locator, names, spec.schema, classes=classes)


def panel_from_frame(frame: pd.DataFrame, roles: Roles, *, groups: Sequence[str] = ()) -> Panel:
    """Return the panel of the first outcome of a table, see `harness.panel_from_frame`.

    Raises
    ------
    DataError
        With everything that is wrong with the table.
    """
    spec = DataSpec()
    table = read_frame(frame_file(frame), spec, entity=roles.entity, time=roles.time, origin="the table")
    made = expand(table, spec, roles)
    builder = PanelBuilder.build(made.table, made.spec, made.roles, groups=groups)
    return builder.panel(roles.outcomes[0])
