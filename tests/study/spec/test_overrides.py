"""Values from the command line take the place of the file's, and are told apart from them in messages."""

from __future__ import annotations

import pytest

from harness.errors import SpecError


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("seed=7", lambda study: study.seed, 7),
        ("title='a = b'", lambda study: study.title, "a = b"),
        ("estimators[2].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators[bag].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.base.hidden=9", lambda study: study.estimators[2].estimator.base.hidden, 9),
        (
            "evaluation.protocols.groups.folds=2",
            lambda study: study.evaluation.protocols[1].protocol.folds,
            2,
        ),
        (
            "evaluation.protocols=[{use: rows, share: 0.5}]",
            lambda s: s.evaluation.protocols[0].protocol.share,
            0.5,
        ),
        ("scenarios.curve.grid=3", lambda study: study.scenarios[0].scenario.grid, 3),
        (
            "variables[gdp per head].label=Income",
            lambda study: study.variables["gdp per head"].label,
            "Income",
        ),
        ("roles.controls=[roads]", lambda study: study.roles.controls, ("roads",)),
    ],
)
def test_a_value_is_put_over_the_one_of_the_file(load, good, override, read, value):
    study = load(good, override).study
    assert read(study) == value
    assert study != load(good).study


def test_later_overrides_win_and_the_rest_stays(load, good):
    plain, changed = load(good), load(good, "seed=7", "seed=8")
    assert changed.study == plain.study.model_copy(update={"seed": 8})
    assert changed.document.text == plain.document.text
    assert changed.document.sha256 == plain.document.sha256
    assert changed.document.data == {**plain.document.data, "seed": 8}


def test_a_list_that_the_file_does_not_have_is_made(load, good):
    shorter = good.replace("report: {formats: [html]}\n", "")
    assert load(shorter, "report.formats=[latex]").study.report.formats == ("latex",)


def test_a_wrong_override_is_named_as_it_was_given(load, good, told_of):
    found = {}
    for override in told_of("overrides"):
        with pytest.raises(SpecError) as caught:
            load(good, override)
        found[override] = str(caught.value)
    assert found == told_of("overrides")


def test_all_wrong_overrides_are_reported(load, good):
    with pytest.raises(SpecError) as caught:
        load(good, "x", "seed=5", "y", "estimators.z=5")
    assert [problem.where for problem in caught.value.problems] == [
        "--set x",
        "--set y",
        "--set estimators.z=5: estimators",
    ]
