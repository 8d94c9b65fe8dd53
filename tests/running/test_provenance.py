"""What the manifest of a run says of its study."""

from __future__ import annotations

from harness.running.folder import RunFolder
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
