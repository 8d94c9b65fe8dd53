"""Options that a script gives: read as those of a spec, and refused where they are given."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness import SpecError
from harness.plugin import checks_options
from harness_panel import Clustered, FixedEffects, PooledOLS, Robust
from harness_rab.rab import Rab


def test_mappings_and_lists_are_what_a_spec_makes_of_them():
    clustered = {"use": "clustered", "by": ["province"], "correction": "plm"}
    estimator = FixedEffects(["entity", "time"], clustered)
    assert estimator == FixedEffects(("entity", "time"), Clustered(("province",), "plm"))
    assert replace(estimator, covariance={"use": "clustered"}).covariance == Clustered()
    assert Rab(base="pooled_ols", draws=20).base == PooledOLS()


def test_what_json_does_not_have_stays_as_it_is():
    @checks_options
    @dataclass(frozen=True)
    class Reads:
        path: Path
        n: int = 1

    assert Reads(Path("a"), n=2).path == Path("a")
    with pytest.raises(SpecError, match=r"Reads.n: found '2'"):
        Reads(Path("a"), n="2")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effects": ["entitty"]}, r"FixedEffects.effects\[0\]: found 'entitty'(?s:.*)did you mean 'entity'"),
        ({"effect": ["entity"]}, r"no option 'effect'(?s:.*)did you mean 'effects'"),
        ({"effects": "entity"}, "expected: a list"),
        ({"covariance": {"use": "clusterd"}}, "did you mean 'clustered'"),
        ({"covariance": {"use": "clustered", "bye": ["time"]}}, r"clustered\.bye: there is no such option"),
        ({"covariance": {"use": "clustered", "correction": "stat"}}, "did you mean 'stata'"),
        ({"event_window": 1}, "found 1(?s:.*)greater than or equal to 2"),
    ],
)
def test_a_mistake_is_refused_where_it_is_made_with_what_is_allowed(options, words):
    with pytest.raises(SpecError, match=words):
        FixedEffects(**options)


def test_an_object_of_errors_is_checked_too():
    with pytest.raises(ValueError, match="correction: stata, plm, linearmodels, none; found 'stat'"):
        Clustered(correction="stat")
    with pytest.raises(SpecError, match="did you mean 'HC1'"):
        Robust("HC11")
