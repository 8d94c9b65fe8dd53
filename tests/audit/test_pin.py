"""`harness run` counts expected numbers; `harness pin` writes them and changes no other byte."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from command import harness
from harness.audit.pin import PinSelection, new_block, pinned, with_entries
from harness.errors import ArtifactError, SpecError
from harness.running.folder import RunFolder
from harness.study.expectations.cell import check_expectations
from harness.study.expectations.expectation import AnyExpectation
from harness.study.spec.document import flow_text
from harness.study.spec.reader import Place, parse_yaml

SPEC = Path(__file__).parents[1] / "replications" / "grunfeld.yaml"
EXPECTATIONS = TypeAdapter(list[AnyExpectation])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of a spec in which one of the printed numbers is wrong, and what the command said."""
    folder = tmp_path_factory.mktemp("pin")
    spec = folder / "study.yaml"
    text = SPEC.read_text(encoding="utf-8")
    assert "value: 49.18," in text
    spec.write_text(text.replace("value: 49.18,", "value: 49.81,"), encoding="utf-8")
    done = harness("run", spec, "--jobs", "1", "--out", folder / "run")
    return spec, folder / "run", done


def test_a_run_counts_what_it_reproduces_and_succeeds_all_the_same(finished):
    _, folder, done = finished
    assert done.returncode == 0, done.stderr
    assert "expected numbers: 21 of 22 reproduced" in done.stdout
    assert str(folder / "expectations.csv") in done.stdout
    assert "fails under pytest, not here" in done.stdout


def test_numbers_are_pinned_to_the_standard_output(finished):
    _, folder, _ = finished
    done = harness("pin", folder, "--table", "gain", "--estimator", "within")
    assert done.returncode == 0, done.stderr
    first, *entries = done.stdout.splitlines()
    assert first == "expect:"
    assert len(entries) == 3
    assert entries[1] == (
        "  - {table: gain, where: {estimator: within, protocol: in_sample, sample: test}, "
        "column: gain, value: 0.701866331, relative: 1e-06, from: run}"
    )


def test_a_table_without_the_column_that_is_pinned_is_named(finished, tmp_path):
    folder = RunFolder(Path(shutil.copytree(finished[1], tmp_path / "run")))
    folder.write_table("gain", folder.read_table("gain").drop(columns="gain"))
    folder.write_manifest(folder.manifest())
    with pytest.raises(ArtifactError, match=r"^gain\.csv: lacks the columns gain\n.*run the study again"):
        pinned(folder, PinSelection())


def rows_of_findings(folder):
    with (folder / "findings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_sentences_of_the_first_screen_are_pinned_by_their_keys(finished):
    _, folder, _ = finished
    done = harness("pin", folder, "--table", "findings")
    assert done.returncode == 0, done.stderr
    entries = YAML(typ="safe").load(done.stdout)["expect"]
    shown = {row["key"] for row in rows_of_findings(folder) if row["screen"] != "none"}
    assert len(shown) > 2
    assert shown <= {entry["where"]["key"] for entry in entries}
    checked = check_expectations(EXPECTATIONS.validate_python(entries), RunFolder(folder).read_table)
    assert [one for one in checked if one.status != "reproduced"] == []


def test_a_sentence_that_changes_is_expected_and_named_by_its_key(finished, tmp_path):
    _, folder, _ = finished
    changed = RunFolder(Path(shutil.copytree(folder, tmp_path / "run")))
    row = next(row for row in rows_of_findings(folder) if row["screen"] == "effect")
    of_run, columns = (
        {"table": "findings", "where": {"key": row["key"]}, "from": "run"},
        ["code", "decision", "text"],
    )
    entries = [of_run | {"column": column, "value": row[column]} for column in columns]
    expected = EXPECTATIONS.validate_python(entries)
    assert {one.status for one in check_expectations(expected, changed.read_table)} == {"reproduced"}
    findings = changed.read_table("findings")
    findings.loc[findings["key"] == row["key"], columns] = "another"
    changed.write_table("findings", findings)
    changed.write_manifest(changed.manifest())
    assert {one.status for one in check_expectations(expected, changed.read_table)} == {"differs"}
    done = harness("compare", folder, changed.path)
    assert done.returncode == 1, done.stderr
    for column in columns:
        assert (
            f"{column}: 1 cell differs at key={row['key']}: in A {row[column]}, in B another" in done.stdout
        )


def test_numbers_are_pinned_into_a_spec_and_reproduced(finished, tmp_path):
    spec, folder, _ = finished
    path = tmp_path / "study.yaml"
    before = spec.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    refused = harness("pin", folder, "--into", path)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert path.read_text(encoding="utf-8") == before
    done = harness("pin", folder, "--into", path, "--replace")
    assert done.returncode == 0, done.stderr
    after = path.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if "from: run" not in line] == [
        line for line in after.splitlines() if "from: run" not in line
    ]
    assert harness("validate", path).returncode == 0


def test_numbers_of_another_study_are_not_pinned_into_a_spec(finished, tmp_path):
    spec, folder, _ = finished
    path = tmp_path / "study.yaml"
    text = spec.read_text(encoding="utf-8").split("\n# The printed")[0].replace("id: within", "id: fe")
    path.write_text(text, encoding="utf-8")
    done = harness("pin", folder, "--into", path)
    assert done.returncode == 2
    assert "no estimator is called 'within'" in done.stderr
    assert path.read_text(encoding="utf-8") == text


NEW = (
    {
        "table": "gain",
        "where": {"estimator": "fe"},
        "column": "gain",
        "value": 0.5,
        "relative": 1e-06,
        "from": "run",
    },
    {"table": "gain", "where": {"estimator": "true"}, "column": "status", "value": "refused", "from": "run"},
)
HEAD = "# a study\nstudy: x   # its name\n"
BLOCK = """\
expect:
  # printed
  - {table: gain, column: gain, value: 1.0, from: publication, source: "Table 1"}

  # pinned
  - {table: gain, column: gain, value: 2.0, from: run}
  - table: gain   # over several lines
    value: 3.0
    from: run
  # the last comment
"""
TAIL = "report: {formats: [html]}\n"


@pytest.fixture
def spec(tmp_path):
    def write(text, name="x.yaml"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def read(text):
    return parse_yaml(text, Place("x", 1, 1)).root.plain()


def test_a_block_is_written_at_the_end(spec):
    text = with_entries(spec(HEAD + TAIL), NEW, replace=False)
    assert text == f"{HEAD}{TAIL}\n{new_block(NEW)}"
    assert read(text)["expect"] == list(NEW)


@pytest.mark.parametrize("end", ["", "\n", "\n\n"], ids=["no end of line", "one", "an empty line"])
def test_what_was_there_stays_whatever_it_ends_with(spec, end):
    before = "study: x" + end
    assert with_entries(spec(before), NEW, replace=False).startswith(before)


def test_entries_join_those_of_a_publication(spec):
    published = BLOCK.split("\n\n")[0] + "\n  # after\n"
    text = with_entries(spec(HEAD + published + TAIL), NEW, replace=False)
    assert text.startswith(HEAD + published.split("  # after")[0])
    assert text.endswith("  # after\n" + TAIL)
    assert read(text)["expect"][1:] == list(NEW)


def test_only_numbers_of_a_run_are_replaced(spec):
    text = with_entries(spec(HEAD + BLOCK + TAIL), NEW, replace=True)
    before, _, after = text.partition("  - {table: gain, where")
    assert before == HEAD + BLOCK.split("  - {table: gain, column: gain, value: 2.0")[0]
    assert after.endswith("  # the last comment\n" + TAIL)
    values = read(text)["expect"]
    assert [one["from"] for one in values] == ["publication", "run", "run"]
    assert values[1:] == list(NEW)


def test_pinned_numbers_are_not_replaced_unasked(spec):
    with pytest.raises(SpecError, match="2 numbers are pinned"):
        with_entries(spec(HEAD + BLOCK), NEW, replace=False)


@pytest.mark.parametrize(
    "block", ["expect: []\n", "expect: [{from: run}]\n", "expect:\n  -\n    from: run\n"]
)
def test_a_block_in_another_form_is_refused(spec, block):
    with pytest.raises(SpecError, match="not a list with each entry on a line of its own"):
        with_entries(spec(HEAD + block), NEW, replace=True)


def test_line_ends_of_the_file_are_kept(spec):
    text = with_entries(spec((HEAD + BLOCK + TAIL).replace("\n", "\r\n")), NEW, replace=True)
    assert text.count("\n") == text.count("\r\n")


scalars = (
    st.text(max_size=20) | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans()
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["a", "from", "null", "a b"]), scalars))
def test_a_mapping_in_one_line_is_read_back(values):
    text = "x: " + flow_text({key: one for key, one in values.items() if _is_printable(one)})
    assert "\n" not in text
    assert read(text)["x"] == {key: one for key, one in values.items() if _is_printable(one)}


def _is_printable(value):
    return not isinstance(value, str) or value.isprintable()


PUBLISHED = '{"table": "gain", "column": "gain", "value": 1.50, "from": "publication", "source": "T1"}'
PINNED = '{"table": "gain", "column": "gain", "value": 2.0, "from": "run"}'


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"study": "x"}', ""),
        ('{\n  "study": "x",\n  "seed": 1\n}\n', ""),
        ('{"expect": [], "study": "x"}', ""),
        (f'{{"study": "x", "expect": [{PUBLISHED},\n {PINNED}], "seed": 1}}', PUBLISHED),
    ],
    ids=["one line", "lines", "empty", "pinned"],
)
def test_a_spec_in_json_stays_one_and_keeps_what_a_publication_gives(spec, text, kept):
    found = with_entries(spec(text, "x.json"), NEW, replace=True)
    content = json.loads(found)
    own = {key: value for key, value in json.loads(text).items() if key != "expect"}
    assert content == {**own, "expect": [*([json.loads(kept)] if kept else []), *NEW]}
    assert kept in found


def test_numbers_pinned_in_json_are_replaced_when_that_is_said(spec):
    with pytest.raises(SpecError, match="1 numbers are pinned"):
        with_entries(spec(f'{{"expect": [{PINNED}]}}', "x.json"), NEW, replace=False)
