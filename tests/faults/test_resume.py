"""A run that was cut off and is taken up by other code, with another spec, or with files that were moved."""

from __future__ import annotations

import contextlib

import pytest

from harness import ArtifactError, Problem, api
from harness.api import run_study
from harness.running import run as run_module
from harness.running.folder import RunFolder
from harness.running.options import RunOptions
from harness.study.spec.written import written_spec
from small_run import SPEC, TINY, grunfeld


def run_to(out, *, resume=False, overrides=(), cut=False, monkeypatch):
    """Run the small study, cut off before its tables where asked; return what was said of taking it up."""
    said = []
    options = RunOptions(
        spec=written_spec(SPEC),
        data=api._data(grunfeld()),
        out=out,
        quick=True,
        resume=resume,
        overrides=(*TINY, *overrides),
    )
    with monkeypatch.context() as patched, contextlib.ExitStack() as stack:
        if cut:
            patched.setattr(run_module, "write_tables", _cut)
            stack.enter_context(pytest.raises(ArtifactError, match="cut off"))
        run_study(options, on_resumed=said.append)
    return said


def _cut(*_):
    raise ArtifactError(Problem("run", "cut off"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the tables of a run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        out = tmp_path_factory.mktemp("whole") / "run"
        run_to(out, monkeypatch=monkeypatch)
    return tables(out)


def tables(out):
    names = (file for file in RunFolder(out).files() if file.endswith((".csv", ".parquet")))
    return {name: (out / name).read_bytes() for name in names if name != "findings.csv"}


def test_what_is_unchanged_is_taken_up_to_the_same_bytes(tmp_path, whole, monkeypatch):
    run_to(tmp_path, cut=True, monkeypatch=monkeypatch)
    (said,) = run_to(tmp_path, resume=True, monkeypatch=monkeypatch)
    assert said == "4 of 4 results are taken up from the earlier run"
    assert tables(tmp_path) == whole


def test_changed_code_of_the_harness_takes_up_nothing_and_says_so(tmp_path, whole, monkeypatch):
    run_to(tmp_path, cut=True, monkeypatch=monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "installed_code", lambda: {"harness": "other"})
        (said,) = run_to(tmp_path, resume=True, monkeypatch=monkeypatch)
        assert RunFolder(tmp_path).manifest().code == {"harness": "other"}
    assert said.startswith("0 of 6 results are taken up")
    assert "6 changed: code of harness" in said
    assert tables(tmp_path) == whole


def test_one_changed_option_computes_that_estimator_alone_anew(tmp_path, monkeypatch):
    run_to(tmp_path, cut=True, monkeypatch=monkeypatch)
    changed = ("estimators.1.degree=4",)
    (said,) = run_to(tmp_path, resume=True, overrides=changed, monkeypatch=monkeypatch)
    assert said.startswith("2 of 5 results are taken up")
    assert said.endswith("3 changed: estimator")
