"""Specs, tables and two runs are compared; tables that somebody changed are found by computing them again."""

import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness
from command import python
from harness import ArtifactError, SpecError
from harness.audit.runs import Tolerance, ValueDifference, compare_runs, spec_differences, table_difference
from harness.audit.verification import verify
from harness.installed import installed
from harness.registry.choice import PluginChoice
from harness.running.folder import RunFolder
from harness.study.spec.document import read_document, written_spec
from small_run import LEAST, SPEC, copy_of, exit_code, few_rows, problems_of, run_small


def compared(a, b, *, rtol=1e-8, atol=1e-12):
    return compare_runs(RunFolder.open(a.path), RunFolder.open(b.path), tolerance=Tolerance(rtol, atol))


@pytest.fixture(scope="module")
def other_run(tmp_path_factory):
    """The small study with another seed and without curves."""
    spec = {key: value for key, value in SPEC.items() if key != "multiverse"} | {"scenarios": []}
    return run_small(tmp_path_factory.mktemp("other") / "run", spec=spec, overrides=["seed=8"])


@pytest.fixture
def folder(small_run, tmp_path):
    return RunFolder(copy_of(small_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def differing(small_run, other_run):
    """What the two runs differ in."""
    return compared(small_run, other_run)


def test_a_run_is_repeated_by_its_command_to_the_same_numbers(other_run, tmp_path, monkeypatch):
    """The recorded command works on the spec and the data that the folder keeps."""
    first, again = RunFolder.open(other_run.path), tmp_path / "again"
    words = (*first.manifest().command.split()[1:], "--out", str(again), "--jobs", "1")
    assert exit_code(monkeypatch, *words) == 0
    found = compare_runs(first, RunFolder.open(again), tolerance=Tolerance(0, 0))
    assert found.found_the_same
    assert not any(found.requested[part] for part in ("spec", "data", "settings"))


def test_what_was_asked_otherwise_is_named_by_path(differing):
    assert ValueDifference("seed", "7", "8") in differing.requested["spec"]
    assert [one.path for one in differing.requested["spec"]] == ["seed", "multiverse", "scenarios[curve]"]
    assert differing.requested["data"] == ()


def test_tables_and_cells_of_one_run_alone_are_named(differing):
    assert ValueDifference("curves.csv", '"there"', None) in differing.found["files"]
    assert ValueDifference("invest · ols · curve", '"ok"', None) in differing.found["cells"]
    assert not differing.found_the_same


def test_numbers_beyond_the_tolerance_are_found(small_run, other_run, differing):
    gain = next(one for one in differing.tables if one.table == "gain.csv")
    assert "conf_low" in [column.column for column in gain.columns]
    assert "accuracy.csv" in [one.table for one in differing.tables]
    wide = compared(small_run, other_run, rtol=1e6, atol=1e6)
    names = [one.table for one in wide.tables]
    assert "accuracy.csv" not in names
    # Another seed deals other rows into folds, and no tolerance makes rows the same.
    assert "predictions.parquet" in names


def test_a_run_equals_itself_and_other_versions_do_not_make_other_findings(small_run, folder):
    content = folder.manifest()
    folder.write_manifest(replace(content, versions={**content.versions, "numpy": "0.1"}))
    found = compare_runs(RunFolder.open(small_run.path), folder, tolerance=Tolerance())
    assert [(one.path, one.b) for one in found.requested["versions"]] == [("numpy", '"0.1"')]
    assert [part for part, differences in found.requested.items() if differences] == ["versions"]
    assert found.found_the_same
    assert found.n_tables > 15


def test_the_command_says_in_words_what_differs(small_run, other_run, monkeypatch, capsys):
    assert exit_code(monkeypatch, "compare", str(small_run.path), str(small_run.path)) == 0
    assert "the runs found the same" in capsys.readouterr().out
    assert exit_code(monkeypatch, "compare", str(small_run.path), str(other_run.path)) == 1
    printed = capsys.readouterr().out
    assert "  seed: A 7, B 8\n" in printed
    assert '  curves.csv: A "there", B nothing\n' in printed
    assert "gain.csv (" in printed
    assert "outcome=invest, estimator=curved" in printed


def test_the_command_prints_json(small_run, other_run, monkeypatch, capsys):
    words = ("compare", str(small_run.path), str(other_run.path), "--json", "--rtol", "0.5")
    assert exit_code(monkeypatch, *words) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["found_the_same"] is False
    assert printed["spec"][0] == {"path": "seed", "a": "7", "b": "8"}
    assert {"table", "n_matched", "only_a", "columns"} <= set(printed["tables"][0])


def test_a_damaged_table_is_no_traceback(small_run, folder):
    (folder.path / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match=r"predictions\.parquet: is damaged"):
        compare_runs(RunFolder.open(small_run.path), folder, tolerance=Tolerance())


TEST = {"outcome": "invest", "protocol": "random_rows", "sample": "test"}


def rehash(folder):
    """Write the manifest again, so that every hash holds."""
    folder.write_manifest(folder.manifest())


def change(folder, name, where, column, value):
    """Change cells of a table, and all hashes with them."""
    frame = folder.read_table(name)
    rows = pd.Series(True, index=frame.index)
    for key, wanted in where.items():
        rows &= frame[key] == wanted
    assert rows.sum() == 1
    frame[column] = frame[column].astype(object)
    frame.loc[rows, column] = value
    folder.write_table(name, frame)
    rehash(folder)


# The variation of the multiverse whose polynomial has degree three.
DEGREE = "curved (degree 3, seed 1)"

CHANGES = [
    ("accuracy", TEST | {"estimator": "curved"}, "mse", 1.0),
    ("accuracy", TEST | {"estimator": "ols"}, "n_entities", 9),
    ("gain", TEST, "gain", 0.9),
    ("gain", TEST, "conf_low", 0.1),
    ("gain", TEST, "p_value", 0.01),
    ("gain", TEST, "p_holm", 0.03),
    ("gain", TEST, "least_detectable", 0.04),
    ("decomposition", {"part": "new entities"}, "estimate", 0.5),
    ("decomposition", {"part": "new entities"}, "conf_high", 0.9),
    ("recognition", {"estimator": "curved"}, "conf_low", 0.9),
    ("variation_gains", TEST | {"variation": DEGREE}, "estimate", 0.9),
    ("variations", {"key": DEGREE, "option": "degree"}, "value", "4"),
    ("multiverse_choices", {"choice": "degree", "level": "3"}, "share_of_variance", 0.9),
    ("multiverse_tests", {"protocol": "random_rows", "statistic": "median_gain"}, "p_value", 0.9),
    ("claims", {"quantity": "gain"}, "status", "differs"),
]


@pytest.fixture(scope="module")
def found_in_changed(small_run, tmp_path_factory):
    """What is found where a cell of each column is changed."""
    folder = RunFolder(copy_of(small_run, tmp_path_factory.mktemp("changed") / "run"))
    for name, where, column, value in CHANGES:
        change(folder, name, where, column, value)
    return problems_of(folder.path)


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [(name, column, value) for name, _, column, value in CHANGES],
    ids=[f"{name} {column}" for name, _, column, _ in CHANGES],
)
def test_a_changed_cell_is_named_with_its_row(found_in_changed, name, column, value):
    start = f"{column}: 1 cell differs at "
    (problem,) = [
        one for one in found_in_changed if one.where == f"{name}.csv" and one.what.startswith(start)
    ]
    assert f"in the folder {value}, recomputed from " in problem.what


def test_a_changed_prediction_is_found_in_every_table_that_rests_on_it(folder):
    predictions = folder.read_parquet("predictions")
    at = predictions.index[(predictions["protocol"] == "random_rows") & (predictions["sample"] == "test")][0]
    predictions.loc[at, "predicted"] += 1.0
    folder.write_parquet("predictions", predictions)
    rehash(folder)
    assert {"accuracy.csv", "gain.csv", "decomposition.csv"} <= {
        one.where for one in problems_of(folder.path)
    }


def test_another_level_in_the_manifest_gives_other_intervals(folder):
    content = folder.manifest()
    study = replace(content.study, level=0.9)
    folder.write_manifest(replace(content, study=study))
    words = " ".join(problem.what for problem in problems_of(folder.path))
    assert "conf_low: " in words
    assert "gain: " not in words


def test_a_row_that_was_taken_out_is_missed_and_a_cell_cannot_be_hidden_behind_its_status(folder):
    change(folder, "gain", TEST, "status", "failed")
    accuracy = folder.read_table("accuracy")
    folder.write_table("accuracy", accuracy[accuracy["sample"] != "train"])
    rehash(folder)
    found = problems_of(folder.path)
    of_errors, of_gains = (
        [one.what for one in found if one.where == name] for name in ("accuracy.csv", "gain.csv")
    )
    assert any(one.startswith("8 rows only recomputed from predictions") for one in of_errors)
    assert any("has no row for invest · ols · in_sample · train" in one for one in of_errors)
    assert any(one.startswith("1 row only recomputed from predictions") for one in of_gains)
    assert any("1 rows have numbers that their status denies" in one for one in of_gains)


def test_a_gain_report_that_says_otherwise_is_found(folder):
    path = folder.path / "gain_report.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][0]["mse"] = 0.0
    path.write_text(json.dumps(content), encoding="utf-8")
    rehash(folder)
    (problem,) = problems_of(folder.path)
    assert problem.where == "gain_report.json"


def test_predictions_that_lack_a_column_are_no_traceback(folder):
    folder.write_parquet("predictions", folder.read_parquet("predictions").drop(columns=["observed", "fold"]))
    rehash(folder)
    (problem,) = problems_of(folder.path)
    assert problem.what == "lacks the columns fold, observed"


def test_a_spec_whose_plugin_is_not_here_is_told(folder):
    without = installed(PluginChoice(off=("harness_panel",))).catalogs
    (check,) = [one for one in verify(folder, catalogs=without) if one.problems]
    assert "cannot be read here" in check.problems[0].what
    assert "pooled_ols" in check.problems[0].what
    # The exit code is that of a spec, as of all commands that read it.
    assert check.error is SpecError


def test_libraries_kernels_and_threads_of_matrix_products_are_recorded_and_compared(folder, small_run):
    """The kernel decides on last digits; numpy and scipy may bring a library each."""
    content = folder.manifest()
    built = np.show_config("dicts")["Build Dependencies"]["blas"]
    *libraries, threads = content.versions["BLAS"].split(", ")
    names, versions, kernels = zip(*(library.split() for library in libraries), strict=True)
    assert built["version"] in versions
    assert all(name in built["name"] for name in names)
    assert (all(map(str.isalnum, kernels)), threads) == (True, "1 thread")
    other = content.versions["BLAS"].replace(kernels[0], "Prescott")
    folder.write_manifest(replace(content, versions={**content.versions, "BLAS": other}))
    compared_with = compare_runs(RunFolder.open(small_run.path), folder, tolerance=Tolerance())
    (difference,) = compared_with.requested["versions"]
    assert (difference.path, "Prescott" in difference.b) == ("BLAS", True)


@pytest.mark.slow
def test_another_kernel_is_recorded_as_such():
    code = "import numpy; from harness.running.dependence import blas; print(blas())"
    done = python("-c", code, env={**os.environ, "OPENBLAS_CORETYPE": "Prescott"}, check=True)
    assert "Prescott" in done.stdout


EXPECTED = {
    "table": "coefficients",
    "where": {"term": "value"},
    "column": "estimate",
    "value": 0.12,
    "from": "run",
}


@pytest.mark.parametrize(
    ("quick", "overrides", "n_expected"),
    [(False, (), 1), (True, (), 0), (False, ("seed=8",), 0)],
    ids=["whole", "quick", "changed"],
)
def test_a_run_holds_whether_or_not_its_numbers_are_expected(tmp_path, quick, overrides, n_expected):
    spec = LEAST | {"expect": [EXPECTED]}
    out = tmp_path / "run"
    result = harness.run(spec, data=few_rows(), out=out, quick=quick, overrides=overrides, progress=False)
    folder = RunFolder(result.path)
    assert len(folder.read_table("expectations")) == n_expected
    assert problems_of(folder.path) == []


def test_cells_that_were_refused_hold(tmp_path):
    """An exposure that firm effects absorb, and a panel too small for a protocol, leave rows with reasons."""
    frame = pd.DataFrame(
        [
            {"firm": firm, "year": year, "size": firm, "age": (firm * year) % 5, "sales": firm + year % 3}
            for firm in range(4)
            for year in range(2000, 2004)
        ]
    )
    roles = {"entity": "firm", "time": "year", "outcomes": "sales", "exposure": "size", "controls": "age"}
    spec = {
        "spec_version": 1,
        "study": "refused",
        "roles": roles,
        "estimators": ["pooled_ols", {"id": "fe", "use": "fixed_effects"}],
        "evaluation": {"protocols": ["in_sample", {"use": "held_out_entities", "folds": 50}]},
        "data": {},
        "report": {"formats": []},
    }
    result = harness.run(spec, data=frame, out=tmp_path / "run", progress=False)
    status = result.gain.groupby("protocol")["status"].unique().map(list).to_dict()
    assert status == {"in_sample": ["refused"], "held_out_entities": ["refused"]}
    assert problems_of(result.path) == []


def test_changed_findings_are_named(folder):
    changes = {"text": "It is better.", "is_established": True}
    for column, value in changes.items():
        change(folder, "findings", {"finding": "lowest_error", "about": "random_rows"}, column, value)
    found = problems_of(folder.path)
    assert {one.where for one in found} == {"findings.csv"}
    starts = {one.what.partition(":")[0] for one in found if ": 1 cell differs at " in one.what}
    assert starts == changes.keys()


def differences(a, b):
    return spec_differences(read_document(written_spec(a)), read_document(written_spec(b)))


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ({"seed": 1}, {"seed": 2}, [ValueDifference("seed", "1", "2")]),
        ({"seed": 1}, {"seed": 1, "title": "x"}, [ValueDifference("title", None, '"x"')]),
        ({"x": {"y": 1, "z": 2}}, {"x": {"y": 1}}, [ValueDifference("x.z", "2", None)]),
        ({"x": 1}, {"x": 1.0}, [ValueDifference("x", "1", "1.0")]),
        ({"x": 1}, {"x": True}, [ValueDifference("x", "1", "true")]),
        ({"x": None}, {}, [ValueDifference("x", "null", None)]),
        ({"x": {"y": 1}}, {"x": [1]}, [ValueDifference("x", '{"y": 1}', "[1]")]),
        (
            {"x": [1, 2]},
            {"x": [1, 3, 4]},
            [ValueDifference("x[1]", "2", "3"), ValueDifference("x[2]", None, "4")],
        ),
    ],
    ids=["changed", "added", "removed", "kind of number", "number or truth", "null", "kind of value", "list"],
)
def test_a_value_that_differs_is_named_by_its_path(a, b, found):
    assert list(differences(a, b)) == found


def test_entries_of_lists_are_matched_by_their_ids():
    a = {"estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "rab", "draws": 200}]}
    b = {"estimators": [{"id": "rab", "draws": 50}, {"id": "fe", "use": "fixed_effects"}]}
    assert list(differences(a, b)) == [
        ValueDifference("estimators[ols]", '{"id": "ols", "use": "pooled_ols"}', None),
        ValueDifference("estimators[rab].draws", "200", "50"),
        ValueDifference("estimators[fe]", None, '{"id": "fe", "use": "fixed_effects"}'),
    ]


def test_another_order_of_the_same_entries_is_one_difference():
    a, b = {"protocols": ["in_sample", "forward"]}, {"protocols": ["forward", "in_sample"]}
    assert list(differences(a, b)) == [
        ValueDifference("protocols.order", '["in_sample", "forward"]', '["forward", "in_sample"]')
    ]


def test_layout_comments_and_the_order_of_keys_do_not_matter(tmp_path):
    commented, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    commented.write_text("a: 1  # first\nb: {c: [x, y]}\n", encoding="utf-8")
    other.write_text("b:\n  c:\n    - 'x'\n    - y\na: 0x1\n", encoding="utf-8")
    assert spec_differences(read_document(commented), read_document(other)) == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(a=st.dictionaries(st.text("ab", min_size=1, max_size=2), VALUES, max_size=3), data=st.data())
def test_equal_values_have_no_differences_and_others_have_some(a, data):
    assert differences(a, a) == ()
    b = data.draw(st.dictionaries(st.text("ab", min_size=1, max_size=2), VALUES, max_size=3))
    found = differences(a, b)
    assert bool(found) == (json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True))
    mirrored = [ValueDifference(difference.path, difference.b, difference.a) for difference in found]
    assert sorted(mirrored, key=str) == sorted(differences(b, a), key=str)


KEYS = ("estimator", "at")
UP_TO_ROUNDING = Tolerance()


def compared_tables(a, b, *, on=KEYS, tolerance=UP_TO_ROUNDING):
    return table_difference("curves", a, b, keys=on, tolerance=tolerance)


def curve(**changed):
    columns = {
        "estimator": ["ols", "ols", "fe", "fe"],
        "at": [0.1, 0.2, 0.1, 0.2],
        "estimate": [1.0, 2.0, 3.0, np.nan],
        "status": ["ok", "ok", "ok", "refused"],
    }
    return pd.DataFrame(columns | changed)


def test_a_table_equals_itself_and_holes_equal_holes():
    found = compared_tables(curve(), curve())
    assert found.is_equal
    assert found.n_matched == 4


@settings(max_examples=24)
@given(order=st.permutations(range(4)), columns=st.permutations(["estimator", "at", "estimate", "status"]))
def test_the_order_of_rows_and_columns_does_not_matter(order, columns):
    assert compared_tables(curve(), curve().iloc[list(order)][list(columns)]).is_equal


@pytest.mark.parametrize(
    ("rtol", "atol", "is_equal"),
    [(0.0, 0.0, False), (0.01, 0.0, False), (0.05, 0.0, True), (0.0, 0.05, False), (0.0, 0.1001, True)],
)
def test_numbers_are_equal_within_the_tolerance(rtol, atol, is_equal):
    other = curve(estimate=[1.0, 2.1, 3.0, np.nan])
    assert compared_tables(curve(), other, tolerance=Tolerance(rtol, atol)).is_equal is is_equal


@given(
    a=st.floats(allow_nan=False, allow_infinity=False, width=32),
    b=st.floats(allow_nan=False, allow_infinity=False, width=32),
    rtol=st.floats(0, 0.1),
    atol=st.floats(0, 10),
)
def test_the_tolerance_is_symmetric_and_means_what_it_says(a, b, rtol, atol):
    tolerance = Tolerance(rtol, atol)
    one, other = np.array([a]), np.array([b])
    excess = tolerance.excess(one, other)
    assert excess == tolerance.excess(other, one)
    assert tolerance.excess(one, one) == 0
    allowed = atol + rtol * max(abs(a), abs(b))
    if not np.isclose(abs(a - b), allowed, rtol=1e-12):
        assert (excess[0] > 1) == (abs(a - b) > allowed)


@pytest.mark.parametrize(("one", "other"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, -np.inf), (np.inf, 1e308)])
def test_a_number_is_never_equal_to_a_hole_or_to_infinity(one, other):
    assert Tolerance(1.0, 1e300).excess(np.array([one]), np.array([other])) == np.inf


def test_the_cell_that_differs_most_is_named_by_its_row():
    other = curve(estimate=[1.0 + 1e-3, 2.5, 3.0, np.nan])
    (column,) = compared_tables(curve(), other).columns
    assert (column.column, column.n_cells) == ("estimate", 2)
    assert column.row == "estimator=ols, at=0.2"
    assert (column.a, column.b) == ("2.0", "2.5")


def test_a_number_that_is_gone_and_a_text_that_changed_are_differences():
    other = curve(estimate=[1.0, 2.0, np.nan, np.nan], status=["ok", "ok", "failed", "refused"])
    estimate, status = compared_tables(curve(), other).columns
    assert (estimate.row, estimate.a, estimate.b) == ("estimator=fe, at=0.1", "3.0", "")
    assert (status.a, status.b) == ("ok", "failed")


def test_rows_that_one_table_has_alone_are_listed():
    found = compared_tables(curve(), curve().drop(index=[0, 3]))
    assert (found.n_matched, found.only_a.n_rows, found.only_b.n_rows) == (2, 2, 0)
    assert found.only_a.first == ("estimator=ols, at=0.1", "estimator=fe, at=0.2")
    assert not found.is_equal


def test_columns_that_one_table_has_alone_are_named():
    found = compared_tables(curve(), curve(extra=[1, 2, 3, 4]).drop(columns="status"))
    assert (found.columns_a, found.columns_b) == (("status",), ("extra",))
    assert not found.is_equal


def test_grid_points_are_the_same_up_to_rounding():
    shifted = curve(at=[0.1 + 1e-16, 0.2, 0.1, 0.2 * (1 + 1e-12)])
    assert compared_tables(curve(), shifted).is_equal
    other = compared_tables(curve(), curve(at=[0.1, 0.2, 0.1, 0.2001]))
    assert (other.only_a.n_rows, other.only_b.n_rows) == (1, 1)


def test_rows_with_equal_keys_are_matched_in_their_order():
    a = pd.DataFrame({"scenario": ["curve"] * 3, "exposure": [1.0, 2.0, 3.0]})
    found = compared_tables(a, a.assign(exposure=[1.0, 2.5, 3.0]), on=("scenario",))
    assert found.n_matched == 3
    assert found.columns[0].n_cells == 1
    assert compared_tables(a, a.iloc[:2], on=("scenario",)).only_a.n_rows == 1


def test_empty_tables_are_equal():
    empty = curve().iloc[:0]
    assert compared_tables(empty, empty).is_equal
    assert compared_tables(pd.DataFrame(), pd.DataFrame()).is_equal
