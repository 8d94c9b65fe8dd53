"""A run of a suite beside a reference: what differs, what is new, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.errors import ArtifactError
from harness.suite.compare import compare_gains, read_gains


@pytest.fixture(scope="module")
def gains(small_suite):
    return small_suite[0].read_table("suite_gain")


def test_an_error_that_moved_is_named(gains):
    moved = gains.copy()
    where = (moved["study"] == "curved-2") & (moved["estimator"] == "splines")
    moved.loc[where & (moved["protocol"] == "forward"), "nmse"] *= 1.01
    found = compare_gains(moved, gains, rtol=1e-3)
    assert found.differing[["study", "protocol", "estimator"]].to_numpy().tolist() == [
        ["curved-2", "forward", "splines"]
    ]
    assert compare_gains(moved, gains, rtol=0.02).differing.empty


def test_an_estimator_of_the_run_alone_is_set_beside_the_others(gains):
    without = gains[gains["estimator"] != "splines"]
    found = compare_gains(gains, without, rtol=0.0)
    assert {one.estimator for one in found.standings} == {"splines"}
    (over,) = [
        one for one in found.standings if (one.against, one.protocol) == ("two_way", "held_out_entities")
    ]
    errors = gains[gains["protocol"] == "held_out_entities"].drop_duplicates(["study", "estimator"])
    wide = errors.pivot(index="study", columns="estimator", values="nmse")
    ratios = np.log(wide["splines"] / wide["two_way"])
    assert over.log_error_ratio == pytest.approx(ratios.mean())
    assert (over.n_less, over.n_panels) == ((ratios < 0).sum(), 8)


@pytest.mark.parametrize("name", ["suite", "edition", "form"])
def test_other_suites_editions_and_forms_are_not_compared(gains, name):
    with pytest.raises(ArtifactError, match=f"the run has the {name}"):
        compare_gains(gains, gains.assign(**{name: "other"}), rtol=0.0)


def test_the_command_ends_with_one_where_errors_differ(small_suite, gains, tmp_path):
    file = tmp_path / "reference.csv"
    gains.assign(nmse=gains["nmse"] * 1.5).to_csv(file, index=False)
    done = CliRunner().invoke(cli, ["suite", "compare", str(small_suite[0].path), str(file)])
    assert done.exit_code == 1
    assert "62 errors of both; 62 of them differ" in done.output
    same = CliRunner().invoke(cli, ["suite", "compare", *[str(small_suite[0].path)] * 2])
    assert (same.exit_code, same.output) == (0, "62 errors of both; none of them differ\n")


def test_what_is_no_suite_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="is not there"):
        read_gains(tmp_path)
