"""`pytest` collects specs: one test for each expected number."""

import json
import re
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.api import prepare_study
from harness.pytest_plugin import expects_numbers
from harness.pytest_plugin.spec_file import changed_since
from harness.running.dependence import Environment, installed_code
from harness.running.options import RunOptions

SPEC = Path(__file__).parents[1] / "replications" / "grunfeld.yaml"
GRUNFELD = SPEC.read_text(encoding="utf-8")
N_EXPECTED = GRUNFELD.count("- {table:")
CAPITAL = "{estimator: within, term: capital}, column: estimate, value: 0.310,"


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on files with these texts, in a folder of their own."""

    def run(files, *words):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers", *words, "."]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_a_changed_digit_makes_exactly_one_test_fail(run_pytest):
    assert GRUNFELD.count(CAPITAL) == 1
    done = run_pytest(
        {"study.yaml": GRUNFELD.replace(CAPITAL, CAPITAL.replace("0.310", "0.318"))}, "-W", "error"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"1 failed, {N_EXPECTED - 1} passed" in done.stdout
    message = re.sub(" +", " ", done.stdout.partition("FAILURES")[2])
    for words in (
        "coefficients[within·capital].estimate: differs",
        "published 0.318",
        "obtained 0.31006534",
        "difference -0.00793466",
        "tolerance 0.0005, half a unit of the last printed digit",
        "source Baltagi 2013, Econometric Analysis of Panel Data, 5th edition, table 2.1",
    ):
        assert words in message
    assert "Traceback" not in done.stdout
    assert "study.yaml:" in done.stdout


def test_a_failure_names_what_has_changed_since_the_run_of_a_manifest(run_pytest):
    """Of a digit in the claim it is the spec; data and code are those of the run, statsmodels too."""
    wrong = GRUNFELD.replace(CAPITAL, CAPITAL.replace("0.310", "0.318"))
    data = prepare_study(RunOptions(SPEC)).table.sha256
    inputs = {"data": {"sha256": data}, "spec": {"sha256": sha256(GRUNFELD.encode()).hexdigest()}}
    versions = {"numpy": "1.0", "statsmodels": version("statsmodels")}
    record = {"versions": versions, "code": {**installed_code(), "harness_panel": "0"}, **inputs}
    words = ("--harness-record", "record.json", "-k", "estimate")
    done = run_pytest({"study.yaml": wrong, "record.json": json.dumps(record)}, *words)
    changed = f"numpy 1.0 to {version('numpy')}, code of harness_panel, spec"
    assert re.search(rf"changed +{re.escape(changed)}$", done.stdout, re.MULTILINE), done.stdout


def test_data_that_changed_are_named_for_the_study_whose_they_are():
    now = Environment({"harness": "1"}, {"numpy": "2"})
    record = {"versions": {"numpy": "2"}, "studies": {"wages": {"data": {"sha256": "a"}}}}
    assert changed_since(record, "wages", now, {"data": "b", "spec": "c"}) == "data"
    assert changed_since(record, "fares", now, {"data": "b"}) == "neither versions, code, data nor spec"


def test_every_expected_number_is_a_test_with_a_name(run_pytest):
    done = run_pytest({"study.yaml": GRUNFELD}, "--collect-only", "-q", "-m", "replication")
    listed = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(listed) == len(set(listed)) == N_EXPECTED
    assert "study.yaml::coefficients[swar·value].std_error" in listed


def test_a_spec_that_cannot_be_read_is_one_failing_test(run_pytest):
    done = run_pytest({"study.yaml": GRUNFELD.replace("use: between", "use: betwen")})
    assert "1 failed" in done.stdout
    assert "unknown estimator 'betwen'" in done.stdout
    assert "did you mean 'between'" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_study_without_its_data_says_so_in_each_test(run_pytest):
    done = run_pytest({"study.yaml": GRUNFELD.replace("dataset: grunfeld", "path: absent.csv")})
    assert f"{N_EXPECTED} failed" in done.stdout
    assert "absent.csv" in done.stdout
    assert "Traceback" not in done.stdout


def test_other_files_are_left_alone(run_pytest):
    done = run_pytest(
        {
            "broken.yaml": "a: [",
            "other.yml": "expect: [1]\n",
            "plain.yaml": GRUNFELD.split("expect:")[0],
            "test_one.py": "def test_one(): pass",
        }
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("content", "expects"),
    [
        (b"study: x\nexpect:\n", True),
        (b"spec_version: 1\r\nexpect: []\r\n", True),
        (b"study: x\n  expect:\n", False),
        (b"study: x\n# expect:\n", False),
        (b"expect:\n- 1\n", False),
        (b"\xff\xfestudy: x\nexpect:\n", False),
    ],
)
def test_which_files_look_like_specs_with_expected_numbers(content, expects):
    assert expects_numbers(content) is expects
