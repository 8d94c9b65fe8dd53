"""What writing the tables of a run takes."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from harness.running.folder import RunFolder
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


def test_no_table_depends_on_how_many_threads_the_libraries_have(tmp_path, monkeypatch):
    threads, own = [], RunFolder.write_table

    def noted(folder, name, table):
        threads.extend(library["num_threads"] for library in threadpool_info())
        return own(folder, name, table)

    monkeypatch.setattr(RunFolder, "write_table", noted)
    with threadpool_limits(limits=2):
        run_small(tmp_path / "run", spec=SPEC | {"scenarios": []}, overrides=TINY[1:])
    assert set(threads) == {1}
