"""Sizes that no machine holds are refused with the number and what is allowed, before memory is taken."""

from __future__ import annotations

import pytest

from harness import SpecError
from harness.installed import installed
from harness.spec.load import load_study
from harness.spec.written import written_spec
from small_run import SPEC, exit_code


@pytest.mark.parametrize(
    ("override", "most"),
    [
        ("evaluation.draws=1000000000000", "1000000"),
        ("scenarios=[{use: curve, draws: 1000000000000}]", "1000000"),
        ("evaluation.protocols=[{use: random_rows, repeats: 1000000000000}]", "10000"),
        ("evaluation.protocols=[{use: held_out_entities, folds: 1000000000000}]", "10000"),
        ("estimators.1={use: rab, id: curved, draws: 1000000000000}", "1000000"),
    ],
)
def test_a_number_beyond_all_machines_is_refused_with_the_most_that_is_allowed(override, most):
    with pytest.raises(SpecError) as error:
        load_study(written_spec(SPEC), catalogs=installed().catalogs, overrides=(override,))
    said = str(error.value).replace(",", "").replace("_", "")
    assert "1000000000000" in said
    assert most in said.replace("1000000000000", "")


def test_more_jobs_than_any_machine_has_cores_are_refused(monkeypatch, capsys):
    assert exit_code(monkeypatch, "run", "specs/grunfeld.yaml", "--jobs", "1000000000") == 2
    assert "1024" in capsys.readouterr().err
