"""A study of an exposure of texts, from its file to tables and findings."""

from __future__ import annotations

import pytest

from data.test_exposure_levels import workers
from harness.api import run
from harness.audit.verification import verify
from harness.installed import installed
from harness.running.folder import RunFolder

SPEC = """
spec_version: 1
study: kinds
title: Kinds of workers
seed: 1
data: {path: workers.csv}
roles:
  {entity: worker, time: year, outcomes: [wage], exposure: kind, moderators: [m],
   levels: [none, craft, union]}
variables: {kind: {label: Kind of work}}
estimators:
  - {id: fe, use: fixed_effects, effects: [entity], label: Fixed effects}
evaluation: {reference: fe, protocols: [held_out_entities]}
scenarios:
  - {use: contrast, draws: 20}
  - {use: curve, draws: 20}
report: {formats: []}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    workers(n=40, periods=4).to_csv(folder / "workers.csv", index=False)
    (folder / "kinds.yaml").write_text(SPEC, encoding="utf-8")
    return run(folder / "kinds.yaml", out=folder / "run")


def test_tables_have_the_names_of_levels(done):
    rows = done.table("contrasts").query("scenario == 'contrast' and band == 'simultaneous'")
    assert rows[["exposure_from", "exposure_to"]].to_numpy().tolist() == [
        ["none", "craft"],
        ["none", "union"],
    ]
    assert done.table("coefficients")["term"].tolist() == ["kind=craft", "kind=union", "m"]
    (refused,) = done.table("curves").to_dict("records")
    assert refused["status"] == "refused"
    assert "use: contrast" in refused["reason"]
    levels = done.table("preparation").query("step == 'levels'")["detail"].item()
    assert levels.startswith("rows: none ")
    assert "(base)" in levels


def test_findings_say_which_level_is_compared_with_which(done):
    own = done.table("findings").query("finding == 'contrast'")
    assert own["about"].tolist() == ["contrast: craft rather than none", "contrast: union rather than none"]
    assert "Kind of work union rather than none" in own["text"].iloc[1]
    assert own["is_established"].astype(str).tolist()[1] == "True"


def test_the_folder_verifies(done):
    checks = verify(RunFolder.open(done.path), catalogs=installed().catalogs)
    assert [problem for check in checks for problem in check.problems] == []
