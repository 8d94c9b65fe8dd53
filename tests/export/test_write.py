"""Scripts for R and Stata, and what they read, compute what the study says."""

import csv
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from ruamel.yaml import YAML

import harness
from command import invoked
from harness.errors import ArtifactError
from harness.export.write import CellLeftOut, LinearCell, script_of
from r_reference import R_FOLDER
from small_run import grunfeld

SPECS = YAML(typ="safe").load(Path(__file__).with_name("studies.yaml"))
ESTIMATORS = SPECS.pop("estimators")
OTHERS = {"instrumented": SPECS.pop("instrumented")}

# An estimate and a standard error of every term.
NUMBERS = {"wage": 2 * (5 + 5 + 3 + 3 + 3 + 5 + 5 + 8), "grunfeld": 2 * (3 + 3 + 2 + 2 + 2 + 3 + 3 + 5)}

# The same without random effects, correlated ones and between.
BY_FIXEST = {"wage": 2 * (5 + 5 + 3 + 3 + 3), "grunfeld": 2 * (3 + 3 + 2 + 2 + 2)}


def run_of(name, out):
    spec = {
        "spec_version": 1,
        "study": name,
        "title": name,
        "seed": 1,
        "estimators": ESTIMATORS,
        **(SPECS | OTHERS)[name],
    }
    spec |= {"evaluation": {"reference": "ols", "protocols": ["in_sample"]}, "scenarios": []}
    spec |= {"report": {"formats": []}}
    harness.run(spec, out=out, quick=True, progress=False, allow_outside="path" in spec["data"])
    return out


@pytest.fixture(scope="module", params=SPECS)
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    run, out = run_of(request.param, folder / "run"), folder / "r"
    said = invoked("export", run, "--to", "r", "--out", out)
    assert said.exit_code == 0
    return request.param, run, out, said.output


def test_what_is_not_repeated_is_said_with_the_reason(exported):
    name, _, out, said = exported
    outcome = SPECS[name]["roles"]["outcomes"][0]
    assert f"not exported: threshold on {outcome}: polynomial_effects is none of pooled_ols" in said
    script = (out / "linear_cells.R").read_text(encoding="utf-8")
    assert f"# not repeated: threshold on {outcome}" in script
    assert script.count("plm(") == 8


def test_a_do_file_has_a_regression_for_each_cell(exported):
    _, run, out, _ = exported
    stata = out.with_name("stata")
    assert invoked("export", run, "--to", "stata", "--out", stata).exit_code == 0
    lines = (stata / "linear_cells.do").read_text(encoding="utf-8").splitlines()
    regressions = [line.split()[0] for line in lines if line.startswith(("regress ", "reghdfe ", "xtreg "))]
    assert regressions == ["regress", "regress", *["reghdfe"] * 3, *["xtreg"] * 3]
    assert any("absorb(entity_id time)" in line for line in lines)


def has_package(name):
    """Return whether R is found, with a package."""
    return (
        shutil.which("Rscript") is not None
        and subprocess.run(["Rscript", "-e", f"library({name})"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.slow
def test_r_agrees_to_eight_digits_and_a_changed_digit_is_one_failed_line(exported):
    """plm 2.6 and fixest 0.12.2 of R 4.5; in plm errors clustered by entity are `vcovHC` of type sss."""
    if not has_package("plm"):
        pytest.skip("needs R with plm")
    name, run, out, _ = exported
    subprocess.run(["Rscript", "linear_cells.R"], cwd=out, check=True, capture_output=True)
    by_fixest = {"fixest_results.csv": BY_FIXEST} if has_package("fixest") else {}
    for file, numbers in {"r_results.csv": NUMBERS, **by_fixest}.items():
        said = invoked("compare", run, out / file, "--rtol", "1e-8")
        assert said.output.splitlines()[-1] == f"{numbers[name]} of {numbers[name]} numbers agree"
        assert said.exit_code == 0
    rows = list(csv.reader((out / "r_results.csv").read_text().splitlines()))
    at = next(place for place, digit in enumerate(rows[3][3]) if digit in "12345678" and place > 3)
    rows[3][3] = rows[3][3][:at] + str(int(rows[3][3][at]) + 1) + rows[3][3][at + 1 :]
    with (out / "changed.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    changed = invoked("compare", run, out / "changed.csv")
    assert changed.exit_code == 1
    assert [line.split(":")[0] for line in changed.output.splitlines()].count("differs") == 1


@pytest.fixture(scope="module")
def instrumented(tmp_path_factory):
    """Return a run with instruments and lags of the outcome, and its scripts for R and for Stata."""
    folder = tmp_path_factory.mktemp("instrumented")
    run, scripts = run_of("instrumented", folder / "run"), {}
    for program, name in (("r", "linear_cells.R"), ("stata", "linear_cells.do")):
        assert invoked("export", run, "--to", program, "--out", folder / program).exit_code == 0
        scripts[program] = (folder / program / name).read_text(encoding="utf-8").splitlines()
    return run, scripts


def test_instruments_and_lags_are_written_as_each_program_has_them(instrumented):
    """The commands of Stata were checked against their documentation and not run."""
    _, scripts = instrumented
    fits = [line.split(" <- ")[1] for line in scripts["r"] if re.match(r"fit <- .* \| ", line)]
    instruments = "union_before + hours_before"
    of_lags = "lwage ~ lag(lwage, 1:2) + union + lag(married, 0:1) + expersq"
    assert fits == [
        f"plm(lwage ~ union + married + expersq | married + expersq + {instruments}, data = d, "
        'model = "pooling")',
        f"plm(lwage ~ union + married + expersq | expersq + {instruments}, data = d, "
        'model = "within", effect = "twoways")',
        f"plm(lwage ~ union + married + expersq | married + expersq + {instruments}, data = d, "
        'model = "within", effect = "individual")',
        "pgmm(lwage ~ lag(lwage, 1) + union + married + expersq | lag(lwage, 2:99), data = d,",
        f"pgmm({of_lags} | lag(lwage, 2:4) + lag(union, 1:4), data = d,",
    ]
    commands = ("ivregress", "ivreghdfe", "xtabond2")
    assert [line for line in scripts["stata"] if line.startswith(commands)] == [
        "ivregress 2sls lwage married expersq (union = union_before hours_before), "
        "small vce(cluster entity_id)",
        "ivreghdfe lwage expersq (union married = union_before hours_before), "
        "absorb(entity_id time) keepsingletons small",
        "ivreghdfe lwage married expersq (union = union_before hours_before), "
        "absorb(entity_id) keepsingletons small cluster(entity_id)",
        "xtabond2 lwage L1.lwage union married expersq period_*, gmm(lwage, lag(2 .) collapse) "
        "iv(union married expersq period_*) noleveleq robust",
        "xtabond2 lwage L(1/2).lwage union L(0/1).married expersq period_*, gmm(lwage, lag(2 4)) "
        "gmm(union, lag(1 4)) iv(L(0/1).married expersq period_*) noleveleq robust twostep",
    ]
    assert sum("L2.lwage" in line for line in scripts["stata"]) == 1
    for lines in scripts.values():
        left_out = [line.split(" on lwage: ")[1] for line in lines if "not repeated" in line]
        assert [reason.split()[-1] for reason in left_out] == ["lacks", "too"]


def agreement_with_r(run, tolerance):
    """Return how many numbers of the script next to a run, which R runs, are those of the run."""
    folder = run.with_name("r")
    subprocess.run(["Rscript", "linear_cells.R"], cwd=folder, check=True, capture_output=True)
    compared = invoked("compare", run, folder / "r_results.csv", "--rtol", tolerance)
    return compared.output.splitlines()[-1]


@pytest.mark.slow
def test_plm_finds_instrumented_and_dynamic_estimates_and_errors_to_eight_digits(instrumented):
    if not has_package("plm"):
        pytest.skip("needs R with plm")
    run, _ = instrumented
    assert agreement_with_r(run, "1e-8") == "48 of 48 numbers agree"


@pytest.fixture(scope="module")
def spatial(tmp_path_factory):
    """Return a run with means over neighbours, on a panel with gaps, and its scripts for R and for Stata."""
    folder = tmp_path_factory.mktemp("spatial")
    states = pd.read_csv(R_FOLDER / "data" / "produc.csv").query("year > 1978")
    states[states.index % 7 > 0].to_csv(folder / "states.csv", index=False)
    names = states["state"].unique()
    pairs = [(names[one], names[one - step]) for one in range(len(names)) for step in (1, 5)]
    pd.DataFrame(pairs, columns=["state", "neighbour"]).to_csv(folder / "pairs.csv", index=False)
    near = {"path": str(folder / "pairs.csv"), "entity": "state", "neighbour": "neighbour"}
    both = {"use": "spatial_durbin", "effects": ["entity", "time"]}
    OTHERS["spatial"] = {
        "data": {"path": str(folder / "states.csv"), "contiguity": near},
        "roles": {
            "entity": "state", "time": "year", "outcomes": ["lgsp"], "exposure": "lemp", "controls": ["unemp"]
        },
        "estimators": [
            {"id": "ols", "use": "pooled_ols"},
            {"id": "durbin", "likelihood": "direct", **both},
            {"id": "of_states", "likelihood": "direct", **both, "effects": ["entity"]},
            {"id": "adjusted", **both},
        ],
    }  # fmt: skip
    run, scripts = run_of("spatial", folder / "run"), {}
    for program, name in (("r", "linear_cells.R"), ("stata", "linear_cells.do")):
        assert invoked("export", run, "--to", program, "--out", folder / program).exit_code == 0
        scripts[program] = (folder / program / name).read_text(encoding="utf-8")
    return run, scripts


def test_means_over_neighbours_are_written_as_each_program_has_them(spatial):
    """The commands of Stata were checked against their documentation and not run."""
    _, scripts = spatial
    lags = {"r": r"lgsp ~ lemp + unemp + (x\d+_) + (x\d+_)", "stata": r"lgsp lemp unemp (x\d+_) (x\d+_)"}
    effects = ("factor(entity) + factor(time)", "factor(entity)"), ("i.entity_id i.time", "i.entity_id")
    for (program, pattern), both in zip(lags.items(), effects, strict=True):
        fits = re.findall(rf"{pattern.replace('+', '[+]').replace('d[+]', 'd+')}(.*),", scripts[program])
        assert len(fits) == 2
        assert all(effect in words[-1] for effect, words in zip(both, fits, strict=True))
        assert "adjusted on lgsp: lagsarlm has no likelihood that is adjusted" in scripts[program]
    assert scripts["stata"].count("_b[") == scripts["stata"].count("_b[`name']") == 1
    assert len(re.findall(r"keep_term .* W:lgsp .* 0", scripts["stata"])) == 2


@pytest.mark.slow
def test_spatialreg_finds_estimates_and_errors_to_five_digits(spatial):
    """Its maximum is one of the likelihood's values, which know the square root of a double's digits."""
    if not has_package("spatialreg"):
        pytest.skip("needs R with spatialreg")
    run, _ = spatial
    assert agreement_with_r(run, "1e-5") == "26 of 26 numbers agree"


NAME = r"[A-Za-z_]\w{0,31}"
QUOTED = r"`\"[^`\"$]*\"'"
CLUSTERED = r"vce\(cluster (?:entity_id|time)\)"
GRAMMAR = re.compile(
    "|".join(
        (
            r"\*.*",
            r'import delimited using "[^"]+", clear case\(preserve\) asdouble stringcols\(1\) '
            r'encoding\("utf-8"\)',
            r"egen entity_id = group\(entity\)",
            r"xtset entity_id time",
            rf"regress {NAME}(?: {NAME})+(?:, {CLUSTERED})?",
            rf"reghdfe {NAME}(?: {NAME})+, absorb\((?:entity_id|time|entity_id time)\) keepsingletons"
            rf"(?: {CLUSTERED})?",
            rf"xtreg {NAME}(?: {NAME})+, re sa(?: {CLUSTERED})?",
            rf"xtreg {NAME}(?: {NAME})+, be",
            r"eststo",
            rf"keep_term `results' {QUOTED} {QUOTED} {NAME} {QUOTED} [01]",
        )
    )
)
CELL = LinearCell(
    outcome="wage",
    estimator="ols",
    label="Pooled /* OLS",
    model="pooled",
    terms=("exper", 'years of `school"'),
    has_constant=True,
    effects=(),
    errors="by entity",
    has_stata_factor=True,
)
CELLS = (
    CELL,
    replace(CELL, estimator="iid", errors="classical"),
    replace(CELL, estimator="fe", model="within", effects=("entity", "time"), has_constant=False),
    replace(
        CELL, estimator="plm", model="within", effects=("time",), has_constant=False, has_stata_factor=False
    ),
    replace(CELL, estimator="hc3", model="within", effects=("entity",), errors=None, has_stata_factor=False),
    replace(CELL, estimator="re", model="random", errors="classical"),
    replace(CELL, estimator="be", model="between", errors="classical"),
)
NAMES = {"wage": "wage", "exper": "exper", CELL.terms[1]: "x2_"}


@pytest.fixture(scope="module")
def script():
    left_out = [CellLeftOut("wage", "spline", "it has terms // that are no columns")]
    return script_of("stata", CELLS, left_out, data={"wage": "rows_wage.csv"}, names=NAMES)


def body(script):
    """Return what stands between the program that keeps numbers and the file they are written to."""
    lines = script.splitlines()
    return lines[lines.index("end") + 1 : next(at for at, line in enumerate(lines) if "esttab" in line)]


def test_every_line_is_a_documented_command(script):
    assert [line for line in body(script) if line and not GRAMMAR.fullmatch(line)] == []


def test_each_cell_is_fitted_as_it_was(script):
    fits = [line for line in body(script) if re.match("regress|reghdfe|xtreg", line)]
    assert fits == [
        "regress wage exper x2_, vce(cluster entity_id)",
        "regress wage exper x2_",
        "reghdfe wage exper x2_, absorb(entity_id time) keepsingletons vce(cluster entity_id)",
        "reghdfe wage exper x2_, absorb(time) keepsingletons vce(cluster entity_id)",
        "reghdfe wage exper x2_, absorb(entity_id) keepsingletons",
        "xtreg wage exper x2_, re sa",
        "xtreg wage exper x2_, be",
    ]
    assert script.count("eststo\n") == len(CELLS)


def test_every_coefficient_is_kept_with_its_error_where_it_has_the_same(script):
    kept = [line.split() for line in body(script) if line.startswith("keep_term")]
    errors = {"ols": "1", "iid": "1", "fe": "1", "plm": "0", "hc3": "0", "re": "1", "be": "1"}
    assert all(words[-1] == errors[re.sub(r"\W", "", words[3])] for words in kept)
    constants = [re.sub(r"\W", "", words[3]) for words in kept if "_cons" in words]
    assert constants == ["ols", "iid", "re", "be"]
    assert len(kept) == 2 * len(CELLS) + len(constants)


def test_no_comment_begins_another_and_no_text_a_macro(script):
    assert "/*" not in script
    assert "//" not in script
    texts = re.findall(QUOTED, script)
    assert len(texts) >= 3 * 13


SPEC = {
    "spec_version": 1,
    "study": "own",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "firm", "time": "year", "outcomes": ["invest"], "exposure": "value"},
    "estimators": [{"id": "ols", "use": "pooled_ols"}],
    "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
    "report": {"formats": []},
}


@pytest.fixture
def study(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    grunfeld().reset_index().to_csv(home / "rows.csv", index=False)
    (home / "own.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    harness.run(home / "own.yaml", out=tmp_path / "run", quick=True, progress=False)
    return tmp_path


def export(folder, *words):
    return invoked("export", folder / "run", "--to", "stata", "--out", folder / "out", *words)


def test_data_beside_the_spec_are_found(study):
    said = export(study)
    assert said.exit_code == 0
    assert len(pd.read_csv(study / "out" / "rows_invest.csv")) == 220


def test_what_was_moved_is_asked_for_and_found_where_it_is_said_to_lie(study):
    moved = study / "moved"
    shutil.move(study / "home", moved)
    with pytest.raises(ArtifactError) as raised:
        export(study)
    (problem,) = raised.value.problems
    assert "own.yaml" in problem.what
    assert problem.hint == "name the spec next to its data with --spec, or the data file with --data"
    assert export(study, "--spec", moved / "own.yaml").exit_code == 0
    assert export(study, "--data", moved / "rows.csv").exit_code == 0
    with pytest.raises(ArtifactError, match="is no file"):
        export(study, "--spec", study / "no.yaml")


def test_a_changed_spec_and_changed_data_are_refused(study):
    spec, rows = study / "home" / "own.yaml", study / "home" / "rows.csv"
    kept = spec.read_text(encoding="utf-8")
    spec.write_text(kept + "# changed\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match="was changed since the run"):
        export(study)
    spec.write_text(kept, encoding="utf-8")
    rows.write_text(rows.read_text(encoding="utf-8").replace("1935", "1934"), encoding="utf-8")
    with pytest.raises(ArtifactError, match="are not those of the run"):
        export(study)
