"""Numbers pinned from a whole run are reproduced by the part of the study that they rest on."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.api import run_study as run
from harness.audit.pin import PinSelection, pinned
from harness.errors import ArtifactError
from harness.installed import installed
from harness.record.manifest import PrimaryRecord
from harness.running.files import sha256_of
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.running.provenance import primary_record
from harness.running.run import reproduce
from harness.scenarios.effect.scenario import EffectScenario
from harness.study.spec.document import written_spec
from harness_panel.estimators.fixed_effects import PooledOLS
from small_run import ROLES, SPEC, TINY, run_small

STUDY = {
    "spec_version": 1,
    "study": "small",
    "title": "A small study",
    "seed": 3,
    "data": {"dataset": "grunfeld"},
    "roles": ROLES,
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "fe", "use": "fixed_effects"},
        {"id": "net", "use": "mlp", "hidden": 2, "restarts": 1, "max_steps": 30},
        {"id": "diff", "use": "first_difference"},
    ],
    "evaluation": {"reference": "ols", "protocols": ["in_sample", "forward"]},
    "scenarios": [{"use": "curve", "draws": 4, "grid": 4}],
    "report": {"formats": []},
}


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
    cells = {(entry["where"]["finding"], entry["column"]): entry["value"] for entry in entries}
    table = whole.read_table("findings").query("estimator == 'fe'").set_index("finding")
    assert cells["turning_point", "is_established"] == str(table.loc["turning_point", "is_established"])
    assert cells["model_curve", "estimate"] == pytest.approx(table.loc["model_curve", "estimate"], rel=1e-6)
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
        entries = [SimpleNamespace(id=name, scenario=one) for name, one in scenarios.items()]
        estimators = [SimpleNamespace(id="ols", estimator=PooledOLS())]
        return primary_record(SimpleNamespace(estimators=estimators, scenarios=entries))

    groups, curve = EffectScenario(by="half"), EffectScenario(forms=("curve",))
    several = EffectScenario(forms=("curve", "line"), learners=("ols",))
    declared = EffectScenario(primary=True, forms=("contrast",), methods=("instrumented",), learners=("ols",))
    assert primary(groups=groups, curve=curve) is None
    chosen = PrimaryRecord("several", "first_differences", "line", "ols", is_declared=False)
    assert primary(groups=groups, several=several) == chosen
    first = PrimaryRecord("declared", "instrumented", "contrast", "ols", is_declared=True)
    assert primary(several=several, declared=declared) == first
