"""From results to tables, and numbers pinned from them that a part of the study reproduces."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ruamel.yaml import YAML

from harness.api import run_study
from harness.api import run_study as run
from harness.audit.pin import PinSelection, pinned
from harness.data.simulate.small_panels import InvertedU
from harness.errors import ArtifactError, HarnessError
from harness.evaluation.fold_fit import FoldCell, FoldPredictions, FoldResult
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.pytest_plugin.reproduction import reproduce
from harness.record.manifest import PrimaryRecord
from harness.running.comparison import in_order, missing_cells, predictions_table, status_rows
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.provenance import primary_record
from harness.scenarios.effect.scenario import EffectScenario
from harness.study.spec.document import written_spec
from harness_panel.estimators.fixed_effects import PooledOLS
from panels import panel_from_arrays
from small_run import SPEC, TINY, run_small

STUDY = YAML(typ="safe").load(Path(__file__).with_name("pinned.yaml"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunFolder:
    """The whole study, run once."""
    return run(RunOptions(written_spec(STUDY), out=tmp_path_factory.mktemp("run") / "whole"))


def test_a_part_of_a_study_gives_the_numbers_of_the_whole(whole):
    entries = pinned(
        whole, PinSelection(("gain", "coefficients", "turning_points"), ("fe", "net"), relative=1e-12)
    )
    assert {entry["table"] for entry in entries} == {"gain", "coefficients"}
    net = [entry for entry in entries if entry["where"].get("protocol") != "in_sample"]
    found = reproduce(RunOptions(written_spec(STUDY | {"expect": net})), installed())
    assert len(found) == len(net) > 8
    assert {one.status for one in found} == {"reproduced"}


def test_what_changes_in_a_study_is_found(whole):
    entries = pinned(whole, PinSelection(("gain",), ("net",)))
    wider = {"id": "net", "use": "mlp", "hidden": 3, "restarts": 1}
    changed = STUDY | {"estimators": [*STUDY["estimators"][:2], wider], "expect": list(entries)}
    found = reproduce(RunOptions(written_spec(changed)), installed())
    assert {one.status for one in found} == {"differs"}


def test_gains_errors_and_the_exposure_are_pinned_by_default(whole):
    entries = pinned(whole, PinSelection())
    cells = [(entry["table"], *entry["where"].values(), entry["column"]) for entry in entries]
    assert len(set(cells)) == len(cells)
    assert ("gain", "net", "forward", "test", "gain") in cells
    assert ("accuracy", "ols", "in_sample", "test", "mse") in cells
    assert ("coefficients", "fe", "value", "std_error") in cells
    assert not any("capital" in cell or "train" in cell for cell in cells)
    assert all(entry["from"] == "run" and entry["relative"] == 1e-6 for entry in entries)


def test_a_pinned_number_has_more_digits_than_its_tolerance_needs(whole):
    (entry,) = (
        one
        for one in pinned(whole, PinSelection(relative=1e-3))
        if one["column"] == "estimate" and one["where"]["estimator"] == "fe"
    )
    table = whole.read_table("coefficients").set_index(["estimator", "term"])
    assert entry["value"] == pytest.approx(table.loc[("fe", "value"), "estimate"], rel=1e-5)
    assert len(f"{entry['value']!r}".replace(".", "").lstrip("0")) <= 6


def test_findings_are_pinned_reproduced_and_held_by_a_run(whole, tmp_path):
    entries = pinned(whole, PinSelection(("findings",), ("fe",)))
    cells = {(entry["where"]["key"], entry["column"]): entry["value"] for entry in entries}
    table = whole.read_table("findings").query("estimator == 'fe'").set_index("finding")
    turn, curve = table.loc["turning_point"], table.loc["model_curve"]
    assert cells[turn["key"], "is_established"] == str(turn["is_established"])
    assert cells[curve["key"], "estimate"] == pytest.approx(curve["estimate"], rel=1e-6)
    assert whole.manifest().files["findings.csv"] == sha256_of(whole.path / "findings.csv")
    options = RunOptions(written_spec(STUDY | {"expect": list(entries)}), out=tmp_path / "run")
    found = reproduce(options, installed())
    assert {one.status for one in found} == {"reproduced"}
    held = run(options).read_table("expectations")
    assert set(held["status"]) == {"reproduced"}
    assert len(held) == len(entries) > 4


def test_nothing_is_pinned_from_a_quick_run(tmp_path):
    small = STUDY | {"estimators": STUDY["estimators"][:2], "scenarios": []}
    folder = run(RunOptions(written_spec(small), out=tmp_path / "quick", quick=True))
    with pytest.raises(ArtifactError, match="quick run"):
        pinned(folder, PinSelection())


def test_a_run_that_has_none_of_the_numbers_is_refused(whole):
    with pytest.raises(ArtifactError, match="none of the numbers"):
        pinned(whole, PinSelection(("thresholds",)))
    assert Path(whole.path).is_dir()


def test_equal_names_are_told_apart_by_ids(tmp_path):
    alike = [entry | {"label": "Line"} for entry in SPEC["estimators"]]
    third = {"id": "fe", "use": "fixed_effects", "label": "Fixed effects"}
    spec = SPEC | {"estimators": [*alike, third]}
    run = run_small(tmp_path / "run", spec=spec, overrides=TINY)
    study = RunFolder.open(run.path).manifest().study
    assert [entry.label for entry in study.estimators] == ["Line, ols", "Line, curved", "Fixed effects"]
    assert study.reference_label == "Line, ols"


def test_protocols_of_one_title_are_told_apart_by_ids(tmp_path):
    protocols = [{"id": "first", "use": "in_sample"}, {"id": "second", "use": "in_sample"}]
    spec = SPEC | {"evaluation": SPEC["evaluation"] | {"protocols": protocols}}
    overrides = tuple(text for text in TINY if not text.startswith("evaluation"))
    run = run_small(tmp_path / "run", spec=spec, overrides=overrides)
    titles = [entry.title for entry in RunFolder.open(run.path).manifest().study.protocols]
    assert len(set(titles)) == 2
    assert [title.rsplit(", ", 1)[1] for title in titles] == ["first", "second"]


def test_the_primary_effect_is_the_declared_one_and_otherwise_the_first_number_asked():
    def primary(**scenarios):
        entries = [
            SimpleNamespace(id=name, scenario=one, primary=name == "declared")
            for name, one in scenarios.items()
        ]
        estimators = [SimpleNamespace(id="ols", estimator=PooledOLS())]
        return primary_record(SimpleNamespace(estimators=estimators, scenarios=entries))

    groups, curve = EffectScenario(by="half"), EffectScenario(forms=("curve",))
    several = EffectScenario(forms=("curve", "line"), learners=("ols",))
    declared = EffectScenario(forms=("contrast",), methods=("instrumented",), learners=("ols",))
    assert primary(groups=groups, curve=curve) is None
    chosen = PrimaryRecord("several", "first_differences", "line", "ols", is_declared=False)
    assert primary(groups=groups, several=several) == chosen
    first = PrimaryRecord("declared", "instrumented", "contrast", "ols", is_declared=True)
    assert primary(several=several, declared=declared) == first


PANEL = panel_from_arrays(
    entity=["a", "a", "b", "b"], period=[1, 2, 1, 2], outcome=np.arange(4.0), X=np.arange(4.0)
)
FOLDS = {
    ("p", name): Fold(name, np.array(train), np.array(test), None, "row")
    for name, train, test in (("1", [0, 1], [2, 3]), ("2", [2, 3], [0, 1]))
}


def result(estimator, fold, status="ok"):
    ok = FoldPredictions(np.array([10.0, 11.0]), np.array([12.0, 13.0]), 1.0, 0, ())
    reason = "" if status == "ok" else "no room"
    return FoldResult(
        FoldCell("y", estimator, "p", fold), ok if status == "ok" else None, status, reason, 0.0
    )


RESULTS = [result("ols", "1"), result("ols", "2"), result("ann", "1"), result("ann", "2", "refused")]


def test_a_cell_with_a_refused_fold_is_missing_whole():
    missing = missing_cells(RESULTS)
    assert [(one.estimator, one.status, one.reason) for one in missing] == [
        ("ann", "refused", "fold 2: no room")
    ]
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    assert set(frame["estimator"]) == {"ols"}
    holes = status_rows(missing, ("train", "test"))
    assert list(holes["sample"]) == ["train", "test"]
    assert set(holes["reason"]) == {"fold 2: no room"}


def test_predictions_stand_beside_what_they_predict():
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    second = frame[frame["fold"] == "2"]
    assert second["entity"].tolist() == ["b", "b", "a", "a"]
    assert second["observed"].tolist() == [2.0, 3.0, 0.0, 1.0]
    assert second["predicted"].tolist() == [10.0, 11.0, 12.0, 13.0]
    assert second["sample"].tolist() == ["train", "train", "test", "test"]


def test_texts_are_held_once_and_sorted_as_texts():
    frame = predictions_table(RESULTS, panels={"y": PANEL}, folds=FOLDS)
    names = ["outcome", "estimator", "protocol", "fold", "entity", "time", "sample"]
    for name in names:
        assert frame[name].cat.categories.tolist() == sorted(set(frame[name]))
        assert frame[name].cat.codes.to_numpy().itemsize == 1


def test_entities_of_which_numbers_are_names_are_sorted_as_texts():
    entity = ["2", "2", "10", "10"]
    panel = panel_from_arrays(entity=entity, period=[1, 2, 1, 2], outcome=np.arange(4.0), X=np.arange(4.0))
    frame = predictions_table(RESULTS, panels={"y": panel}, folds=FOLDS)
    found = frame[frame["fold"] == "1"].sort_values("entity")
    assert found["entity"].tolist() == ["10", "10", "2", "2"]
    assert found["observed"].tolist() == [2.0, 3.0, 0.0, 1.0]


def test_a_cell_that_comes_twice_is_a_mistake_before_anything_is_computed():
    with pytest.raises(HarnessError, match=r"predictions.parquet: would hold several rows of one key: o"):
        predictions_table([*RESULTS, *RESULTS], panels={"y": PANEL}, folds=FOLDS)


def test_no_result_at_all_is_an_empty_table_with_its_columns():
    frame = predictions_table([], panels={}, folds={})
    assert frame.empty
    assert "predicted" in frame.columns


def test_rows_come_in_the_order_of_the_spec():
    frame = status_rows(missing_cells([result("b", "1", "failed"), result("a", "1", "failed")]), ("test",))
    assert in_order(frame, {"estimator": ("a", "b")})["estimator"].tolist() == ["a", "b"]


PARABOLA = Path(__file__).with_name("parabola.yaml").read_text(encoding="utf-8")


def folder_of(path, *, overrides=(), data=None):
    (path / "spec.yaml").write_text(PARABOLA, encoding="utf-8")
    return run_study(RunOptions(spec=path / "spec.yaml", out=path / "out", data=data, overrides=overrides))


# Of which the table of truth has rows wherever there is one.
CURVE_ALONE = ("scenarios=[{use: curve, draws: 2, grid: 4}]",)


@pytest.fixture(scope="module")
def parabola(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("parabola"))


def test_the_truth_and_the_error_of_each_estimator(parabola):
    folder, truth = parabola, parabola.read_table("truth")
    level = truth[truth["kind"] == "level"]
    assert len(level) == 15
    assert np.ptp(level["truth"] - (1.0 - 4.0 * (level["at"] - InvertedU.turning_points[0]) ** 2)) < 1e-9
    errors = folder.read_table("truth_errors").set_index(["estimator", "kind"])
    assert errors.loc[("cubic", "level"), "rmse"] < 0.1 * errors.loc[("ols", "level"), "rmse"]
    assert errors.loc[("cubic", "level"), "coverage"] > errors.loc[("ols", "level"), "coverage"]
    curves = folder.read_table("curves").query(
        "estimator == 'ols' and kind == 'level' and band == 'pointwise'"
    )
    known = curves[curves["supported"]].merge(level[["at", "truth"]], on="at")
    expected = np.sqrt(((known["estimate"] - known["truth"]) ** 2).mean())
    assert errors.loc[("ols", "level"), "rmse"] == pytest.approx(expected, rel=1e-9)
    assert errors.loc[("ols", "conditional_effect"), "n_points"] > 0
    assert errors.loc[("ols", "surface"), "n_points"] <= 25


def test_every_kind_of_truth_has_its_error(parabola):
    truth, errors = parabola.read_table("truth"), parabola.read_table("truth_errors")
    assert set(truth["kind"]) == set(errors["kind"])
    own = errors.set_index(["estimator", "kind"])
    # pooled OLS has no turning point; the cubic's maximum is near the parabola's, 0.6
    assert own.loc[("ols", "maximum"), ["n_points", "n_found"]].tolist() == [1, 0]
    assert own.loc[("cubic", "maximum"), "rmse"] < 0.05
    # its mean slope is the coefficient, the true one -8 (mean exposure - 0.6)
    term = "estimator == 'ols' and term == 'exposure'"
    (coefficient,) = parabola.read_table("coefficients").query(term)["estimate"]
    (average,) = truth.loc[truth["kind"] == "average_effect", "truth"]
    assert own.loc[("ols", "average_effect"), "rmse"] == pytest.approx(abs(coefficient - average))


def test_no_truth_about_a_file_in_the_place_of_the_simulation(tmp_path):
    path = tmp_path / "cities.csv"
    drawn = InvertedU(n_entities=60, n_periods=4).draw()
    drawn.assign(city="市" + drawn["city"]).to_csv(path, index=False)
    folder = folder_of(tmp_path, overrides=CURVE_ALONE, data=path)
    assert len(folder.read_table("curves")) > 0
    assert len(folder.read_table("truth")) == 0


def test_no_truth_about_another_exposure(tmp_path):
    swapped = ("roles.exposure=moderator", "roles.moderators=[exposure]")
    folder = folder_of(tmp_path, overrides=(*CURVE_ALONE, *swapped))
    assert not (folder.path / "truth.csv").exists()
    assert not (folder.path / "truth_errors.csv").exists()
