"""What writing the tables of a run takes."""

from __future__ import annotations

import pytest

from harness.store.folder import RunFolder
from small_run import SPEC, TINY, run_small


@pytest.mark.parametrize("scenarios", [[], [{"use": "effect", "learners": ["curved"]}]])
def test_predictions_are_read_back_where_tests_of_effects_look_at_them_alone(
    tmp_path, monkeypatch, scenarios
):
    read, own = [], RunFolder.read_parquet

    def noted(folder, name):
        read.append(name)
        return own(folder, name)

    monkeypatch.setattr(RunFolder, "read_parquet", noted)
    run_small(tmp_path / "run", spec=SPEC | {"scenarios": scenarios}, overrides=TINY[1:])
    assert read == ["predictions"] * bool(scenarios)
