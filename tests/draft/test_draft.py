"""A first spec for a table: keys and roles are seen, the rest is asked for, and what is written runs."""

import csv
import errno
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr

import harness
from command import invoked, printed
from harness.cli import cli
from harness.data.build import PanelBuilder
from harness.data.data_spec import FileSpec
from harness.data.read.source import Source
from harness.data.read.text import TEXT
from harness.draft.columns import columns_of, doubtful_keys, likely_keys
from harness.draft.draft import Answers, draft_of
from harness.draft.found_data import find_frame, sniff
from harness.draft.spec_text import summary
from harness.errors import MachineError
from harness.installed import installed
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study
from spec_tables import table_of

ASKED = Answers(outcome="income", exposure="schooling")


def table(n_entities=6, n_periods=5):
    rng = np.random.default_rng(3)
    keys = pd.MultiIndex.from_product(
        [[f"town {at}" for at in range(n_entities)], range(2001, 2001 + n_periods)]
    )
    frame = pd.DataFrame(rng.normal(size=(len(keys), 3)), columns=["income", "schooling", "rainfall"])
    frame.insert(0, "town", keys.get_level_values(0))
    frame.insert(1, "year", keys.get_level_values(1))
    return frame


def test_keys_are_seen_whatever_their_order_and_the_order_of_rows():
    frame = table().sample(frac=1, random_state=1)[["rainfall", "year", "income", "town", "schooling"]]
    draft = draft_of(frame, ASKED, origin="towns.csv")
    assert (draft.entity, draft.time) == ("town", "year")
    assert draft.controls == ("rainfall",)


@pytest.mark.parametrize(
    ("spell", "year"),
    [("年份", str), ("wave", lambda year: year - 2000), ("when", lambda year: f"{year}Q3")],
    ids=["Chinese", "wave", "quarters"],
)
def test_periods_are_seen_as_names_years_quarters_and_waves(spell, year):
    frame = table()
    frame[spell] = [int(year(at)) if spell == "年份" else year(at) for at in frame.pop("year")]
    assert draft_of(frame, ASKED, origin="towns.csv").time == spell


COMMAND_CODES, DATES = (
    [f"{at:06d}" for at in range(2001, 2021)],
    [f"{year}-12-31" for year in range(2003, 2011)],
)
MONTHS = [f"{year}{month:02d}" for year in (2003, 2004) for month in (3, 6, 9, 12)]


@pytest.mark.parametrize(
    "codes", [COMMAND_CODES, [int(code) for code in COMMAND_CODES]], ids=["texts", "numbers"]
)
@pytest.mark.parametrize(
    ("periods", "is_clear"),
    [(DATES, True), (MONTHS, False), ([int(date[:4]) for date in DATES], False)],
    ids=["dates", "months", "years"],
)
def test_codes_are_entities_and_dates_are_periods_whatever_they_are_called(codes, periods, is_clear):
    keys = pd.MultiIndex.from_product([codes, periods], names=["a", "b"])
    columns = columns_of(pd.DataFrame({"y": 0.5}, index=keys).reset_index()).values()
    assert likely_keys(columns)[0] == ("a", "b")
    assert doubtful_keys(columns) == ([] if is_clear or codes is COMMAND_CODES else [("b", "a")])


def typed(monkeypatch, tmp_path, frame, *answers):
    """Return how `init` ends with these answers on a terminal."""
    monkeypatch.setattr("harness.commands.init._is_terminal", lambda: True)
    frame.to_csv(tmp_path / "towns.csv", index=False)
    text = "".join(f"{answer}\n" for answer in answers)
    return CliRunner().invoke(cli, ["init", str(tmp_path / "towns.csv")], input=text)


def test_a_wrong_answer_shows_the_list_and_a_question_is_asked_three_times(monkeypatch, tmp_path):
    done = typed(monkeypatch, tmp_path, table(), "incme", "income", "no", "income", "rain", "more")
    assert done.output.count("'incme' is none of: income, schooling, rainfall") == 1
    assert done.output.count("Which column is the exposure") == 3
    assert isinstance(done.exception, harness.DataError)
    assert (
        done.exception.problems[0].what
        == "'rain' does not answer: Which column is the exposure (key regressor)?"
    )
    assert not (tmp_path / "towns.yaml").exists()


def test_keys_in_doubt_and_the_order_of_levels_are_asked(monkeypatch, tmp_path):
    frame = table(12, 4).assign(town=lambda rows: rows["town"].str[5:].astype(int) + 2001)
    frame = frame.rename(columns={"town": "a", "year": "b"})
    frame["schooling"] = [["none", "some", "all"][at % 3] for at in range(len(frame))]
    done = typed(monkeypatch, tmp_path, frame, "b", "income", "schooling", "much", "none, some")
    assert done.exit_code == 0, done.output
    assert "'much' is none of: all, none, some" in done.output
    spec = (tmp_path / "towns.yaml").read_text(encoding="utf-8")
    assert "entity: b\n  time: a\n" in spec
    assert "levels: [none, some, all]" in spec
    assert "{use: effect, primary: true, forms: [contrast], folds: 2}" in spec


def test_a_full_disk_leaves_no_half_of_a_spec_and_a_second_init_works(monkeypatch, tmp_path):
    table().to_csv(tmp_path / "towns.csv", index=False)
    words = ["init", str(tmp_path / "towns.csv"), "--outcome", "income", "--exposure", "schooling"]

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(MachineError):
            invoked(*words)
    assert [path.name for path in tmp_path.iterdir()] == ["towns.csv"]
    printed(*words)


def test_columns_without_a_part_are_left_out_with_the_reason():
    frame = table()
    frame["region"] = np.where(frame["town"] < "town 3", "north", "south")
    frame["inflation"] = frame["year"] * 0.1
    frame["currency"] = 1
    frame["nothing"] = np.nan
    frame["country"] = "one"
    frame["row"] = range(100, 100 + len(frame))
    frame["rare"] = np.where(np.arange(len(frame)) % 4, np.nan, frame["rainfall"])
    draft = draft_of(frame, ASKED, origin="towns.csv")
    assert (draft.controls, draft.group) == (("rainfall",), "region")
    reasons = {name: reason.split(":")[0] for name, reason in draft.left_out.items()}
    assert reasons == {
        "inflation": "the same for all entities in a period",
        "currency": "one value throughout",
        "nothing": "no cell holds anything",
        "country": "one value throughout",
        "row": "it numbers the rows",
        "rare": "22 of 30 cells are missing",
    }


def test_controls_that_lose_a_fifth_of_the_rows_together_are_left_out_those_with_most_missing_first(tmp_path):
    frame = table(50, 6)
    rng = np.random.default_rng(5)
    frame.loc[290:, "schooling"] = np.nan
    stretches = {"a": [(0, 25), (290, 300)], "b": [(25, 52)], "c": [(52, 75)], "d": [(60, 85)], "e": []}
    for name, missing in stretches.items():
        frame[name] = rng.normal(size=300)
        for start, stop in missing:
            frame.loc[range(start, stop), name] = np.nan
    draft = draft_of(frame, ASKED, origin="towns.csv")
    # Of 290 rows, 0 to 84 lack a control: without b 58, a fifth; a and d lack 25 each.
    head = "of the 290 rows that have outcome and exposure; with it the controls lose"
    assert draft.left_out == {
        "b": f"it is missing in 27 {head} 85 of them, without it 58",
        "d": f"it is missing in 25 {head} 58 of them, without it 48",
    }
    assert draft.controls == ("rainfall", "a", "c", "e")
    frame.to_csv(tmp_path / "towns.csv", index=False)
    words = ["--outcome", "income", "--exposure", "schooling", "--language", "zh"]
    text = printed("init", tmp_path / "towns.csv", *words)
    spec = (tmp_path / "towns.yaml").read_text(encoding="utf-8")
    reason = (
        "在被解释变量与核心解释变量俱全的 290 行中，它有 27 行缺失；"
        "保留它时控制变量共使 85 行被排除，去掉它为 58 行"
    )
    assert f"# 未用：b（{reason}）" in spec
    assert reason in text
    assert load_study(WrittenSpec(spec), catalogs=installed().catalogs).study.roles.controls == draft.controls


def test_an_exposure_of_few_texts_is_asked_for_contrasts_and_others_are_refused(tmp_path):
    frame, spec = table(12, 4), tmp_path / "towns.yaml"
    frame["schooling"] = [["none", "some", "all"][at % 3] for at in range(len(frame))]
    frame.to_csv(tmp_path / "towns.csv", index=False)
    printed("init", tmp_path / "towns.csv", "--outcome", "income", "--exposure", "schooling", "--out", spec)
    printed("validate", spec)
    assert "scenarios:\n  - {use: contrast}" in spec.read_text(encoding="utf-8")
    with pytest.raises(harness.DataError, match="'town' cannot be the exposure"):
        draft_of(frame, Answers(outcome="income", exposure="town"), origin="towns.csv")


def test_codes_of_sas_without_their_catalog_are_told():
    found = find_frame(table(), ASKED, name="towns")
    draft, file = draft_of(found.table.frame, found.answers, origin="towns"), {"path": "towns.sas7bdat"}
    told = [summary(draft, replace(found, said=file | more)) for more in ({}, {"catalog": "a.sas7bcat"})]
    assert ["its codes stay numbers" in one for one in told] == [True, False]


def test_columns_that_hold_the_outcome_are_left_out():
    frame = table(12, 5)
    rng = np.random.default_rng(4)
    frame["people"] = np.exp(rng.normal(size=60))
    frame["in_all"] = 1000.0 * frame["income"] * frame["people"]
    frame["index"] = 100.0 + 3.0 * frame["income"]
    frame["census"] = frame["income"] + 0.05 * frame["income"].std() * rng.normal(size=60)
    frame["wages"] = frame["income"] + 0.3 * frame["income"].std() * rng.normal(size=60)
    frame.loc[7, "people"] = np.nan
    draft = draft_of(frame, ASKED, origin="towns.csv")
    assert draft.controls == ("rainfall", "people", "wages")
    rows = frame.drop(index=7)
    size = spearmanr(rows["census"], rows["income"]).statistic
    assert draft.left_out == {
        "census": f"it may be another measure of the outcome: the correlation of their ranks is {size:.3f}",
        "in_all": "the outcome is in_all / people, up to constants",
        "index": "the outcome is a function of it, or nearly so",
    }


def test_of_two_that_make_the_outcome_the_one_that_is_named_as_it_is_left_out():
    frame = table(12, 5).rename(columns={"income": "income_pc"})
    rng = np.random.default_rng(4)
    frame["hours"] = frame["income_pc"] * np.exp(0.5 * rng.normal(size=60))
    frame["income_per_hour"] = frame["income_pc"] / frame["hours"]
    draft = draft_of(frame, replace(ASKED, outcome="income_pc"), origin="towns.csv")
    formula = "hours × income_per_hour"
    assert draft.left_out == {"income_per_hour": f"the outcome is {formula}, up to constants"}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (Answers(exposure="schooling"), "which column is the outcome cannot be seen"),
        (Answers(outcome="incom", exposure="schooling"), "did you mean 'income'"),
        (Answers(outcome="year", exposure="income"), "'year' cannot be the outcome: it is a key, the"),
        (Answers("town", "town", "income", "schooling"), "do not name each row once"),
    ],
)
def test_what_cannot_be_seen_is_said_with_the_columns_there_are(answers, message):
    with pytest.raises(harness.DataError, match=message):
        draft_of(table(), answers, origin="towns.csv")


def test_outcome_and_exposure_are_asked_for_together():
    with pytest.raises(harness.DataError) as caught:
        draft_of(table(), Answers(), origin="towns.csv")
    assert [str(problem.hint) for problem in caught.value.problems] == [
        "say --outcome COLUMN",
        "say --exposure COLUMN",
    ]


def test_year_and_quarter_in_two_columns_are_to_be_joined():
    quarters = table(n_periods=8).assign(year=lambda frame: 2001 + (frame["year"] - 2001) // 4)
    quarters["quarter"] = quarters.groupby(["town", "year"]).cumcount() + 1
    with pytest.raises(harness.DataError, match="year, quarter name the periods together: join them"):
        draft_of(quarters, ASKED, origin="towns.csv")
    written = quarters.pop("year").astype(str) + "Q" + quarters.pop("quarter").astype(str)
    joined = quarters.assign(year=written)
    assert draft_of(joined, ASKED, origin="towns.csv").time == "year"


def test_the_command_writes_a_spec_that_is_valid_with_its_data_and_never_replaces_one(tmp_path):
    table().to_csv(tmp_path / "my towns.csv", index=False)
    words = ["init", str(tmp_path / "my towns.csv"), "--outcome", "income", "--exposure", "schooling"]
    text, spec = printed(*words), tmp_path / "my towns.yaml"
    assert "study: my-towns" in spec.read_text()
    assert "rainfall: {label: rainfall}" in spec.read_text()
    assert "entity: 'town' (6 values, town 0 to town 5); else say --entity COLUMN" in text
    assert "30 rows of 6 entities in 5 periods" in printed("validate", spec)
    with pytest.raises(harness.ArtifactError, match="exists already"):
        invoked(*words)


def test_a_column_name_with_signs_of_yaml_stays_a_name(tmp_path):
    name = 'rain: [mm] # of "June"\'s'
    frame = table().rename(columns={"rainfall": name})
    text = harness.init(frame, outcome="income", exposure="schooling")
    study = load_study(WrittenSpec(text), catalogs=installed().catalogs).study
    assert study.roles.controls == (name,)


def test_cells_that_keep_a_column_of_numbers_from_being_one_are_named():
    frame = table().astype({"income": str, "rainfall": str})
    frame.index.name = "line"
    frame.loc[[4, 9], "rainfall"] = ["inf", "n.b."]
    read = frame.assign(income=table()["income"].to_numpy())
    left_out = draft_of(read, ASKED, origin="towns.csv").left_out
    odd = "2 of 30 cells are not numbers: 'inf', 'n.b.'"
    assert left_out["rainfall"] == f"{odd}; correct them, or put them into missing_values"
    infinite = draft_of(read.assign(rainfall=[np.inf, *range(29)]), ASKED, origin="towns.parquet").left_out
    assert infinite["rainfall"].startswith("1 of 30 cells are not numbers: 'inf'")
    frame.loc[7, "income"] = "-inf"
    with pytest.raises(harness.DataError, match="1 of 30 cells are not numbers: '-inf'") as caught:
        draft_of(frame, ASKED, origin="towns.csv")
    assert caught.value.where == "towns.csv: outcome: column 'income', line 7 (town 1, 2003)"


@pytest.mark.parametrize(
    ("name", "write", "answers", "what"),
    [
        ("year", lambda year: f"{year}p", ASKED, "30 of 30 cells are no periods: '2001p', '2002p'"),
        pytest.param(
            "when",
            lambda year: "abcde"[year - 2001],
            Answers(None, "when", "income", "schooling"),
            "30 of 30 cells are no periods: 'a', 'b'",
            id="said-alone",
        ),
    ],
)
def test_a_time_that_is_no_period_is_refused_with_its_cells(name, write, answers, what):
    frame = table()
    frame[name] = [write(year) for year in frame.pop("year")]
    with pytest.raises(harness.DataError) as caught:
        draft_of(frame, answers, origin="towns.csv")
    assert f"column '{name}', row" in caught.value.where
    assert caught.value.what.startswith(what)
    assert "fiscal years 2010-11" in caught.value.expected


def test_entities_of_merged_cells_are_named_with_their_rows():
    frame = table()
    frame.loc[frame["year"] > 2001, "town"] = None
    frame = frame.rename(columns={"town": "city"})
    with pytest.raises(harness.DataError) as caught:
        draft_of(frame, ASKED, origin="towns.xlsx")
    assert caught.value.where.startswith("towns.xlsx: column 'city', rows 1 (nan, 2002), 2 (nan, 2003)")
    assert caught.value.what.startswith("24 of ")
    assert caught.value.hint.startswith("fill the cells in, as where one cell stands for several rows;")


# Files as databases give them to those who download, what each calls the columns of the panel that all hold,
# and in what its form is like none of the others.
FOLDER = Path(__file__).parent / "downloads"
with (FOLDER / "index.csv").open(encoding="utf-8") as index:
    DOWNLOADS = {row["file"]: (row["co2"], row["gdp"], row["share"]) for row in csv.DictReader(index)}
PLACES = {"Austria": "AUT", "Belgium": "BEL", "Denmark": "DNK", "Finland": "FIN", "Greece": "GRC"}
# What else the files call the places.
CODES = {f"{name}, Rep.": code for name, code in PLACES.items()} | PLACES
CODES |= {f"{at:06d}": code for at, code in enumerate(PLACES.values(), start=1)}


def draft(path, outcome, exposure):
    """Return the study that `harness init` drafts of a file."""
    spec = path.with_suffix(".yaml")
    words = ["init", path, "--outcome", outcome, "--exposure", exposure, "--out", spec]
    printed("-p", "no:harness_neural", *words)
    return load_study(spec, catalogs=installed().catalogs).study


def frame_of(study, folder, names):
    """Return the rows that the study's estimators get, with the short names of columns and places."""
    roles = study.roles
    assert {roles.outcomes[0], roles.exposure, *roles.controls} == {*names}
    table = table_of(study.data, folder, entity=roles.entity, time=roles.time)
    frame = PanelBuilder.build(table, study.data, roles).frame()
    short = dict(zip(names, ("co2", "gdp", "share"), strict=True)) | {
        roles.entity: "place",
        roles.time: "year",
    }
    frame = frame.rename(columns=short).replace({"place": CODES})
    return frame.astype({"year": int}).sort_values(["place", "year"], ignore_index=True)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_download_is_the_panel_of_its_clean_twin(tmp_path, name):
    shutil.copy(FOLDER / name, tmp_path)
    names = DOWNLOADS[name]
    found = frame_of(draft(tmp_path / name, *names[:2]), tmp_path, names)
    twin = pd.read_csv(FOLDER / "twin.csv").dropna().reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(twin)], twin, check_exact=True, check_dtype=False)


@pytest.mark.parametrize(
    ("marks", "flags"),
    [(("p", "", ""), ("p",)), (("p", "p", ""), ()), (("k", "", ""), ()), (("p", "", "k"), ())],
    ids=["some", "most", "thousand", "other-letters"],
)
def test_letters_behind_some_numbers_are_flags_and_those_of_units_are_not(marks, flags):
    rows = [f"{year},{year - 1997.5} {marks[year % 3]}".strip() for year in range(1998, 2004)]
    content = "\n".join(["year,x", *rows, ""]).encode()
    assert sniff(Source(content, "marked.csv", "", "", FileSpec()), TEXT).spec.flags == flags


def test_second_names_and_units_become_labels_and_units(tmp_path):
    shutil.copy(FOLDER / "csmar.xlsx", tmp_path)
    known = draft(tmp_path / "csmar.xlsx", *DOWNLOADS["csmar.xlsx"][:2]).variables
    assert {name: (own.label, own.unit) for name, own in known.items()} == {
        "A001000000": ("碳排放", "吨"),
        "A002000000": ("资产总计", "元"),
        "A003000000": ("比重", "%"),
    }
