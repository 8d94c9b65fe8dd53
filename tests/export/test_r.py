"""Linear cells in R by plm against those of the run, on wages and on Grunfeld's corporations."""

import csv
import shutil
import subprocess

import pytest
from click.testing import CliRunner

import harness
from harness.cli import cli
from small_run import ROLES

SPECS = {
    "wage": {
        "data": {"dataset": "wage_panel"},
        "roles": {
            "entity": "nr",
            "time": "year",
            "outcomes": ["lwage"],
            "exposure": "married",
            "controls": ["expersq", "union", "educ"],
        },
    },
    "grunfeld": {
        "data": {"dataset": "grunfeld"},
        "roles": ROLES,
    },
}
ESTIMATORS = [
    {"id": "ols", "use": "pooled_ols"},
    {"id": "iid", "use": "pooled_ols", "covariance": {"use": "classical"}},
    {"id": "fe", "use": "fixed_effects", "effects": ["entity"]},
    {
        "id": "two_way",
        "use": "fixed_effects",
        "effects": ["entity", "time"],
        "covariance": {"use": "classical"},
    },
    {
        "id": "uncorrected",
        "use": "fixed_effects",
        "effects": ["entity"],
        "covariance": {"use": "clustered", "correction": "none"},
    },
    {"id": "re", "use": "random_effects", "covariance": {"use": "classical"}},
    {"id": "mundlak", "use": "mundlak"},
]

# An estimate and a standard error of every term; those that are not corrected have none elsewhere.
NUMBERS = {"wage": 2 * (5 + 5 + 3 + 3 + 5) + 3, "grunfeld": 2 * (3 + 3 + 2 + 2 + 3) + 2}

# The same without random effects.
BY_FIXEST = {"wage": 2 * (5 + 5 + 3 + 3) + 3, "grunfeld": 2 * (3 + 3 + 2 + 2) + 2}


def run_of(name, out):
    spec = {
        "spec_version": 1,
        "study": name,
        "title": name,
        "seed": 1,
        "estimators": ESTIMATORS,
        **SPECS[name],
    }
    spec |= {"evaluation": {"reference": "ols", "protocols": ["in_sample"]}, "scenarios": []}
    harness.run(spec | {"report": {"formats": []}}, out=out, quick=True, progress=False)
    return out


def command(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module", params=SPECS)
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    run, out = run_of(request.param, folder / "run"), folder / "r"
    said = command("export", run, "--to", "r", "--out", out)
    assert said.exit_code == 0
    return request.param, run, out, said.output


def test_what_is_not_repeated_is_said_with_the_reason(exported):
    name, _, out, said = exported
    outcome = SPECS[name]["roles"]["outcomes"][0]
    assert f"not exported: mundlak on {outcome}: mundlak is none of pooled_ols" in said
    script = (out / "linear_cells.R").read_text(encoding="utf-8")
    assert f"# not repeated: mundlak on {outcome}" in script
    assert script.count("plm(") == 6


def test_a_do_file_has_a_regression_for_each_cell(exported):
    _, run, out, _ = exported
    stata = out.with_name("stata")
    assert command("export", run, "--to", "stata", "--out", stata).exit_code == 0
    lines = (stata / "linear_cells.do").read_text(encoding="utf-8").splitlines()
    regressions = [line.split()[0] for line in lines if line.startswith(("regress ", "reghdfe ", "xtreg "))]
    assert regressions == ["regress", "regress", *["reghdfe"] * 3, "xtreg"]
    assert any("absorb(entity_id time)" in line for line in lines)


def has_package(name):
    """Return whether R is found, with a package."""
    return (
        shutil.which("Rscript") is not None
        and subprocess.run(["Rscript", "-e", f"library({name})"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.slow
def test_fixest_agrees_to_eight_digits(exported):
    """fixest 0.12.2 of R 4.5, where it is installed."""
    if not (has_package("plm") and has_package("fixest")):
        pytest.skip("needs R with plm and fixest")
    name, run, out, _ = exported
    subprocess.run(["Rscript", "linear_cells.R"], cwd=out, check=True, capture_output=True)
    said = command("compare", run, out / "fixest_results.csv", "--rtol", "1e-8")
    assert said.output.splitlines()[-1] == f"{BY_FIXEST[name]} of {BY_FIXEST[name]} numbers agree"
    assert said.exit_code == 0


@pytest.mark.slow
def test_r_agrees_to_eight_digits_and_a_changed_digit_is_one_failed_line(exported):
    """plm 2.6 of R 4.5; standard errors clustered by entity are `vcovHC` of type sss."""
    if not has_package("plm"):
        pytest.skip("needs R with plm")
    name, run, out, _ = exported
    subprocess.run(["Rscript", "linear_cells.R"], cwd=out, check=True, capture_output=True)
    said = command("compare", run, out / "r_results.csv", "--rtol", "1e-8")
    lines = said.output.splitlines()
    assert lines[-1] == f"{NUMBERS[name]} of {NUMBERS[name]} numbers agree"
    assert said.exit_code == 0
    rows = list(csv.reader((out / "r_results.csv").read_text().splitlines()))
    at = next(place for place, digit in enumerate(rows[3][3]) if digit in "12345678" and place > 3)
    rows[3][3] = rows[3][3][:at] + str(int(rows[3][3][at]) + 1) + rows[3][3][at + 1 :]
    with (out / "changed.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    changed = command("compare", run, out / "changed.csv")
    assert changed.exit_code == 1
    assert [line.split(":")[0] for line in changed.output.splitlines()].count("differs") == 1
