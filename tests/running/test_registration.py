"""A run is compared with what was registered before it, and its first screen says what differs."""

import json

import pytest

import harness
from harness.running.options import REGISTERED, RunOptions
from harness.running.registration import read_registration
from harness.text.screen import first_screen
from small_run import LEAST, exit_code, few_rows

SPEC = """\
spec_version: 1
study: firms
data: {path: firms.csv}
roles: {entity: firm, time: year, outcomes: invest, exposure: value, controls: capital}
estimators: [pooled_ols, {id: within, use: fixed_effects, effects: [entity]}]
evaluation: {protocols: [in_sample]}
report: {formats: []}
"""


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """The folder of a spec that was registered; of the outcome no value is known yet."""
    folder = tmp_path_factory.mktemp("registered")
    (folder / "firms.yaml").write_text(SPEC, encoding="utf-8")
    few_rows().assign(invest=range(24)).to_csv(folder / "firms.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert exit_code(patch, "register", "firms.yaml") == 0
        assert exit_code(patch, "register", "firms.yaml") == 5  # an earlier one is never replaced
    few_rows().to_csv(folder / "firms.csv")
    return folder


def screen_of(folder, **options):
    result = harness.run(folder / "firms.yaml", out=folder / "run", progress=False, **options)
    (row,) = (row for row in first_screen(result._run).cautions if row.finding == "registration")
    return row, result.table("registration")


def test_outcomes_that_came_later_leave_a_study_as_it_was_registered(registered, capsys):
    row, table = screen_of(registered)
    day, time = read_registration(registered / f"firms{REGISTERED}").registered.split("T")
    assert row.text == f"What ran is what was registered on {day} {time[:5]} UTC."
    assert row.screen == "caution"
    assert table["part"].tolist() == ["registered"]
    harness.open_run(registered / "run").summary()
    assert capsys.readouterr().out.startswith(row.text)


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        (["title=Firms", "estimators.within.effects=[entity, time]"], ["estimators[within].effects"]),
        (["roles.controls=[]", "seed=5"], ["roles.controls", "seed", "--quick", "data columns"]),
    ],
)
def test_what_differs_is_listed(registered, overrides, parts):
    row, table = screen_of(registered, overrides=overrides, quick="seed=5" in overrides)
    assert table["part"].tolist() == ["registered", *parts]
    assert json.loads(row.params)["parts"] == parts[:3]
    assert row.text.startswith({1: "1 part differs", 4: "4 parts differ"}[len(parts)])
    assert row.text.endswith(f": {', '.join(parts)}." if len(parts) < 4 else f": {', '.join(parts[:3])}, ….")


def test_rows_and_versions_count(registered):
    one = read_registration(registered / f"firms{REGISTERED}")
    assert RunOptions(registered / "firms.yaml").registration == registered / f"firms{REGISTERED}"
    options = {
        "out": registered / "other",
        "registered": registered / f"firms{REGISTERED}",
        "progress": False,
    }
    other = harness.run(LEAST, data=few_rows().iloc[:18], **options).table("registration")
    assert {"study", "estimators[within].use", "data rows", "data keys of rows"} <= set(other["part"])
    changed = {**one.versions, "panel-harness": "9", "numpy": "9"}
    assert list(one.differences(type(one)(**{**vars(one), "versions": changed}))) == [
        ("version of panel-harness", one.versions["panel-harness"], "9")
    ]
    with pytest.raises(harness.ArtifactError, match="is no file"):
        read_registration(registered / "none.registration.json")


def test_a_registry_gets_the_same_in_words(registered):
    from docx import Document

    text = (registered / "firms.registration.md").read_text(encoding="utf-8")
    assert "- Outcomes: invest\n- Exposure: value\n" in text
    assert "- `within`: fixed_effects\n" in text
    assert "| rows | 24 |" in text
    assert SPEC in text
    words = Document(str(registered / "firms.registration.docx"))
    assert words.paragraphs[0].text == "Registration: Firms"
