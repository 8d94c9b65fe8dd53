"""A data file that changes while a study runs is an error at its end."""

from __future__ import annotations

import pytest

from harness import DataError
from harness.api import run_study as run
from harness.running.options import RunOptions
from harness.study.spec.written import written_spec
from small_run import SPEC, TINY, grunfeld


def options(tmp_path):
    data = tmp_path / "panel.csv"
    grunfeld().reset_index().to_csv(data, index=False)
    return RunOptions(written_spec(SPEC), data=data, out=tmp_path / "run", overrides=TINY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda data: data.write_bytes(data.read_bytes().replace(b"1935", b"1925", 1)),
            "changed while the study",
        ),
        (lambda data: data.unlink(missing_ok=True), "cannot be read any more"),
    ],
    ids=["changed", "gone"],
)
def test_a_file_that_is_not_what_it_was_is_told_and_nothing_is_reported(tmp_path, change, words):
    asked = options(tmp_path)
    with pytest.raises(DataError, match=words) as error:
        run(asked, on_progress=lambda done, *_: change(asked.data) if done == 1 else None)
    assert "--resume" in error.value.hint
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert not (tmp_path / "run" / "gain.csv").exists()
