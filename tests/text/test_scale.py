"""Effects in units that occur: steps of the exposure, shares of the mean, logarithms, with and without."""

from dataclasses import replace

import pytest

from findings.wage_effects import debiased
from harness.findings.run import read_run
from harness.findings.sentence import Estimate
from harness.record.manifest import ScaleRecord
from harness.text.render import Context
from harness.text.scale import scaled
from report.fake_run import wage_run, with_study

WAGE, EXPERIENCE = ScaleRecord(mean=4.0), ScaleRecord(step=0.5)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("scale") / "run"))


def text(run, *, wage=WAGE, exposure=EXPERIENCE, **change):
    """Return what is said of a slope of 0.2 (0.1 to 0.3), or another effect."""
    known = {"lwage": wage, "exper": exposure, "educ": ScaleRecord(step=2.0, step_of="all")}
    return debiased(with_study(run, scales=known), change)[0].text


def test_a_slope_is_stated_by_a_standard_deviation_within_entities_and_in_per_cent_of_the_mean(run):
    """0.2 x 0.5 is 0.1, which is 2.5% of 4; limits and least sizes are multiplied as the slope is."""
    assert text(run).startswith(
        "One standard deviation more of Experience (0.5 years within men) raises Log wage by 0.10 log "
        "dollars an hour, 2.5% of the mean (95% CI 0.05 to 0.15; "
    )
    wide = {"estimate": 0.1, "conf_low": -0.1, "conf_high": 0.3, "p_value": 0.3, "std_error": 0.1}
    open_one = text(run, **wide)
    assert (
        "changes Log wage by 0.05 log dollars an hour, 1.2% of the mean (95% CI −0.05 to 0.15; " in open_one
    )
    assert open_one.endswith(" An effect of 0.14 log dollars an hour had an 80% chance of being found.")


@pytest.mark.parametrize(
    ("exposure", "start"),
    [
        (
            ScaleRecord(step=2.0, step_of="spec"),
            "2 years more of Experience raises Log wage by 0.40 log dollars",
        ),
        (ScaleRecord(step=2.0, step_of="all"), "One standard deviation more of Experience (2 years) raises "),
        (
            ScaleRecord(),
            "One unit more of Experience raises Log wage by 0.20 log dollars an hour, 5% of the mean (",
        ),
        (
            ScaleRecord("log", source="hours"),
            "1% more of hours raises Log wage by 0.0020 log dollars an hour",
        ),
    ],
)
def test_the_step_is_the_spec_s_or_what_is_known_of_the_exposure(run, exposure, start):
    assert text(run, exposure=exposure).startswith(start)


def test_an_exposure_that_is_there_or_not_compares_with_and_without(run):
    there = ScaleRecord("binary")
    assert text(run, exposure=there).startswith(
        "With Experience, Log wage is 0.20 log dollars an hour (5% of the mean) higher than without (95% CI "
    )
    assert text(run, exposure=there, conf_low=-0.3).startswith(
        "With Experience, Log wage differs by 0.20 log dollars an hour (5% of the mean) from that without ("
    )


def test_of_a_logarithm_effects_are_in_per_cent_of_what_it_is_of(run):
    """exp(0.2) - 1 is 22.1%, exp(0.1) - 1 10.5%, exp(0.3) - 1 35.0%; of two logs it is an elasticity."""
    wage = ScaleRecord("log", source="wage")
    assert "raises wage by 22% (95% CI 11 to 35; " in text(run, wage=wage, exposure=ScaleRecord(step=1.0))
    falling = {"estimate": -0.2, "conf_low": -0.3, "conf_high": -0.1}
    assert "lowers wage by 18% (95% CI 10 to 26; " in text(run, wage=wage, exposure=ScaleRecord(), **falling)
    known = {"lwage": wage, "exper": ScaleRecord("log", source="sales")}
    study = with_study(run, scales=known).manifest.study
    assert scaled(study, 0.5, ["exper"], "lwage") == pytest.approx(100 * (1.01**0.5 - 1), rel=1e-12)


def test_an_interaction_is_of_a_step_of_each(run):
    assert text(run, form="interaction", moderator="educ").startswith(
        "One standard deviation more of Schooling (2 years) raises the effect of one standard deviation more "
        "of Experience (0.5 years within men) on Log wage by 0.20 log dollars an hour (95% CI 0.10 to 0.30; "
    )


def test_a_contrast_is_no_slope_and_another_method_s_slope_has_the_same_step(run):
    assert text(run, form="contrast", at=3.0).startswith(
        "Experience at 3 rather than at its least value raises Log wage by 0.20 log dollars an hour, 5% of "
    )


def test_a_number_next_to_a_model_has_the_step_that_it_is_of(run):
    scales = {"exper": ScaleRecord(step=0.5)}
    study = with_study(run, scales=scales).manifest.study
    shown = Context(study, "lwage").effect(Estimate(0.2, 0.1, 0.3), "exper")
    assert shown == "0.10 [0.05,\u00a00.15] log dollars an hour per 0.5 years"
    there = replace(study, scales={"exper": ScaleRecord("binary")})
    assert Context(there, "lwage").effect(Estimate(0.2, 0.1, 0.3), "exper").endswith("] log dollars an hour")
