"""What is to be known of the rows of a panel: cells that are missing, its shape, totals, constants, leaks.

Leaks are regressors that hold the outcome itself, from which any flexible model predicts it without error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Key, Mask
from harness.data.data_spec import MissingPolicy, Roles
from harness.data.messages import ProblemCollector, RowLocator, few
from harness.data.prepare.step import Calendar, Column
from harness.data.shape.times import are_dates
from harness.errors import DataError, Problem
from harness.language import Coded, marked
from harness.tables.preparation import LEAK_CODE, LOST_ROWS_CODE, Note


@dataclass(frozen=True, eq=False)
class Completeness:
    """Rows without a value, by cause.

    Attributes
    ----------
    unreached : (n_obs,), rows that some column has no earlier row for
    missing : by column, (n_obs,), further rows whose cell is missing
    unbalanced : (n_obs,), further rows of entities that lack a period; all False where that is no matter
    """

    unreached: Mask
    missing: Mapping[str, Mask]
    unbalanced: Mask

    @property
    def rows(self) -> Mask:
        """Rows, (n_obs,), that have every value."""
        kept: Mask = ~np.any([self.unreached, *self.missing.values(), self.unbalanced], axis=0)
        return kept

    def balanced(self, calendar: Calendar) -> Completeness:
        """Return the same with the rows of entities that lack a period left out.

        Raises
        ------
        DataError
            Where no entity has all periods.
        """
        rows = self.rows
        n_periods, n_rows = np.unique(calendar.period[rows]).size, np.bincount(calendar.entity[rows])
        has_all = np.flatnonzero(n_rows == n_periods)
        if not has_all.size:
            what = Coded("no entity has complete rows in all {n_periods} periods", n_periods=n_periods)
            hint = marked("leave periods out by data.rows, or say missing: drop")
            raise DataError.at("data.missing", what, marked("an entity in every period"), hint)
        return replace(self, unbalanced=rows & ~np.isin(calendar.entity, has_all))


def find_complete(columns: Mapping[str, Column], variables: Sequence[str]) -> Completeness:
    """Return which rows have a value in all these columns."""
    unreached = np.any([columns[name].unreached for name in variables], axis=0)
    missing = {name: np.isnan(columns[name].cells) & ~unreached for name in variables}
    absent = {name: rows for name, rows in missing.items() if rows.any()}
    return Completeness(unreached, absent, np.zeros_like(unreached))


def missing_problems(found: Completeness, policy: MissingPolicy, locator: RowLocator) -> Iterator[Problem]:
    """Yield columns with missing cells, where the policy refuses them, and that no row is left."""
    if policy == "error" and found.missing:
        expected = marked("no missing cell in a column that plays a role")
        hint = marked("fill the cells in; or say data: missing: drop, to leave their rows out")
        for name, rows in found.missing.items():
            yield locator.wrong(name, rows, marked("cells are missing"), expected, hint)
    elif not found.rows.any():
        what = marked("every row lacks a value some periods earlier")
        hint = marked("take a shorter lag or lead, or none")
        if found.missing:
            what = Coded("every row lacks a value of {names}", names=", ".join(found.missing))
            hint = marked("take the emptiest columns out of the roles")
        expected = marked("rows that have a value in every column that plays a role")
        yield Problem(locator.origin, Coded("0 rows are left: {what}", what=what), expected, hint)


# Share of the rows that one control loses alone from which a note says so.
MANY_ROWS = 0.1


def completeness_notes(found: Completeness, entity: Ints, controls: Collection[str]) -> Iterator[Note]:
    """Yield notes on the rows that are left out, and on the controls that lose many of them alone.

    Parameters
    ----------
    entity : (n_obs,), codes
    controls : columns without which the study would still be asked
    """
    if found.unreached.any():
        template = marked("{count} rows dropped: no observation at that lag.")
        yield Note("W-LAG", "rows", Coded(template, count=int(found.unreached.sum())))
    if found.missing:
        message = Coded(
            "{count} rows with missing cells dropped; {lost} entities lose all their rows ({cells}).",
            count=int(np.any(list(found.missing.values()), axis=0).sum()),
            lost=np.setdiff1d(entity[~found.unreached], entity[found.rows | found.unbalanced]).size,
            cells=", ".join(f"{name} {int(rows.sum())}" for name, rows in found.missing.items()),
        )
        yield Note("W-MISSING", "rows", message)
    n_missing = np.sum(list(found.missing.values()), axis=0)
    for name in found.missing.keys() & set(controls):
        share = float((found.missing[name] & (n_missing == 1)).sum() / max((~found.unreached).sum(), 1))
        if share >= MANY_ROWS:
            template = marked("{share} of all rows are dropped for {name} alone, which is missing there.")
            yield Note(LOST_ROWS_CODE, name, Coded(template, share=f"{share:.0%}", name=name))
    if found.unbalanced.any():
        template = marked("{count} rows of {lost} entities that lack a period dropped, to balance the panel.")
        count, lost = int(found.unbalanced.sum()), np.unique(entity[found.unbalanced]).size
        yield Note("W-BALANCE", "rows", Coded(template, count=count, lost=lost))


def shape_notes(entity: Key, period: Ints) -> Iterator[Note]:
    """Yield what the reader of the report should know about the shape of a panel.

    Parameters
    ----------
    entity : of the rows, in canonical order
    period : (n_obs,), calendar positions
    """
    codes, first, count = np.unique(entity.codes, return_index=True, return_counts=True)
    span = period[first + count - 1] - period[first] + 1
    alone, gapped = codes[count == 1], codes[span > count]
    if count.min() < count.max():
        template = marked("Entities have from {count} to {count_2} periods.")
        yield Note("W-UNBALANCED", entity.name, Coded(template, count=count.min(), count_2=count.max()))
    if gapped.size:
        template = marked("{size} entities have gaps in their periods: {entity}.")
        if gapped.size == 1:
            template = marked("{size} entity has gaps in its periods: {entity}.")
        message = Coded(template, size=gapped.size, entity=_labels(entity, gapped))
        yield Note("W-GAP", entity.name, message)
    if alone.size:
        template = marked("{size} entities have a single row: {entity}.")
        if alone.size == 1:
            template = marked("{size} entity has a single row: {entity}.")
        message = Coded(template, size=alone.size, entity=_labels(entity, alone))
        yield Note("W-SINGLETON", entity.name, message)


def key_notes(entity: Key, time: Key) -> Iterator[Note]:
    """Yield a note where entities look like dates and periods do not."""
    if are_dates(entity.labels) and not are_dates(time.labels):
        message = Coded(
            "The entities look like dates ({entities}), and the periods do not ({periods}): exchange "
            "roles.entity and roles.time if they are swapped.",
            entities=few(entity.labels),
            periods=few(time.labels),
        )
        yield Note("W-KEYS", entity.name, message)


def _labels(entity: Key, codes: Ints) -> str:
    return few([entity.labels[code] for code in codes.tolist()])


# Difference, relative to what is added, up to which a sum is one.
_ROUNDED = 1e-6

# Fewest other entities with a number other than zero; fewer can add up by chance.
_OTHERS = 3


def total_notes(raw: Mapping[str, Floats], entity: Key, period: Ints) -> Iterator[Note]:
    """Yield a note on an entity that all others add up to, or have as their mean, wherever it has a row.

    Parameters
    ----------
    raw : columns by name, (n_obs,) each
    entity : of the rows
    period : (n_obs,), calendar positions
    """
    found: dict[tuple[int, str], list[str]] = {}
    for name, values in raw.items():
        for what, rows in _rows_of_totals(values, period):
            is_total = np.bincount(entity.codes, rows) == np.bincount(entity.codes)
            (codes,) = np.nonzero(is_total)
            if codes.size == 1 and np.unique(values[entity.codes == codes[0]]).size > 1:
                found.setdefault((int(codes[0]), what), []).append(name)
    for (code, what), names in found.items():
        message = Coded(_TOTALS[what], labels=entity.labels[code], names=few(names))
        yield Note("W-TOTAL", entity.name, message)


_TOTALS = {
    "sum": marked(
        "The entity {labels} equals the sum of all others in every period ({names}). If it is an "
        "aggregate, drop it by data.rows."
    ),
    "mean": marked(
        "The entity {labels} equals the mean of all others in every period ({names}). If it is an "
        "aggregate, drop it by data.rows."
    ),
}


def _rows_of_totals(values: Floats, period: Ints) -> tuple[tuple[str, Mask], ...]:
    """Return the rows, (n_obs,), with the sum of the others in their period, and those with their mean."""
    there = np.isfinite(values)
    cells = np.where(there, values, 0.0)
    total, size = (np.bincount(period, part)[period] for part in (cells, np.abs(cells)))
    n_filled, n_there = (np.bincount(period, part)[period] for part in (cells != 0.0, there))
    may_be = there & (cells != 0.0) & (n_filled > _OTHERS)
    is_sum = np.abs(2.0 * cells - total) <= _ROUNDED * size
    is_mean = np.abs(n_there * cells - total) <= _ROUNDED * size
    return ("sum", may_be & is_sum), ("mean", may_be & is_mean)


def variation_notes(columns: Mapping[str, Floats], roles: Roles, locator: RowLocator) -> Iterator[Note]:
    """Yield a note on each outcome of one value, where others vary.

    Parameters
    ----------
    columns : outcomes and exposure by name, (n_obs,) each, in the rows that are kept
    locator : of the table

    Raises
    ------
    DataError
        Where the exposure has one value in all rows, or every outcome has.
    """
    same = {
        name: float(columns[name][0])
        for name in (*roles.outcomes, *roles.exposure_columns)
        if np.ptp(columns[name]) == 0.0
    }
    n_obs = columns[roles.outcomes[0]].size
    constant = [name for name in roles.outcomes if name in same]
    found: list[tuple[str, str, str]] = []

    def equals(name: str) -> str:
        return Coded("equals {value}", value=f"{same[name]:.6g}")

    if same.keys() >= set(roles.exposure_columns):
        value = marked("has one category") if roles.levels else equals(roles.exposure)
        found.append((roles.exposure, value, marked("its effect is not identified")))
    if len(constant) == len(roles.outcomes):
        found += [(name, equals(name), marked("there is no variation to explain")) for name in constant]
    problems, expected = ProblemCollector(), marked("at least two values in the rows that are kept")
    hint = marked("name another column; or keep the rows in which it differs (data.rows, data.missing)")
    for name, value, so in found:
        where = Coded("{where} ({option})", where=locator.column(name), option=roles.path_of(name))
        what = Coded("it {value} in all {n_obs} rows: {so}", value=value, n_obs=f"{n_obs:,}", so=so)
        problems.add(Problem(where, what, expected, hint))
    problems.raise_if_any()
    template = marked("The outcome is {same} in all {n_obs} rows; no estimator is fitted.")
    for name in constant:
        yield Note("W-CONSTANT", name, Coded(template, same=f"{same[name]:.6g}", n_obs=n_obs))


Rows = TypeVar("Rows", Floats, Ints)

# Share of an outcome's variance from which one smooth function of a regressor is taken for the outcome.
EXPLAINED = 0.999

# Rank correlation from which a regressor is taken for a monotone function of the outcome.
MONOTONE = 0.9999

# Share of an outcome's variance from which the product of two regressors is taken for the outcome, and share
# of its rows in which they are the same, up to rounding: where a few are of another edition, or interpolated.
EXACT, MOST, ROUNDING = 1.0 - 1e-5, 0.5, 1e-4

# With fewer rows ranks may agree, and with fewer values of a regressor a spline follow, by chance.
LEAST_ROWS = 50

# Rows that are looked at, in equal steps over all.
MOST_ROWS = 20_000

# Quantiles at which the cubic splines have their knots.
_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)

# Rows that rule most pairs of regressors out.
_FEW_ROWS = 64


@dataclass(frozen=True)
class OutcomeLeak:
    """Regressors that hold an outcome.

    Attributes
    ----------
    outcome : that they hold
    names : of one regressor that is a function of it, or of several that make it
    what : the one, or the product or quotient of two, or the sum, or product of powers, of several
    """

    outcome: str
    names: tuple[str, ...]
    what: str


def subsampled(rows: Rows) -> Rows:
    """Return those of (n_obs,) rows, or of their positions, that are looked at: `MOST_ROWS` at most."""
    return rows[:: max(1, -(-rows.size // MOST_ROWS))]


def leaks(
    columns: Mapping[str, Floats], *, outcomes: Sequence[str], regressors: Sequence[str]
) -> Iterator[OutcomeLeak]:
    """Yield each regressor that is a function of an outcome, and each set of others that makes one.

    A regressor is one where a cubic spline of it explains 99.9 % of the outcome's variance, or where both
    rank the rows alike; a pair makes an outcome that is proportional to its product or quotient in most rows;
    several make one that is their sum, each by a factor, or their product, each to a power.

    Parameters
    ----------
    columns : outcomes and regressors by name, (n_obs,) each, without missing cells
    """
    if columns[outcomes[0]].size < LEAST_ROWS:
        return
    looked_at = {name: subsampled(columns[name]) for name in (*outcomes, *regressors)}
    varying = {name: values for name, values in looked_at.items() if np.ptp(values) > 0.0}
    explained = [name for name in outcomes if name in varying]
    if not explained:
        return
    together = np.column_stack([varying[name] for name in explained])
    functions = {name: _makes(varying[name], together) for name in regressors if name in varying}
    for at, outcome in enumerate(explained):
        yield from (OutcomeLeak(outcome, (name,), name) for name, makes in functions.items() if makes[at])
        others = {name: varying[name] for name, makes in functions.items() if not makes[at]}
        pairs = list(_pairs(others, outcome, together[:, at]))
        yield from pairs or _sets(others, outcome, together[:, at])


def leakage_notes(columns: Mapping[str, Floats], roles: Roles) -> Iterator[Note]:
    """Yield a note on each of the `leaks` of a study.

    Parameters
    ----------
    columns : outcomes and regressors by name, (n_obs,) each
    """
    for leak in leaks(columns, outcomes=roles.outcomes, regressors=roles.regressors):
        template = _FUNCTION if len(leak.names) == 1 else _SET
        yield Note(LEAK_CODE, leak.outcome, Coded(template, outcome=leak.outcome, what=leak.what))


_FUNCTION = marked(
    "The outcome {outcome} is, exactly or nearly, a function of {what}. Any model that uses it "
    "effectively sees the outcome: drop it unless it is known before the outcome"
)
_SET = marked(
    "The outcome {outcome} equals {what} up to constants. Any model that uses them together "
    "effectively sees the outcome: drop one unless all are known before the outcome"
)


def _makes(values: Floats, outcomes: Floats) -> Mask:
    """Return which outcomes, (n_obs, n_outcomes), are a smooth or a monotone function of values, (n_obs,)."""
    ranks = pd.DataFrame(np.column_stack([values, outcomes])).rank().corr().to_numpy()[0, 1:]
    is_monotone = np.abs(ranks) > MONOTONE
    if np.unique(values).size < LEAST_ROWS:  # of one value an entity, say
        return np.asarray(is_monotone)
    basis, centred = _splines(values), outcomes - outcomes.mean(axis=0)
    left = centred - basis @ np.linalg.lstsq(basis, centred)[0]
    return np.asarray(is_monotone | (_share(left, centred) > EXPLAINED))


def _splines(values: Floats) -> Floats:
    """Return cubic splines of values in units of their spread, (n_obs, 9), a constant first."""
    z = (values - values.mean()) / values.std()
    above = np.maximum(z[:, None] - np.quantile(z, _KNOTS), 0.0)
    return np.column_stack([np.ones(z.size), z, z * z, z * z * z, above * above * above])


def _share(left: Floats, centred: Floats) -> Floats:
    """Return the share of the variance of columns that is explained, (n_columns,)."""
    return np.asarray(1.0 - np.square(left).sum(axis=0) / np.square(centred).sum(axis=0))


def _pairs(others: Mapping[str, Floats], outcome: str, observed: Floats) -> Iterator[OutcomeLeak]:
    """Yield the products and quotients of two regressors that an outcome, (n_obs,), is proportional to."""
    names = list(others)
    for first, second, sign in _proportional_on_few(list(others.values()), observed):
        pair = (names[first], names[second])
        a, b = (others[name] for name in pair)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            made = a * b if sign > 0 else a / b
        if np.isfinite(made).all() and _explains(made, observed):
            yield OutcomeLeak(outcome, pair, f"{pair[0]} {'×' if sign > 0 else '/'} {pair[1]}")


def _proportional_on_few(others: Sequence[Floats], outcome: Floats) -> Iterator[tuple[int, int, int]]:
    """Yield pairs of positions, and 1 for products or -1 for quotients, that may make the outcome."""
    size = np.abs(outcome)
    # Those where rounding changes least, and no logarithm is of zero.
    (large,) = np.nonzero((size >= np.median(size)) & (size > 0.0))
    few = large[:: max(1, large.size // _FEW_ROWS)]
    if len(others) < 2 or few.size < 2:
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(np.stack(others, axis=1)[few]))
        rest = np.log(np.abs(outcome[few]))[:, None] - logs
        for sign in (1, -1):
            for first in range(len(others)):  # all at once, thousands of regressors would take gigabytes
                ordered = np.sort(rest[:, first, None] - sign * logs, axis=0)
                spread = ordered[-1 - few.size // 4] - ordered[few.size // 4]
                for second in np.flatnonzero(spread < 1e-2).tolist():
                    if first < second or (sign < 0 and first != second):
                        yield first, second, sign


def _explains(made: Floats, outcome: Floats) -> bool:
    left = outcome - made * (outcome @ made / (made @ made))
    if _share(left[:, None], (outcome - outcome.mean())[:, None])[0] > EXACT:
        return True
    ratios = made[outcome != 0.0] / outcome[outcome != 0.0]
    middle = np.median(ratios)
    return bool((np.abs(ratios - middle) < ROUNDING * abs(middle)).mean() > MOST)


def _sets(others: Mapping[str, Floats], outcome: str, observed: Floats) -> Iterator[OutcomeLeak]:
    """Yield the sum of regressors that an outcome, (n_obs,), is, or else the product of their powers."""
    rows = slice(None, None, max(1, observed.size // (LEAST_ROWS + 4 * len(others))))
    values = {name: column[rows] for name, column in others.items() if np.ptp(column[rows]) > 0.0}
    if slopes := _needed(values, observed[rows]):
        yield OutcomeLeak(outcome, tuple(slopes), _sum(slopes))
    elif observed.min() > 0.0:
        logs = {name: np.log(column) for name, column in values.items() if column.min() > 0.0}
        if powers := _needed(logs, np.log(observed[rows])):
            yield OutcomeLeak(outcome, tuple(powers), _product(powers))


def _sum(slopes: Mapping[str, float]) -> str:
    are_same = np.allclose([*slopes.values()], next(iter(slopes.values())), rtol=ROUNDING)
    parts = (name if are_same else f"{slope:.3g} {name}" for name, slope in slopes.items())
    return " + ".join(parts).replace("+ -", "- ")


def _product(powers: Mapping[str, float]) -> str:
    above, below = (
        [_power(name, sign * size) for name, size in powers.items() if sign * size > 0] for sign in (1, -1)
    )
    return " / ".join([" × ".join(above) or "1", *below])


def _power(name: str, size: float) -> str:
    return f"{name}^{size:.3g}".removesuffix("^1")


def _needed(columns: Mapping[str, Floats], outcome: Floats) -> dict[str, float]:
    """Return the slopes of columns that explain an outcome, (n_rows,), without those that are not needed."""
    slopes = _exact_slopes(columns, outcome)
    parts = {name: abs(slope) * columns[name].std() for name, slope in slopes.items()}
    large = [name for name in parts if parts[name] > ROUNDING * outcome.std()]
    slopes = _exact_slopes({name: columns[name] for name in large}, outcome)
    for name in sorted(large, key=parts.__getitem__):  # of columns that hold one another
        others = {other: columns[other] for other in slopes if other != name}
        slopes = _exact_slopes(others, outcome) or slopes
    return slopes


def _exact_slopes(columns: Mapping[str, Floats], outcome: Floats) -> dict[str, float]:
    """Return the slopes of a regression that leaves nothing; none where it leaves something."""
    if len(columns) < 2 or outcome.size < 2 * len(columns):
        return {}
    design = np.column_stack([column - column.mean() for column in columns.values()])
    spread, centred = design.std(axis=0), outcome - outcome.mean()
    slopes = np.linalg.lstsq(design / spread, centred)[0] / spread
    residuals = centred - design @ slopes
    # The variance may be that of a few large entities, which as many regressors explain by chance.
    size, whole = (np.median(np.abs(values - np.median(values))) for values in (residuals, centred))
    explains = _share(residuals[:, None], centred[:, None])[0] > EXACT
    return dict(zip(columns, slopes.tolist(), strict=True)) if explains and size < ROUNDING * whole else {}
