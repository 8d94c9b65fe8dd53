"""The parts that columns play in a study, guessed where they can be seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Mask, skewness
from harness.data.data_spec import MISSING_VALUES
from harness.data.messages import ProblemCollector, RowLocator, few, quoted, require_columns
from harness.data.name import fold_name
from harness.data.read.numbers import require_numbers
from harness.data.shape.panel_notes import LEAST_ROWS, MANY_ROWS, leaks
from harness.data.shape.rows import read_entities, read_index
from harness.data.shape.times import read_times
from harness.draft.columns import (
    FEW,
    RawColumn,
    columns_of,
    identify_rows,
    key_names,
    likely_keys,
    nearly_keys,
    parts_of_periods,
)
from harness.errors import DataError, Problem
from harness.language import Coded, marked
from harness.language import quoted as named


@dataclass(frozen=True, eq=False)
class Draft:
    """A study's roles, and what was seen on the way.

    Attributes
    ----------
    origin : what messages call the table
    entity, time, outcome, exposure : columns
    levels : of an exposure of texts, the base first; empty for other exposures
    group : column of texts by which entities are grouped; empty where there is none
    controls : all other columns of numbers that vary, other than these
    codes : columns of numbers that name groups of entities
    left_out : columns that play no part, with the reason
    columns : of the table, by name
    """

    origin: str
    entity: str
    time: str
    outcome: str
    exposure: str
    levels: tuple[str, ...]
    group: str
    controls: tuple[str, ...]
    codes: tuple[str, ...]
    left_out: Mapping[str, str]
    columns: Mapping[str, RawColumn]

    @property
    def used(self) -> tuple[str, ...]:
        """Columns whose missing cells would leave out rows."""
        return (self.outcome, self.exposure, *self.controls)

    @property
    def missing(self) -> Mapping[str, int]:
        """Number of missing cells of the columns in use that have some."""
        return {name: count for name in self.used if (count := self.columns[name].n_missing)}

    @property
    def n_incomplete(self) -> int:
        """Number of rows with a missing cell in a column in use."""
        return int(np.any([self.columns[name].codes < 0 for name in self.used], axis=0).sum())

    @property
    def skewed(self) -> Mapping[str, str]:
        """Outcome, exposure and controls that are positive and skewed, with how much."""
        words = marked("skewness {skewness}, mean {ratio} times the median")
        skewed = dict[str, str]()
        for name in self.used:
            values = self.columns[name].numbers
            values = values[np.isfinite(values)]
            if name not in self.columns or not values.size or values.min() <= 0.0 or np.ptp(values) == 0.0:
                continue
            if skewness(values) > max(SKEWED, 2.0 * abs(skewness(np.log(values)))):
                ratio = values.mean() / np.median(values)
                skewed[name] = Coded(words, skewness=f"{skewness(values):.1f}", ratio=f"{ratio:.1f}")
        return skewed

    @property
    def folds(self) -> int:
        """Folds of the debiased effect, each of two entities at least, whichever group is left out."""
        entity = self.columns[self.entity]
        largest = 0
        if self.group:
            group = self.columns[self.group]
            pairs = np.unique(np.stack([group.codes, entity.codes]), axis=1)
            largest = int(np.unique(pairs[0], return_counts=True)[1].max())
        return max(2, min(5, (entity.n_values - largest) // 2))

    @property
    def n_groups(self) -> int:
        """Groups of entities that are predicted in turn."""
        return min(5, self.columns[self.entity].n_values)

    @property
    def absorbing(self) -> tuple[frozenset[str], ...]:
        """Effects that leave nothing of the exposure."""
        entity, time, exposure = (self.columns[name] for name in (self.entity, self.time, self.exposure))
        codes = np.where(exposure.codes < 0, np.nan, exposure.codes)
        values = codes if exposure.kind == "text" else exposure.numbers
        return absorbing(values, entity.codes, time.codes)


# Skewness from which the logarithm of a positive variable is proposed.
SKEWED = 2.0


def draft_of(frame: pd.DataFrame, answers: Answers, *, origin: str) -> Draft:
    """Return what a study of a table could be.

    Parameters
    ----------
    frame : raw table, one row an observation
    answers : what is known; keys are guessed where they are not
    origin : what messages call the table

    Raises
    ------
    DataError
        Where an answer names no column, a time is no period, no two columns name each row once, or
        outcome or exposure is not said; with the columns that there are.
    """
    columns = columns_of(frame)
    answers = _found(answers, columns, origin)
    entity, time = _keys(frame, answers, columns, origin)
    free = [column for column in columns.values() if column.name not in (entity, time)]
    numbers = [column.name for column in free if column.kind == "number" or column.is_indicator]
    for part, answer in (("outcome", answers.outcome), ("exposure", answers.exposure)):
        if answer is not None and columns[answer].odd.any():
            locator = RowLocator(f"{origin}: {part}", frame, entity, time)
            require_numbers(frame[answer], frozenset(MISSING_VALUES), name=answer, locator=locator)
    texts = [column.name for column in free if column.kind == "text" and column.may_be_exposure]
    others = [name for name in dict.fromkeys((*numbers, *texts)) if name != answers.outcome]
    parts, problems = dict[str, str](), ProblemCollector()
    for part, answer, names in (
        ("outcome", answers.outcome, numbers),
        ("exposure", answers.exposure, others),
    ):
        with problems.collecting():
            parts[part] = _requested_column(part, answer, names, columns, origin)
    problems.raise_if_any()
    outcome, exposure = parts["outcome"], parts["exposure"]
    _require_variation(columns, parts, origin)
    levels = _levels(columns[exposure], answers.levels, origin)
    rest = [column for column in free if column.name not in (outcome, exposure)]
    reasons = {
        column.name: _why_not(column, columns[entity], columns[time], columns[exposure]) for column in rest
    }
    codes = [column.name for column in rest if not reasons[column.name] and is_code(column, columns[entity])]
    reasons |= {name: _of_code(columns[name]) for name in codes}
    both = np.flatnonzero((columns[outcome].codes >= 0) & (columns[exposure].codes >= 0))
    reasons |= {
        name: Coded(
            "it is missing in {n_missing} of the {n_rows} rows that have outcome and exposure",
            n_missing=f"{count:,}",
            n_rows=f"{both.size:,}",
        )
        for name in reasons
        if not reasons[name] and (count := int((columns[name].codes[both] < 0).sum())) > MANY_ROWS * both.size
    }
    able = [column for column in rest if not reasons[column.name] and column.kind == "number"]
    reasons |= dropped_for_leakage(columns[outcome], able)
    may_group = [*texts, *(name for name in codes if columns[name].n_values <= FEW)]
    group = next(
        (name for name in may_group if name in reasons and _groups(columns[name], columns[entity])), ""
    )
    able = [column for column in rest if not reasons[column.name] and column.name != group]
    reasons |= _dropped_jointly(able, both)
    controls = tuple(column.name for column in able if not reasons[column.name])
    left_out = {name: reason for name, reason in reasons.items() if reason and name != group}
    roles = entity, time, outcome, exposure, levels, group, controls
    return Draft(origin, *roles, tuple(codes), left_out, columns)


# Share of the rows with outcome and exposure that the controls of a draft lose together, at most.
_JOINTLY_LOST = 0.2


def _dropped_jointly(controls: Sequence[RawColumn], rows: Ints) -> Mapping[str, str]:
    """Return the controls without which fewer rows are lost, those with most missing cells first.

    Parameters
    ----------
    rows : that have outcome and exposure
    """
    missing = {column.name: column.codes[rows] < 0 for column in reversed(controls)}
    dropped = dict[str, str]()
    words = marked(
        "it is missing in {n_missing} of the {n_rows} rows that have outcome and exposure; "
        "with it the controls lose {n_lost} of them, without it {n_less}",
        code="missing_jointly",
    )
    while (n_lost := _n_incomplete(missing)) >= _JOINTLY_LOST * rows.size and n_lost:
        most = max(missing, key=lambda name: missing[name].sum())
        n_missing = missing.pop(most).sum()
        counts = {
            "n_missing": n_missing,
            "n_rows": rows.size,
            "n_lost": n_lost,
            "n_less": _n_incomplete(missing),
        }
        dropped[most] = Coded(words, **{name: f"{count:,}" for name, count in counts.items()})
    return dropped


def _n_incomplete(missing: Mapping[str, Mask]) -> int:
    return int(np.any([*missing.values()], axis=0).sum())


def default_levels(column: RawColumn) -> list[str]:
    """Return the values of an exposure of texts in the order that a study takes them in; none of numbers."""
    return sorted(column.texts) if column.kind == "text" else []


def ordered_levels(answer: Sequence[str], known: Sequence[str]) -> tuple[str, ...] | None:
    """Return levels with those that are named first, the base before all; None where one is not known."""
    is_known = set(answer) <= set(known) and len(set(answer)) == len(answer)
    return (*answer, *(level for level in known if level not in answer)) if is_known else None


def _levels(exposure: RawColumn, answer: Sequence[str], origin: str) -> tuple[str, ...]:
    """Return the levels of an exposure, in the order that is said or else in their own."""
    known = default_levels(exposure)
    levels = ordered_levels(answer, known)
    if levels is None:
        what = Coded(
            "{answer} are not values of '{name}', each once", answer=quoted(answer), name=exposure.name
        )
        hint = marked("say --levels with the base, or with all of them in order, separated by commas")
        raise DataError.at(
            Coded("{origin}: levels", origin=origin),
            what,
            few(known) or marked("no levels: it holds numbers"),
            hint,
        )
    return levels


# What columns are called that hold codes, as ``provcode`` and ``industry_id`` are.
_CODES = re.compile(
    r"(?i)(code|cd|[_-]id|(prov|city|county|state|region|ind|industry|firm)id)$|^(id|sic|naics|fips)$"
)
_CODES_IN_CHINESE = re.compile(r"(代码|编码|编号)$")


def is_code(column: RawColumn, entity: RawColumn) -> bool:
    """Return whether whole numbers name groups: called so, or constant within entities and shared by some."""
    if not column.is_whole or column.n_values < 3:
        return False
    is_called = _CODES.search(column.name) or _CODES_IN_CHINESE.search(column.name)
    return bool(is_called) or _groups(column, entity)


def _of_code(column: RawColumn) -> str:
    """Return what a column of codes may be, which is no control."""
    words = marked(
        "codes of {n} groups: errors may be clustered by them, "
        "`covariance: {{use: clustered, by: [{name}]}}`; {use}"
    )
    use = "`heterogeneity`" if column.n_values <= FEW else marked("`recode` puts them into a few")
    return Coded(words, n=f"{column.n_values:,}", name=named(column.name), use=use)


def _groups(column: RawColumn, entity: RawColumn) -> bool:
    """Return whether a column puts entities into groups, most of several."""
    return 2 * column.n_values <= entity.n_values and column.is_constant_within(entity.codes)


def _found(answers: Answers, columns: Mapping[str, RawColumn], origin: str) -> Answers:
    """Return the answers as the table spells them; refuse those that it does not have."""
    folded = {fold_name(name): name for name in columns}
    given = {part: fold_name(name) for part, name in vars(answers).items() if isinstance(name, str)}
    require_columns(given.items(), folded, origin=origin, remedy="name one of the columns")
    spelled: dict[str, Any] = {part: folded[name] for part, name in given.items()}
    return replace(answers, **spelled)


def _keys(
    frame: pd.DataFrame, answers: Answers, columns: Mapping[str, RawColumn], origin: str
) -> tuple[str, str]:
    """Return the columns that name each row once, as said or as guessed."""
    entity, time = answers.entity, answers.time
    if entity is not None and time is not None and not identify_rows(columns[entity], columns[time]):
        words = marked("{entity} and {time} do not name each row once")
        raise _no_keys(Coded(words, entity=repr(entity), time=repr(time)), columns, origin)
    if time is not None:
        locator = RowLocator(f"{origin}: time", frame, entity or "", time)
        read_times(frame[time], name=time, locator=locator)
        if entity is not None:
            return entity, time
    for pair in likely_keys(columns.values()):
        if entity in (None, pair[0]) and time in (None, pair[1]):
            return pair
    doubles = nearly_keys(columns.values())
    if doubles is not None:
        read_index(RowLocator(origin, frame, *doubles))
    _require_named_keys(frame, entity, time, origin)
    what = marked("no two columns look like the entity and the time of each row")
    raise _no_keys(what, columns, origin)


def _require_named_keys(frame: pd.DataFrame, entity: str | None, time: str | None, origin: str) -> None:
    """Raise a DataError where the columns that are said to be keys, or called like keys, hold none."""
    names = [str(name) for name in frame.columns]
    called = key_names(names)
    entity, time = entity or called[0], time or called[1]
    locator, problems = RowLocator(origin, frame, entity, time), ProblemCollector()
    for name, read in ((time, read_times), (entity, read_entities)):
        with problems.collecting():
            if name:
                read(frame[name], name=name, locator=locator)
    problems.raise_if_any()


def _no_keys(what: str, columns: Mapping[str, RawColumn], origin: str) -> DataError:
    expected = Coded(
        "columns of entities and of periods, each pair in one row; here are {list}", list=few(list(columns))
    )
    hint = marked(
        "say --entity and --time; a table with one column a year must be made long first (data: reshape)"
    )
    if parts := parts_of_periods(columns.values()):
        words = marked("{list} name the periods together: join them in the file, as in 2011Q2 or 2011-04")
        hint = Coded(words, list=few(list(parts)))
    return DataError.at(origin, what, expected, hint)


def _requested_column(
    part: str, answer: str | None, able: Sequence[str], columns: Mapping[str, RawColumn], origin: str
) -> str:
    """Return the column that is said to play a part, one of those that can and play no other."""
    if answer is None:
        what = Coded("which column is the {part} cannot be seen", part=part)
        raise DataError.at(origin, what, few(able), Coded("say --{part} COLUMN", part=part))
    if answer not in able:
        strange = columns[answer].strange
        why = marked("'{answer}' cannot be the {part}: it is a key, the outcome, or empty")
        if strange:
            why = marked("'{answer}' cannot be the {part}: it holds what is no number: {strange}")
        what = Coded(why, answer=answer, part=part, strange=strange)
        raise DataError.at(
            f"{origin}: {part}", what, few(able), Coded("say --{part} with one of these", part=part)
        )
    return answer


def _require_variation(columns: Mapping[str, RawColumn], parts: Mapping[str, str], origin: str) -> None:
    """Raise a DataError where the outcome or the exposure, a column by its part, has one value throughout."""
    problems, expected = ProblemCollector(), marked("a column of numbers with two values at least")
    for part, name in parts.items():
        if columns[name].n_values == 1:
            what = Coded(
                "'{name}' is {value} in all {n} rows that have it, so there is no effect to estimate",
                name=name,
                value=f"{np.nanmax(columns[name].numbers):g}",
                n=f"{(columns[name].codes >= 0).sum():,}",
            )
            hint = Coded("say --{part} with another column", part=part)
            problems.add(Problem(f"{origin}: {part}", what, expected, hint))
    problems.raise_if_any()


def _why_not(column: RawColumn, entity: RawColumn, time: RawColumn, exposure: RawColumn) -> str:
    """Return why a column is no control of a first draft; empty where it may be one."""
    odd = column.odd
    if odd.any():
        found = Coded(
            "{odd} of {size} cells are not numbers: {cells}",
            odd=f"{int(odd.sum()):,}",
            size=f"{odd.size:,}",
            cells=quoted(column.cells[odd]),
        )
        return Coded("{found}; correct them, or put them into missing_values", found=found)
    if column.kind == "empty":
        return marked("no cell holds anything")
    if column.n_values == 1:
        return marked("one value throughout")
    is_name = (column.is_whole or column.kind == "text") and column.n_values == entity.n_values
    if is_name and column.is_constant_within(entity.codes):
        return marked("another name of the entities")
    if column.kind == "text" and not column.is_indicator:
        words = marked("text with {n} values: may group rows (`heterogeneity`), or become dummies")
        words = words if column.n_values <= FEW else marked("text with {n} values", code="many_texts")
        return Coded(words, n=f"{column.n_values:,}")
    n_rows = column.codes.size
    if column.is_whole and column.n_values == n_rows and (abs(np.diff(column.numbers)) == 1.0).all():
        return marked("it numbers the rows")
    if 2 * column.n_missing > n_rows:
        words = marked("{n_missing} of {n_rows} cells are missing")
        return Coded(words, n_missing=f"{column.n_missing:,}", n_rows=f"{n_rows:,}")
    if column.is_constant_within(time.codes):
        return marked("the same for all entities in a period: effects of time take it in")
    if column.kind == "number" and np.allclose(
        column.numbers, exposure.numbers**2, rtol=1e-6, equal_nan=True
    ):
        words = marked("{name} squared: estimators bend the curve by terms of their own (`power`, `splines`)")
        return Coded(words, name=named(exposure.name))
    return ""


@dataclass(frozen=True)
class Answers:
    """What a user says of a table; what is None is guessed where it can be.

    Attributes
    ----------
    entity, time : keys
    outcome : left-hand variable; cannot be guessed
    exposure : variable whose effect is asked; cannot be guessed
    levels : of an exposure of texts, the base first; others follow in their order
    sheets : of workbooks that are read; all where empty
    """

    entity: str | None = None
    time: str | None = None
    outcome: str | None = None
    exposure: str | None = None
    levels: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


# Correlation of ranks from which a column may be the outcome once more, from another source.
ALIKE = 0.99

# What is left of a variable's spread, relative to it, where effects take all of it.
_NOTHING = 1e-9


def absorbing(values: Floats, entity: Ints, time: Ints) -> tuple[frozenset[str], ...]:
    """Return the sets of effects that determine a variable, the smallest only.

    Parameters
    ----------
    values : (n_rows,), NaN where missing
    entity, time : (n_rows,), codes
    """
    there = np.isfinite(values)
    keys = {"entity": entity[there], "time": time[there]}
    alone = tuple(frozenset({name}) for name, codes in keys.items() if _is_determined(values[there], codes))
    if alone or not _is_determined(values[there], *keys.values()):
        return alone
    return (frozenset(keys),)


def _is_determined(values: Floats, *keys: Ints) -> bool:
    """Return whether sums of effects of the keys' levels give the values."""
    from scipy.sparse import coo_array, hstack
    from scipy.sparse.linalg import lsqr

    rows = np.arange(values.size)
    dummies = hstack([coo_array((np.ones(values.size), (rows, key))) for key in keys]).tocsr()
    centred = values - values.mean()
    left = lsqr(dummies, centred, atol=1e-12, btol=1e-12)[3]
    return bool(left <= _NOTHING * np.linalg.norm(centred))


def dropped_for_leakage(outcome: RawColumn, candidates: Sequence[RawColumn]) -> Mapping[str, str]:
    """Return the columns of numbers that would give the outcome away as controls, with the reason.

    Of those that make the outcome together, the one whose name begins as the outcome's is left out, or else
    the one that goes with it most closely. So is a column that ranks the rows nearly as the outcome
    does, as another source of the same quantity would.

    Parameters
    ----------
    candidates : controls of the draft; looked at in the rows in which all have a number
    """
    numbers = {column.name: column.numbers for column in (outcome, *candidates)}
    there = np.isfinite(np.stack(list(numbers.values()))).all(axis=0)
    whole = {name: values[there] for name, values in numbers.items()}
    # The correlation of ranks is not decided by a few large entities.
    alike = pd.DataFrame(whole).rank().corr()[outcome.name].drop(outcome.name).abs()
    left: dict[str, str] = {}
    rest = [*alike.index]
    while holding := list(leaks(whole, outcomes=[outcome.name], regressors=rest)):
        for leak in holding:
            if len(leak.names) == 1:
                left[leak.what] = marked("the outcome is a function of it, or nearly so")
            elif left.keys().isdisjoint(leak.names):
                words = marked("the outcome is {formula}, up to constants")
                closest = max(leak.names, key=lambda name: (_begin_alike(name, outcome.name), alike[name]))
                left[closest] = Coded(words, formula=named(leak.what))
        rest = [name for name in rest if name not in left]
    words = marked("it may be another measure of the outcome: the correlation of their ranks is {size}")
    for name, size in alike[alike > ALIKE].items() if there.sum() >= LEAST_ROWS else ():
        left.setdefault(str(name), Coded(words, size=f"{size:.3f}"))
    return left


def _begin_alike(*names: str) -> bool:
    return len({re.split(r"[\W_]+", name.lower())[0] for name in names}) == 1
