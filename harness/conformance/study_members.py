"""The rules of protocols, metrics and scenarios."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.conformance.check import Violation, refuse, rule
from harness.conformance.data_members import require_column, require_words, unchanged
from harness.conformance.panels import SEED, StandIn, fresh, grouped, ordinary_panel
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.evaluation.metrics import Metric
from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, TRAINING_ROWS, EvaluationProtocol, Fold
from harness.rng import random_stream
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Scenario, Subject
from harness.tables.preparation import Note

# Rows that metrics are asked of.
N_OBS = 200

# Columns that the harness adds to every table.
PLACE = {"outcome", "estimator", "scenario"}


@rule("protocol")
def folds(member: EvaluationProtocol) -> str:
    """Check that every fold has rows on both sides, each once, and a name of its own.

    Split the ordinary panel.
    """
    require_words(member, "title", "how", "stream")
    if member.prepared_on not in ("train", "all"):
        raise Violation(f"`prepared_on` is {member.prepared_on!r}, neither 'train' nor 'all'")
    panel = _grouped(member)
    folds = _split(member, panel)
    if not folds or not all(isinstance(fold, Fold) for fold in folds):
        raise Violation("split returns no folds: return a tuple of harness.plugin.Fold")
    refuse(len({fold.name for fold in folds}) < len(folds), "two folds have the same name")
    for fold in folds:
        for side, rows in fold.sides.items():
            if rows.size == 0 or rows.min() < 0 or rows.max() >= panel.n_obs:
                raise Violation(f"fold {fold.name}: the {side} rows are none, or not rows of the panel")
            refuse(np.unique(rows).size < rows.size, f"fold {fold.name}: the {side} rows name a row twice")
    return f"{len(folds)} folds"


@rule("protocol", "folds")
def leaks_told(member: EvaluationProtocol) -> str:
    """Check that rows, entities and periods on both sides of a fold are declared among `leaks`.

    Compare the sides of every fold.
    """
    panel = _grouped(member)
    declared = {leak.code for leak in member.leaks}
    if TRAINING_ROWS.code in declared:
        return "the rows compared on are those trained on"
    shared = {
        TRAINING_ROWS: np.arange(panel.n_obs),
        SAME_ENTITY: panel.entity.codes,
        SAME_PERIOD: panel.period,
    }
    for fold in _split(member, panel):
        for leak, values in shared.items():
            if leak.code not in declared and np.intersect1d(values[fold.train], values[fold.test]).size:
                raise Violation(f"fold {fold.name}: {leak.text}, and `leaks` does not say so")
    return ""


@rule("protocol", "folds", name="repeatable")
def equal_folds(member: EvaluationProtocol) -> None:
    """Check that equal streams give equal folds.

    Split twice.
    """
    panel = _grouped(member)
    for fold, again in zip(_split(member, panel), _split(member, panel), strict=True):
        if not np.array_equal(fold.train, again.train) or not np.array_equal(fold.test, again.test):
            raise Violation(f"fold {fold.name} differs from one call to the next; draw from `rng` alone")


@rule("protocol", "folds", name="quick")
def quick_protocol(member: EvaluationProtocol) -> str:
    """Check that quick returns the same protocol with no more folds.

    Split by the quick protocol.
    """
    quick = member.quick()
    refuse(type(quick) is not type(member), f"quick returns a {type(quick).__name__}")
    panel = _grouped(member)
    n_quick = len(quick.split(fresh(panel), rng=random_stream(SEED, "folds")))
    refuse(n_quick > len(_split(member, panel)), f"quick has {n_quick} folds, more than the protocol itself")
    return f"{n_quick} folds"


def _grouped(member: EvaluationProtocol) -> Panel:
    return grouped(ordinary_panel(), tuple(member.columns))


def _split(member: EvaluationProtocol, panel: Panel) -> tuple[Fold, ...]:
    return tuple(member.split(fresh(panel), rng=random_stream(SEED, "folds")))


@rule("metric")
def losses(member: Metric) -> None:
    """Check that each row has a finite loss, at least zero, and zero where it is predicted exactly.

    Ask for losses of random predictions, and of exact ones.
    """
    require_words(member, "title", "how")
    observed, predicted = _predictions()
    losses = _losses(member, observed, predicted)
    if not np.isfinite(losses).all() or losses.min() < 0.0:
        raise Violation(f"losses reach from {losses.min():.3g} to {losses.max():.3g}")
    exact = _losses(member, observed, observed)
    refuse(exact.any(), f"a row that is predicted exactly has the loss {np.abs(exact).max():.3g}")
    refuse(not losses.any(), "no prediction has a loss, so nothing is compared")


@rule("metric", "losses")
def rows_alone(member: Metric) -> None:
    """Check that the loss of a row does not depend on the rows next to it, nor on their order.

    Ask for losses of every third row, in the reverse order.
    """
    observed, predicted = _predictions()
    rows = np.arange(N_OBS)[::-3]
    alone, among = _losses(member, observed[rows], predicted[rows]), _losses(member, observed, predicted)
    is_same = np.allclose(alone, among[rows], rtol=1e-12)
    refuse(not is_same, "the loss of a row is another without the rows next to it")


def _predictions() -> tuple[Floats, Floats]:
    rng = random_stream(SEED, "losses")
    observed = 3.0 + rng.normal(size=N_OBS)
    return observed, observed + rng.normal(size=N_OBS)


def _losses(member: Metric, observed: Floats, predicted: Floats) -> Floats:
    columns = {"observed": observed, "predicted": predicted}
    found = unchanged(columns, lambda given: member.loss(given["observed"], given["predicted"]))
    return require_column(found, observed.size, what="the loss")


@rule("scenario")
def answers(member: Scenario) -> str:
    """Check that least squares answer in the declared tables, in the declared columns.

    Ask least squares on the ordinary panel.
    """
    tables = {**member.describe(_panel(member)), **_answer(member)}
    declared = {table.name: table for table in (*member.tables, *member.data_tables)}
    refuse(not any(len(frame) for frame in tables.values()), "no table has a row")
    for name, frame in tables.items():
        if name not in declared:
            raise Violation(f"answers in the table '{name}', which `tables` and `data_tables` do not declare")
        if taken := PLACE & set(frame.columns):
            raise Violation(f"the table '{name}' has a column that the harness adds: {', '.join(taken)}")
        if unknown := set(frame.columns) - set(declared[name].columns):
            raise Violation(f"the table '{name}' has a column that it does not declare: {', '.join(unknown)}")
    return ", ".join(sorted(tables))


@rule("scenario", "answers", name="repeatable")
def equal_answers(member: Scenario) -> None:
    """Check that the same fit and seed give the same answer.

    Ask twice.
    """
    again = _answer(member)
    for name, frame in _answer(member).items():
        refuse(not frame.equals(again[name]), f"the table '{name}' differs from one call to the next")


@rule("scenario", "answers", name="quick")
def quick_scenario(member: Scenario) -> str:
    """Check that quick returns a scenario of the same class, and notes are harness.plugin.Note.

    Compare the classes, and read the notes.
    """
    quick = member.quick()
    refuse(type(quick) is not type(member), f"quick returns a {type(quick).__name__}")
    notes = member.notes(_panel(member))
    refuse(not all(isinstance(note, Note) for note in notes), "a note is no harness.plugin.Note")
    return ", ".join(note.code for note in notes)


def _panel(member: Scenario) -> Panel:
    """Return a panel that the scenario answers on: with an exposure of many values, or else of two."""
    panel = grouped(ordinary_panel(), tuple(member.columns))
    try:
        _asked(member, panel)
    except EstimationError:
        exposure = panel.column(panel.exposure)
        return panel.with_columns({panel.exposure: (exposure > np.median(exposure)).astype(np.float64)})
    return panel


def _answer(member: Scenario) -> Mapping[str, pd.DataFrame]:
    return _asked(member, _panel(member))


def _asked(member: Scenario, panel: Panel) -> Mapping[str, pd.DataFrame]:
    return answer_in_process(member, Subject(fresh(panel), StandIn(), StandIn.name, SEED))
