"""What a result depends on, as hashes."""

import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult, FoldTask
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.plugin import Note
from harness.running.dependence import Surroundings, installed_code, source_hash
from harness.running.warnings import (
    few_entities_note,
    fit_notes,
    skewed_outcome_notes,
    unseen_notes,
    warnings_table,
)
from harness.scenarios.full_fit import FullResult
from panels import panel_from_arrays, simulated_panel

CODE = {"harness": "0a", "harness_panel": "0b", "harness_neural": "0c"}
HERE = Surroundings(CODE, {"numpy": "2.3"})


@dataclass(frozen=True, eq=False)
class Holding:
    """A task that holds anything."""

    value: object


def digest(value):
    return HERE.dependence(Holding((value,)))["value"]


class Plain:
    """An object of no particular kind."""

    def __init__(self, number):
        self.number = number


def scaled(by, value):
    return by * value


VALUES = [
    *(0, 1, True, 1.0, -0.0, "1", b"1", None, float("nan"), 2**70, (1, 2), [1, 2], (2, 1), {1, 2}, {"a": 1}),
    *({"a": 2}, {"b": 1}, ("ab", "c"), ("a", "bc"), np.arange(3), np.arange(3.0), np.arange(3)[::-1]),
    *(np.arange(4).reshape(2, 2), np.array(["a", None], dtype=object), pd.Series([1, 2]), pd.Series([1, 3])),
    *(Plain(1), Plain(2), Plain, partial(scaled, 1), partial(scaled, 2), scaled, Path("a"), Path("b")),
    *(
        np.random.default_rng(1),
        np.random.default_rng(2),
        Fold("1", np.arange(2), np.arange(2, 3), None, "row"),
    ),
]


def test_values_that_differ_have_other_hashes_and_equal_ones_the_same():
    assert len({digest(value) for value in VALUES}) == len(VALUES)
    assert digest(Plain((1, [2]))) == digest(Plain((1, [2])))
    assert digest({"b", "a", "c"}) == digest({"c", "b", "a"})
    assert digest(np.random.default_rng(1)) == digest(np.random.default_rng(1))


def test_what_holds_itself_ends():
    ring = [1]
    ring.append(ring)
    other = [2]
    other.append(other)
    assert digest(ring) != digest(other)


def test_what_cannot_be_taken_apart_is_like_nothing_seen_before():
    entries = (number for number in range(3))
    assert digest(entries) != digest(entries)


@pytest.fixture(scope="module")
def tasks():
    """Return a fold of fixed effects, and one of networks."""
    estimators = installed().of(ESTIMATOR)
    panel = simulated_panel(np.random.default_rng(1), n_entities=4, n_periods=3)
    fold = Fold("1", np.arange(8), np.arange(8, 12), None, "entity")
    return [
        FoldTask(FoldCell("y", name, "forward", "1"), estimators[name](), panel, fold, seed=1)
        for name in ("fixed_effects", "mlp")
    ]


def test_a_task_depends_on_the_code_of_its_own_plugin_and_of_no_other(tasks):
    found = [{name for name in HERE.dependence(task) if name.startswith("code of")} for task in tasks]
    assert found == [
        {"code of harness", "code of harness_panel"},
        {"code of harness", "code of harness_neural"},
    ]


@pytest.mark.parametrize("part", ["cell", "estimator", "panel", "fold", "seed"])
def test_each_part_of_a_task_counts_and_is_named(tasks, part):
    task, _ = tasks
    changed = {
        "cell": replace(task.cell, fold="2"),
        "estimator": replace(task.estimator, effects=("entity", "time")),
        "panel": replace(task.panel, observed=task.panel.observed + 1e-12),
        "fold": replace(task.fold, test=task.fold.test[:-1]),
        "seed": 2,
    }
    before, after = HERE.dependence(task), HERE.dependence(replace(task, **{part: changed[part]}))
    assert [name for name in before if before[name] != after[name]] == [part]


def test_another_process_with_another_hash_seed_finds_the_same():
    code = """
from harness.running.dependence import Surroundings
from harness.installed import installed
from harness.estimators.protocol import ESTIMATOR
from test_dependence import Holding
estimators = installed().of(ESTIMATOR)
print(Surroundings({}, {}).dependence(Holding(((estimators["mlp"](), {"a", "b", "c"}),)))["value"])
"""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": f"{here}:{here.parent}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    estimators = installed().of(ESTIMATOR)
    assert done.stdout.strip() == digest((estimators["mlp"](), {"a", "b", "c"}))


def test_the_hash_of_code_follows_every_byte_and_place_and_neither_cache_nor_build(tmp_path, monkeypatch):
    package = tmp_path / "hashed_package"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    (package / "__init__.py").write_text("A = 1\n")
    first = source_hash("hashed_package")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"cache")
    (package / "pyproject.toml").write_text("[project]")
    assert source_hash("hashed_package") == first
    (package / "__init__.py").write_text("A = 2\n")
    second = source_hash("hashed_package")
    (package / "more.py").write_text("")
    assert len({first, second, source_hash("hashed_package")}) == 3
    assert source_hash("no_such_package") == ""


def test_the_harness_and_its_plugins_are_hashed():
    assert {"harness", "harness_panel", "harness_neural"} <= installed_code().keys()
    assert all(len(found) == 64 for found in installed_code().values())


def fold(name, *notes, n_unseen=0, protocol="forward"):
    predictions = FoldPredictions(np.zeros(3), np.zeros(4), 1.0, n_unseen, notes)
    return FoldResult(FoldCell("y", "fe", protocol, name), predictions, "ok", "", 0.0)


def full(*notes):
    return FullResult(
        notes=notes, outcome="y", estimator="fe", answers={}, status="ok", reason="", seconds=0.0
    )


def test_folds_that_say_the_same_say_it_once():
    absorbed = Note("W-ABSORBED", "educ", "dropped")
    assert list(fit_notes([fold("1", absorbed), fold("2", absorbed)], [full(absorbed)])) == [
        Note("W-ABSORBED", "y · fe · educ", "dropped")
    ]


def test_the_fit_on_all_rows_speaks_for_folds_with_other_numbers():
    small, whole = Note("W-HIDDEN", "", "N = 0.4"), Note("W-HIDDEN", "", "N = 0.8")
    (note,) = fit_notes([fold("1", small)], [full(whole)])
    assert note.message == "N = 0.8 (one more fit has the same warning with other numbers)"
    assert note.where == "y · fe"


def test_what_folds_alone_say_names_their_protocols():
    short, other = Note("W-ROUNDS", "", "300 rounds"), Note("W-ROUNDS", "", "200 rounds")
    folds = [fold("1", short), fold("2", other), fold("1", short, protocol="random_rows"), fold("3")]
    (note,) = fit_notes([*folds, fold("2", Note("W-ROUNDS", "", "100 rounds"))], [full()])
    assert note.where == "y · fe · forward, random_rows"
    assert note.message == "300 rounds (2 more fits have the same warning with other numbers)"


def test_unseen_rows_are_counted_over_the_folds():
    (note,) = unseen_notes([fold("1", n_unseen=2), fold("2", n_unseen=1), fold("3")])
    assert note.message.startswith("3 of 8 test rows")


def test_few_entities_are_warned_of():
    assert list(few_entities_note(20)) == []
    assert "19 entities" in next(few_entities_note(19)).message


def test_the_table_is_sorted_and_has_its_columns_when_empty():
    table = warnings_table([Note("W-B", "x", "later"), Note("W-A", "x", "first"), Note("W-B", "x", "later")])
    assert table["code"].tolist() == ["W-A", "W-B"]
    assert list(warnings_table([]).columns) == ["code", "where", "message"]


def test_an_outcome_of_extreme_skew_brings_a_warning_and_its_logarithm_none():
    rng = np.random.default_rng(0)
    logs = rng.normal(scale=2.0, size=400)
    places = {"entity": np.repeat(np.arange(40), 10), "period": np.tile(np.arange(10), 40)}
    panels = {
        name: panel_from_arrays(**places, outcome=outcome, X=rng.normal(size=(400, 1)))
        for name, outcome in {"levels": np.exp(logs), "logs": logs}.items()
    }
    (note,) = skewed_outcome_notes(panels)
    assert (note.code, note.where) == ("W-SKEW", "levels")
    assert f"a skewness of {stats.skew(np.exp(logs)):.1f}" in note.message
