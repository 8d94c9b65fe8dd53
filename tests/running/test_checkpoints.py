"""Results that outlive an interrupted run, what each depends on, and what is warned of."""

import io
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from command import python
from harness import ArtifactError
from harness.estimators.guard import Attempt
from harness.estimators.protocol import ESTIMATOR
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult, FoldTask
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.plugin import Note
from harness.running.checkpoints import CheckpointStore, decode, encode
from harness.running.dependence import Environment, installed_code, source_hash
from harness.running.graph import run_tasks
from harness.running.warnings import (
    few_entities_note,
    fit_notes,
    skewed_outcome_notes,
    unseen_notes,
    warnings_table,
)
from harness.running.workers import ThisProcess
from harness.scenarios.full_fit import FullResult
from panels import panel_from_arrays, simulated_panel
from worker_tasks import Watched

PREDICTIONS = FoldPredictions(
    train=np.array([0.1, 1 / 3]),
    test=np.array([np.pi]),
    train_variance=2.5,
    n_unseen=1,
    notes=(Note("W-ABSORBED", "educ", "dropped"),),
)
FOLD = FoldResult(FoldCell("y", "ols", "forward", "1"), PREDICTIONS, "ok", "", 0.25)
FULL = FullResult(
    outcome="y",
    estimator="ols",
    coefficients=pd.DataFrame({"term": ["x"], "estimate": [1 / 3], "bandwidth": [None]}),
    details={"networks": pd.DataFrame({"hidden": [3, 4]})},
    rows={"thresholds": pd.DataFrame({"kind": ["break"], "at": [0.5]})},
    answers={
        "curve": Attempt({"curves": pd.DataFrame({"at": [0.1, 0.2], "supported": [True, False]})}, "ok", ""),
        "other": Attempt(None, "refused", "absorbed"),
    },
    notes=(Note("W-X", "", "said"),),
    status="ok",
    reason="",
    seconds=1.5,
)


@dataclass
class Counted:
    """A task that counts how often it ran."""

    result: FoldResult
    label: str = "y · ols · forward · 1"
    estimator_id: str = "ols"

    def __post_init__(self):
        self.runs = []

    def run(self):
        self.runs.append(1)
        return self.result


OWN = Counted.__module__.partition(".")[0]
HERE = Environment({"harness": "0a", OWN: "0b", "elsewhere": "0c"}, {"numpy": "2.3"})


def kept_run(tasks, store, environment=HERE, watch=None):
    """Run a study of these tasks on this code."""
    return run_tasks(tasks, store, environment, workers=ThisProcess(), listener=watch or Watched())


def run_once(task, store, watch=None):
    """Run a study of one task, and return its result."""
    (result,) = kept_run([task], store, watch=watch).results
    return result


def test_a_fold_comes_back_to_the_last_bit():
    back = decode(encode(FOLD))
    assert back.cell == FOLD.cell
    assert np.array_equal(back.predictions.train, PREDICTIONS.train)
    assert np.array_equal(back.predictions.test, PREDICTIONS.test)
    assert back.predictions.notes == PREDICTIONS.notes
    assert back.predictions.n_unseen == 1
    assert back.predictions.train_variance == 2.5


def test_a_refused_fold_comes_back_with_its_reason():
    refused = FoldResult(FoldCell("y", "fe", "forward", "1"), None, "refused", "absorbed", 0.1)
    back = decode(encode(refused))
    assert (back.cell, back.predictions, back.status, back.reason) == (
        refused.cell,
        None,
        "refused",
        "absorbed",
    )


def test_a_full_fit_comes_back_with_its_tables():
    back = decode(encode(FULL))
    pd.testing.assert_frame_equal(back.coefficients, FULL.coefficients)
    assert list(back.answers) == ["curve", "other"]
    curves, own = (one.answers["curve"].value["curves"] for one in (back, FULL))
    pd.testing.assert_frame_equal(curves, own)
    assert back.answers["other"].reason == "absorbed"
    assert back.notes == FULL.notes
    pd.testing.assert_frame_equal(back.details["networks"], FULL.details["networks"])


def test_bytes_are_not_taken_for_the_addresses_of_objects():
    """As whoever sends a folder of kept results might have them."""
    sent, made = zipfile.ZipFile(io.BytesIO(encode(FOLD))), io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sent.namelist():
            archive.writestr(name, sent.read(name).replace(b"<f8", b"|O8"))
    with pytest.raises(ValueError, match="OBJECT"):
        decode(made.getvalue())


def test_a_kept_result_is_not_computed_again(tmp_path):
    task, store, watched = Counted(FOLD), CheckpointStore(tmp_path / "checkpoints"), Watched()
    first, second = run_once(task, store, watched), run_once(task, store, watched)
    assert len(task.runs) == 1
    assert watched.finished == [task.label, task.label]
    assert watched.handed_out == [task.label]
    assert np.array_equal(first.predictions.test, second.predictions.test)


def test_a_failed_task_is_tried_again(tmp_path):
    task = Counted(replace(FOLD, predictions=None, status="failed", reason="broke"))
    store = CheckpointStore(tmp_path / "checkpoints")
    assert run_once(task, store).reason == "broke"
    assert run_once(task, store).reason == "broke"
    assert len(task.runs) == 2


@pytest.mark.parametrize(
    ("code", "versions", "reason"),
    [
        ({"harness": "1a"}, {}, "changed: code of harness"),
        ({OWN: "1b"}, {}, f"changed: code of {OWN}"),
        ({}, {"numpy": "2.4"}, "changed: version of numpy"),
        ({"elsewhere": "1c"}, {}, ""),
    ],
    ids=["of the harness", "of the task's package", "of a library", "of a package that has no part in it"],
)
def test_code_that_a_result_depends_on_makes_it_anew_and_no_other_does(tmp_path, code, versions, reason):
    task, store = Counted(FOLD), CheckpointStore(tmp_path)
    kept_run([task], store)
    other = Environment({**HERE.code, **code}, {**HERE.versions, **versions})
    found = kept_run([task], store, other)
    assert found.anew == ({reason: 1} if reason else {})
    assert len(task.runs) == (2 if reason else 1)


def test_only_what_changed_in_a_task_is_computed_anew_and_named(tmp_path):
    store = CheckpointStore(tmp_path)
    kept_run([Counted(FOLD, "a"), Counted(FOLD, "b"), Counted(FOLD, "c")], store)
    other = Counted(replace(FOLD, predictions=replace(PREDICTIONS, test=np.array([np.pi, 1.0]))), "b")
    found = kept_run([Counted(FOLD, "a"), other, Counted(FOLD, "d")], store)
    assert found.anew == {"changed: result": 1, "not finished before": 1}
    assert str(found) == (
        "1 of 3 results are taken up from the earlier run; "
        "computed anew: 1 changed: result; 1 not finished before"
    )


def test_a_result_in_the_place_of_another_is_refused(tmp_path):
    store = CheckpointStore(tmp_path)
    first, second = Counted(FOLD, "a"), Counted(replace(FOLD, seconds=9.0), "b")
    kept_run([first, second], store)
    store._file("b").write_bytes(store._file("a").read_bytes())
    found = kept_run([first, second], store)
    assert found.anew == {"the file is of another result": 1}
    assert [one.seconds for one in found.results] == [0.25, 9.0]


def test_clearing_forgets_results_and_touches_nothing_else(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints")
    run_once(Counted(FOLD), store)
    (store.path / "thesis.docx").write_text("years of work")
    store.clear()
    assert [path.name for path in store.path.iterdir()] == ["thesis.docx"]
    (tmp_path / "link").symlink_to(store.path)
    CheckpointStore(tmp_path / "link").clear()
    assert (store.path / "thesis.docx").is_file()


@pytest.mark.parametrize("position", [0, 20, 40, 81, 82, 300, -1])
def test_a_flipped_bit_is_found_and_the_task_runs_again(tmp_path, position):
    task, store = Counted(FOLD), CheckpointStore(tmp_path / "checkpoints")
    run_once(task, store)
    (file,) = (tmp_path / "checkpoints").iterdir()
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(bytes(data))
    run_once(task, store)
    assert len(task.runs) == 2


def test_a_file_that_is_damaged_while_the_run_goes_on_is_an_error_that_names_the_task(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints")

    class Damage(Watched):
        def done(self, label):
            (file,) = store.path.iterdir()
            file.write_bytes(b"")

    with pytest.raises(ArtifactError, match="cannot be read back") as error:
        run_once(Counted(FOLD), store, Damage())
    assert error.value.where == Counted(FOLD).label


def test_results_come_in_the_order_of_the_tasks_whichever_is_kept(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints")
    tasks = [Counted(replace(FOLD, seconds=float(at)), label=str(at)) for at in range(4)]
    run_once(tasks[2], store)
    found = kept_run(tasks, store)
    assert [one.seconds for one in found.results] == [0.0, 1.0, 2.0, 3.0]
    assert [len(task.runs) for task in tasks] == [1, 1, 1, 1]


CODE = {"harness": "0a", "harness_panel": "0b", "harness_neural": "0c"}
OURS = Environment(CODE, {"numpy": "2.3"})


@dataclass(frozen=True, eq=False)
class Holding:
    """A task that holds anything."""

    value: object


def digest(value):
    return OURS.dependence(Holding((value,)))["value"]


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
    found = [{name for name in OURS.dependence(task) if name.startswith("code of")} for task in tasks]
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
    before, after = OURS.dependence(task), OURS.dependence(replace(task, **{part: changed[part]}))
    assert [name for name in before if before[name] != after[name]] == [part]


def test_another_process_with_another_hash_seed_finds_the_same():
    code = """
from dataclasses import make_dataclass
from harness.running.dependence import Environment
from harness.installed import installed
from harness.estimators.protocol import ESTIMATOR
value = ((installed().of(ESTIMATOR)["mlp"](), {"a", "b", "c"}),)
print(Environment({}, {}).dependence(make_dataclass("Holding", ["value"])(value))["value"])
"""
    done = python("-c", code, env={"PYTHONHASHSEED": "7", "PATH": ""}, check=True)
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
    assert list(warnings_table([]).columns) == ["code", "where", "message", "message_code"]


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
