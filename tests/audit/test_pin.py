"""`harness run` counts expected numbers; `harness pin` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from command import harness

SPEC = Path(__file__).parents[1] / "replications" / "grunfeld.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of a spec in which one of the printed numbers is wrong, and what the command said."""
    folder = tmp_path_factory.mktemp("pin")
    spec = folder / "study.yaml"
    text = SPEC.read_text(encoding="utf-8")
    assert "value: 49.18," in text
    spec.write_text(text.replace("value: 49.18,", "value: 49.81,"), encoding="utf-8")
    done = harness("run", spec, "--jobs", "1", "--out", folder / "run")
    return spec, folder / "run", done


def test_a_run_counts_what_it_reproduces_and_succeeds_all_the_same(finished):
    _, folder, done = finished
    assert done.returncode == 0, done.stderr
    assert "expected numbers: 21 of 22 reproduced" in done.stdout
    assert str(folder / "expectations.csv") in done.stdout
    assert "fails under pytest, not here" in done.stdout


def test_the_report_shows_the_number_that_differs(finished):
    _, folder, _ = finished
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "this run reproduces 21" in page
    assert "49.81" in page
    assert "off by 0.6334, 0.005 allowed" in page


def test_numbers_are_pinned_to_the_standard_output(finished):
    _, folder, _ = finished
    done = harness("pin", folder, "--table", "gain", "--estimator", "within")
    assert done.returncode == 0, done.stderr
    first, *entries = done.stdout.splitlines()
    assert first == "expect:"
    assert len(entries) == 3
    assert entries[1] == (
        "  - {table: gain, where: {estimator: within, protocol: in_sample, sample: test}, "
        "column: gain, value: 0.701866331, relative: 1e-06, from: run}"
    )


def test_numbers_are_pinned_into_a_spec_and_reproduced(finished, tmp_path):
    spec, folder, _ = finished
    path = tmp_path / "study.yaml"
    before = spec.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    refused = harness("pin", folder, "--into", path)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert path.read_text(encoding="utf-8") == before
    done = harness("pin", folder, "--into", path, "--replace")
    assert done.returncode == 0, done.stderr
    after = path.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if "from: run" not in line] == [
        line for line in after.splitlines() if "from: run" not in line
    ]
    assert harness("validate", path).returncode == 0


def test_numbers_of_another_study_are_not_pinned_into_a_spec(finished, tmp_path):
    spec, folder, _ = finished
    path = tmp_path / "study.yaml"
    text = spec.read_text(encoding="utf-8").split("\n# The printed")[0].replace("id: within", "id: fe")
    path.write_text(text, encoding="utf-8")
    done = harness("pin", folder, "--into", path)
    assert done.returncode == 2
    assert "no estimator is called 'within'" in done.stderr
    assert path.read_text(encoding="utf-8") == text
