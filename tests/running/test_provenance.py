"""What the manifest of a run says of its study."""

from __future__ import annotations

from types import SimpleNamespace

from harness.record.study import PrimaryRecord
from harness.running.folder import RunFolder
from harness.running.provenance import primary_record
from harness.scenarios.effect.scenario import EffectScenario
from harness_panel.estimators.fixed_effects import PooledOLS
from small_run import SPEC, TINY, run_small


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
