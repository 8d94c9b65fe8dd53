"""Every sentence of a calibration is a row, with the shares and the decision of the row that it is of."""

import json

import pytest

from calibration.test_page import NB, found
from harness.calibration.findings import TEXTS, calibration_findings, decide_share, nominal_share
from harness.tables.decision import ABOVE, BELOW, OPEN, UNTESTED
from harness.tables.table import NAN
from harness.text.render import with_text


def sentences(calibration):
    study = calibration.manifest.study
    return {row.finding: with_text(row, study, TEXTS) for row in calibration_findings(calibration)}


def test_the_sentences_have_the_shares():
    rows = sentences(found())
    assert f"was significant for SOM + ANN in 4.0% [0.5,{NB}13.7] of panels" in rows["turning_point"].text
    assert rows["turning_point"].text.startswith("A turning point where none exists")
    # exact limits of 1 in 50 by R: binom.test(1, 50)$conf.int is 0.0005062 to 0.1064696
    assert f"SOM + ANN in 2.0% [0.1,{NB}10.6] of panels" in rows["gain"].text
    hidden = rows["gain_new_entities"]
    assert f"SOM + ANN under “Held-out entities” (12.0% [4.5,{NB}24.3] of panels)" in hidden.text
    assert "the nominal rate is at most 2.5%" in hidden.text
    assert (hidden.decision, hidden.is_established, hidden.estimate) == (ABOVE, True, 0.12)
    known = rows["gain_known_entities"]
    assert "most often for Fixed effects under “As published (random rows)” (100.0%" in known.text
    assert known.decision == UNTESTED
    missed = rows["slope inside the simultaneous band everywhere"].text
    assert f"SOM + ANN in 20.0% [10.0,{NB}33.7] of panels; the nominal rate is 5%." in missed
    assert rows["level inside the pointwise band"].text.endswith("bands: SOM + ANN 92.0%.")
    other = sentences(found(0.25))["slope inside the simultaneous band everywhere"].text
    assert other.startswith("An effect other than the true one was found")


def test_every_row_has_a_key_and_typed_parameters():
    rows = list(calibration_findings(found(0.0, 0.25)))
    assert len({row.key for row in rows}) == len(rows) == 12
    assert {row.about for row in rows} == {"0", "0.25"}
    (missed, _) = (row for row in rows if row.code == "slope_missed")
    (share,) = json.loads(missed.params)["shares"]
    assert share["share"] == pytest.approx([0.2, 0.1003, 0.3372], abs=1e-4)


def test_a_share_is_decided_by_its_limits_against_what_is_promised():
    study = found().manifest.study
    assert nominal_share(study, "gain established", "held_out_entities") == pytest.approx(0.025)
    assert nominal_share(study, "slope inside the pointwise band", "curve") == study.level
    assert decide_share(0.12, 0.045, 0.243, 0.025) == ABOVE
    assert decide_share(0.8, 0.663, 0.9, 0.95) == BELOW
    assert decide_share(0.04, 0.005, 0.137, 0.025) == OPEN
    unpromised = nominal_share(study, "gain established", "as_published")
    assert decide_share(1.0, 0.93, 1.0, unpromised) == UNTESTED
    assert unpromised != unpromised
    assert nominal_share(study, "loss established", "held_out_entities") is NAN
