"""Run folders of earlier formats as folders of the present one, and those that are refused."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness import ArtifactError, open_run
from harness.api import reporter_of
from harness.audit.verification import verify
from harness.installed import installed
from harness.record.format_13 import variation_effects_table
from harness.record.migrations import (
    FORMAT,
    OLDEST,
    STEPS,
    Format,
    FormatStep,
    Migrated,
    TableChange,
    manifest_of,
    migrated,
)
from harness.registry.choice import PluginChoice
from harness.running.files import MANIFEST, MANIFEST_SUM, locked
from harness.running.folder import RunFolder
from harness.tables.findings import FINDINGS
from harness.tables.registry import PARQUET_TABLES, TABLES
from harness.tables.table import DETAILS, TypedTable, read_rows
from harness.tables.variations import VariationEffectRow
from plugin_files import write_tiny_study
from small_run import copy_of, exit_code

STORED = sorted((Path(__file__).parents[1] / "running" / "formats").iterdir())
DECLARED = {table.file: table for table in (*TABLES.values(), *PARQUET_TABLES)}

# A value of a column as format 12 wrote it, and as it is written today.
RENAMED = {
    "gain": ("inference", "given these periods", "conditional on periods"),
    "decomposition": ("part", "entities never seen", "new entities"),
}

# Predictions have columns of data that are not declared.
WITH_MORE_COLUMNS = {"predictions.parquet", "variation_predictions.parquet"}


@pytest.fixture(params=STORED, ids=lambda path: path.name)
def stored(request):
    return request.param


@pytest.fixture
def copy(stored, tmp_path):
    return RunFolder.open(shutil.copytree(stored, tmp_path / "run"))


def test_the_steps_lead_from_the_oldest_format_to_the_present_one():
    formats = [OLDEST, *(step.to for step in STEPS)]
    assert formats == sorted(set(formats))
    assert formats[-1] == FORMAT


def test_a_folder_of_every_format_before_the_present_one_is_kept():
    assert [path.name for path in STORED] == [str(OLDEST.major), *(str(step.to) for step in STEPS[:-1])]


def test_every_table_of_an_earlier_format_has_the_columns_of_today(stored):
    folder = RunFolder.open(stored)
    tables = [file for file in folder.tables() if not file.startswith((DETAILS, "tables/"))]
    tables.remove(FINDINGS.file)  # made from the others, where rules of another version made it
    assert set(tables) <= set(DECLARED)
    for file in tables:
        name, _, kind = file.rpartition(".")
        frame = folder.read_parquet(name) if kind == "parquet" else folder.read_table(name)
        declared = DECLARED[file]
        lacking = set(declared.columns) - set(frame.columns)
        unknown = set(frame.columns) - set(declared.columns)
        assert (file, lacking) == (file, set())
        assert file in WITH_MORE_COLUMNS or (file, unknown) == (file, set())
        if isinstance(declared, TypedTable):
            assert len(read_rows(frame, declared.row, table=name)) == len(frame)


def without_new_keys(content, former):
    """Return a manifest without the keys that a former one has not; they hold nothing."""
    if isinstance(content, list):
        return [without_new_keys(*pair) for pair in zip(content, former, strict=True)]
    if isinstance(content, dict):
        assert not any(content[name] for name in content.keys() - former.keys())
        return {name: without_new_keys(content[name], former[name]) for name in former}
    return content


def test_columns_and_values_of_an_earlier_folder_have_the_names_of_today(stored):
    """Numbers stay, and every name is one that a run of today writes."""
    folder = RunFolder.open(stored)
    csv = {name: pd.read_csv(stored / f"{name}.csv") for name in ("effects", *RENAMED)}
    shares = folder.read_table("effects")["residual_share"]
    assert shares.notna().any()
    assert shares.tolist() == pytest.approx(csv["effects"]["share_left"].tolist(), nan_ok=True)
    for name, (column, was, now) in RENAMED.items():
        stood = (csv[name][column] == was).tolist()
        assert any(stood)
        assert (folder.read_table(name)[column] == now).tolist() == stood


def test_every_key_of_an_earlier_manifest_is_read_and_none_is_made_up(stored):
    content = json.loads((stored / MANIFEST).read_bytes())
    expected = migrated(content).manifest
    read = json.loads(manifest_of(json.dumps(content)).to_json())
    assert without_new_keys(read, expected) == expected
    assert "rules_version" in expected


def test_an_earlier_folder_is_verified_but_for_the_sentences(stored):
    checks = list(verify(RunFolder.open(stored), catalogs=installed().catalogs))
    assert [problem for check in checks for problem in check.problems] == []
    said = [check.what for check in checks]
    assert len([what for what in said if "follow from" in what]) == 2
    assert [what for what in said if "as written;" in what] == [
        "shares of recognition are as written; their limits are computed otherwise today",
        "findings and gain report are as written; rules of another version made them, so that they are "
        "not made again",
    ]


def problems_of(folder):
    return [one for check in verify(folder, catalogs=installed().catalogs) for one in check.problems]


def test_a_number_that_was_changed_in_an_earlier_folder_is_named(copy):
    """By its hash, and where hashes were made again by what follows from the predictions."""
    gain = copy.path / "gain.csv"
    rows = pd.read_csv(gain, dtype=str)
    rows.assign(gain=rows["gain"].where(rows["sample"] != "test", "0.125")).to_csv(gain, index=False)
    assert [problem.where for problem in problems_of(copy)] == ["gain.csv"]
    copy.amend_manifest(forced=())
    assert {"claims.csv", "expectations.csv", "gain.csv"} == {problem.where for problem in problems_of(copy)}


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")  # of Chinese, for which machines may have no font
def test_a_report_of_an_earlier_folder_leaves_tables_spec_and_format(copy, stored, monkeypatch):
    before = copy.hashes()
    with locked(copy.path), copy.amended() as new:
        reporter_of(PluginChoice()).write(new, ("html",))
        new.amend_manifest(forced=())
    assert {name: own for name, own in copy.hashes().items() if name in before} == before | {
        "gain_report.json": copy.hashes()["gain_report.json"]
    }
    assert "数字经济指数" in (copy.path / "report.html").read_text("utf-8")
    was, now = (json.loads((path / MANIFEST).read_bytes()) for path in (stored, copy.path))
    assert now["files"] == copy.hashes()
    assert now | {"files": was["files"]} == was
    assert exit_code(monkeypatch, "verify", str(copy.path)) == 0


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "RUN", "RUN"),
        ("pin", "RUN"),
        ("pack", "RUN", "--out", "OUT.zip"),
        ("export", "RUN", "--to", "r", "--out", "OUT"),
    ],
    ids=lambda words: words[0],
)
def test_every_reader_takes_an_earlier_folder(words, copy, tmp_path, monkeypatch, capsys):
    places = {"RUN": str(copy.path), "OUT": str(tmp_path / "out"), "OUT.zip": str(tmp_path / "out.zip")}
    assert exit_code(monkeypatch, *(places.get(word, word) for word in words)) == 0
    said = capsys.readouterr()
    # In the language of its report.
    assert words[0] != "compare" or "两次运行的结果相同" in said.out


def test_a_script_reads_an_earlier_folder(stored):
    result = open_run(stored)
    assert set(result.tidy()["estimator"]) == {"ols", "fe"}
    assert len(result.glance()) == 3
    assert result.table("details/networks").shape[0] > 0


def rewritten(folder, tmp_path, **changes):
    """Return a copy of a run whose manifest holds something else."""
    copy = RunFolder(copy_of(folder, tmp_path / "rewritten"))
    content = json.loads(copy.read_bytes(MANIFEST))
    copy.write_text(MANIFEST, json.dumps(content | changes))
    copy.remove(MANIFEST_SUM)
    return copy


def test_a_later_minor_format_is_read_and_what_it_has_more_is_passed_over(small_run, tmp_path):
    later = f"{FORMAT.major}.{FORMAT.minor + 7}"
    copy = rewritten(small_run, tmp_path, manifest_version=later, news={"of": "later"})
    gain = copy.read_table("gain").assign(more=1.0)
    copy.write_table("gain", gain)
    read = RunFolder.open(copy.path)
    assert read.manifest().manifest_version == later
    assert read.manifest().study == RunFolder(small_run.path).manifest().study
    assert len(read_rows(read.read_table("gain"), TABLES["gain"].row, table="gain")) == len(gain)


NEWER = f"{FORMAT.major + 1}.0"


@pytest.mark.parametrize("command", ["report", "verify", "pin", "pack", "export", "compare"])
def test_a_later_major_format_is_refused_with_what_to_do(command, small_run, tmp_path, monkeypatch, capsys):
    copy = rewritten(small_run, tmp_path, manifest_version=NEWER)
    more = {"compare": (str(copy.path),), "export": ("--to", "r", "--out", str(tmp_path / "out"))}
    if command == "verify":
        copy.amend_manifest(forced=())
    assert exit_code(monkeypatch, command, str(copy.path), *more.get(command, ())) == 5
    said = "".join(capsys.readouterr())
    assert f"the run folder is of format '{NEWER}'" in said
    assert f"a format from {OLDEST} to {FORMAT.major}.x, which this version reads" in said
    assert "pip install --upgrade panel-harness" in said


@pytest.mark.parametrize("named", [1, 11, "two", None, True, "13.x", "", -12])
def test_what_is_no_format_or_too_early_is_refused(named):
    with pytest.raises(ArtifactError) as raised:
        manifest_of(json.dumps({"manifest_version": named}))
    (problem,) = raised.value.problems
    assert problem.where == "manifest.json: manifest_version"
    assert repr(named) in problem.what
    assert "run the study again" in problem.hint


def test_a_manifest_that_is_damaged_otherwise_names_the_damage():
    for text in ("", "[]", "{}", json.dumps({"manifest_version": str(FORMAT)})):
        with pytest.raises(ArtifactError, match=r"manifest\.json"):
            manifest_of(text)


def test_the_study_can_be_run_again_in_the_place_of_an_earlier_folder(copy, tmp_path, monkeypatch):
    (copy.path / "notes.txt").write_text("kept")
    spec = write_tiny_study(tmp_path, other="pooled_ols")
    options = ("--set", "report.formats=[]", "--set", "evaluation.protocols=[in_sample]", "--jobs", "1")
    assert exit_code(monkeypatch, "run", str(spec), "--out", str(copy.path), *options) == 0
    assert RunFolder.open(copy.path).manifest().manifest_version == str(FORMAT)
    assert (copy.path / "notes.txt").read_text() == "kept"
    assert not (copy.path / "effects.csv").exists()


def doubled(manifest, tables):
    (frame,) = tables.values()
    return frame.assign(n=frame["n"] * manifest["factor"])


def joined(_manifest, tables):
    return pd.concat(tables.values(), ignore_index=True)


# Both factors, then the third table of the two others, which the second step makes twice as large again.
MADE = Migrated(
    {},
    (
        (
            {"factor": 2},
            FormatStep(
                Format(2),
                tables=(
                    TableChange("a.csv", doubled),
                    TableChange("c.csv", joined, sources=("a.csv", "b.csv")),
                ),
                gone=frozenset({"a.csv", "b.csv"}),
            ),
        ),
        ({"factor": 10}, FormatStep(Format(3), tables=(TableChange("c.csv", doubled),))),
    ),
)


@pytest.mark.parametrize(
    ("folder", "file", "numbers"),
    [
        ({"a.csv": [1, 2], "b.csv": [5]}, "c.csv", [20, 40, 50]),
        ({"b.csv": [5]}, "c.csv", [50]),
        ({"d.csv": [7]}, "d.csv", [7]),
    ],
)
def test_a_change_reads_what_those_before_it_made(folder, file, numbers):
    frames = {name: pd.DataFrame({"n": own}) for name, own in folder.items()}
    table = MADE.table(file, lambda name: frames.get(name, pd.DataFrame()))
    assert table["n"].tolist() == numbers


def test_a_table_none_of_whose_sources_is_there_is_not_there():
    assert MADE.table("c.csv", lambda _name: pd.DataFrame()).shape == (0, 0)
    assert MADE.files(["d.csv"]) == ("d.csv",)


def test_files_are_those_of_the_present_format():
    assert MADE.files(["a.csv", "d.csv"]) == ("c.csv", "d.csv")


def test_checks_and_columns_of_a_paper_are_one_table_with_what_their_intervals_say(copy):
    place = {"outcome": "y", "scenario": "s", "status": "ok", "conf_low": 0.1, "conf_high": 0.3}
    place |= {"estimate": 0.2, "std_error": 0.05, "p_value": 0.01}
    slope = {"exposure": "x", "method": "first_differences", "learner": "splines", "check": "as it is"}
    joint = {"check": "all checks together", "p_difference": 0.4, **dict.fromkeys(list(place)[3:])}
    column = {"estimator": "ols", "part": "robustness", "specification": "outcome in logs", "term": "x"}
    tables = {
        "robustness.csv": pd.DataFrame([place | slope, place | slope | joint]),
        "specifications.csv": pd.DataFrame([place | column | {"conf_low": -0.1}]),
    }
    content = json.loads((copy.path / MANIFEST).read_text(encoding="utf-8"))
    frame = variation_effects_table(content, tables)
    rows = read_rows(frame, VariationEffectRow, table="variation_effects")
    assert [(row.list, row.variation, row.learner, row.exposure, row.decision) for row in rows] == [
        ("robustness", "as it is", "splines", "x", "above"),
        ("robustness", "all checks together", "splines", "x", "untested"),
        ("robustness_of_regressions", "outcome in logs", "ols", "x", "open"),
    ]
    assert (rows[0].estimate, rows[1].p_difference, rows[2].std_error) == (0.2, 0.4, 0.05)
