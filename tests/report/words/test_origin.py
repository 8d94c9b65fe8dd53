"""Where the gain comes from, in words, against the table."""

import pytest

from harness.report.reading.decomposition import decompositions
from harness.report.reading.run import read_run
from harness.report.words.origin import origin
from report.fake_comparison import RANDOM_ROWS, parts_of
from report.fake_run import GAINS

NB = "\u00a0"


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_the_parts_add_up(run):
    for one in decompositions(run.decomposition, "lwage"):
        assert sum(part.estimate for part in one.parts) == pytest.approx(one.total.estimate)
        assert one.total.estimate == GAINS[one.estimator]["in_sample"]


def test_the_sentences_have_the_numbers_of_the_table(run):
    study = run.manifest.study
    ann = [one for one in study.estimators if one.id == "ann"]
    # 0.447 - 0.312 = 0.135; 0.312 - 0.121 = 0.191; 0.121 + 0.143 = 0.264
    assert parts_of(GAINS["ann"], RANDOM_ROWS["ann"])["recognising entities and periods"] == pytest.approx(
        0.264
    )
    assert origin(study, decompositions(run.decomposition, "lwage"), ann) == (
        f"SOM + ANN gains 44.7% [39.7,{NB}49.7] over Pooled OLS in sample. Of these 44.7 percentage points, "
        f"−14.3 [−19.3,{NB}−9.3] are what is left for entities never seen (functional form), "
        f"26.4 [21.4,{NB}31.4] come from recognising entities and periods, "
        f"19.1 [14.1,{NB}24.1] from selecting models on the test rows and "
        f"13.5 [8.5,{NB}18.5] from comparing on the rows that were trained on.",
        "For no estimator is what functional form brings established to be above zero.",
        "It is below zero for SOM + ANN and Boosting: entities never seen are predicted worse.",
    )


def test_nothing_is_said_where_nothing_was_taken_apart(run):
    assert origin(run.manifest.study, (), run.manifest.study.estimators) == ()
