"""What a result depends on, as hashes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.fold_fit import FoldCell, FoldTask
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.running.dependence import Surroundings, installed_code, source_hash
from panels import simulated_panel

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


def test_the_hash_of_code_follows_every_byte_and_place_and_no_cache(tmp_path, monkeypatch):
    package = tmp_path / "hashed_package"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    (package / "__init__.py").write_text("A = 1\n")
    first = source_hash("hashed_package")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"cache")
    assert source_hash("hashed_package") == first
    (package / "__init__.py").write_text("A = 2\n")
    second = source_hash("hashed_package")
    (package / "more.py").write_text("")
    assert len({first, second, source_hash("hashed_package")}) == 3
    assert source_hash("no_such_package") == ""


def test_the_harness_and_its_plugins_are_hashed():
    assert {"harness", "harness_panel", "harness_neural"} <= installed_code().keys()
    assert all(len(found) == 64 for found in installed_code().values())
