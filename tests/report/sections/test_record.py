"""The model info sheet of a run: seventeen fields, those on leakage by what its protocols know."""

from dataclasses import replace

from harness.evaluation.protocol import SAME_ENTITY, TEST_SELECTION
from harness.report.sections.record import info_sheet


def test_a_sheet_has_seventeen_fields_that_say_what_protocols_leak(run):
    study = run.manifest.study
    sheet = dict(info_sheet(run))
    assert len(sheet) == 17
    assert sheet["Predicted"] == study.label(study.outcomes[0])
    apart = sheet["Test rows kept out of fitting and selection (L1.1, L1.3)"].split("; ")
    assert apart == [
        f"{one.title}: {'yes' if one.keeps_test_rows_apart else 'no'}" for one in study.protocols
    ]
    later = sheet["Periods later than those of training alone (L3.1)"]
    assert {one.title for one in study.protocols if one.tested_periods == "later" and one.title in later} == {
        one.title for one in study.protocols if one.tested_periods == "later"
    }


def test_what_leaks_is_named_with_its_protocol_and_what_a_run_cannot_know_is_left_to_authors(run):
    first, *_ = run.manifest.study.protocols
    leaking = replace(first, title="Leaking", leaks=(SAME_ENTITY, TEST_SELECTION))
    study = replace(run.manifest.study, protocols=(leaking,), description="")
    sheet = dict(info_sheet(replace(run, manifest=replace(run.manifest, study=study), _kept={})))
    assert sheet["Test rows kept out of fitting and selection (L1.1, L1.3)"] == "Leaking: no"
    assert sheet["Entities that training rows do not have (L3.2)"] == "under no protocol"
    assert "models are selected on the test rows" in sheet["Selection of the test rows (L3.3)"]
    assert [name for name, text in sheet.items() if text.endswith("for the authors to say")] == [
        *("Authors", "Claim", "Population", "Features, and why they are legitimate (L2)")
    ]
