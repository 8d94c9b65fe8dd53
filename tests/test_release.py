"""What a release needs: one version, a conda recipe of the same packages, deprecations that end on time."""

import csv
import html
import importlib.util
import inspect
import json
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from stable_names import FILE, names

import harness
from command import python
from harness.errors import SpecError
from harness.findings.run import RULE
from harness.installed import KINDS, installed, registry_of
from harness.registry.hooks import OURS
from harness.report.sections.section import SECTION
from harness.study.spec.load import load_study
from paper_results import CITY_GAINS, EDITIONS, END, SCREEN, city_gains, screen_quote

ROOT = Path(__file__).parents[1]
PUBLIC = ("harness", "harness.plugin", "harness.plugin.reporting", "harness.plugin.drawing")
# What conda calls by another name.
CONDA = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
FOLDERS = {"panel-harness": ROOT} | {
    f"panel-{path.parent.name.replace('_', '-')}": path.parent
    for path in ROOT.glob("plugins/*/pyproject.toml")
}
each_distribution = pytest.mark.parametrize("name", FOLDERS)
WORDS = re.compile(r"since (?P<since>\d+\.\d+); use .+; gone in (?P<gone>\d+\.\d+)")


def read_yaml(path):
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


def minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


def faulty_deprecations(names, *, version):
    """Return the deprecated names, {name: object}, without the words of the policy, or due to be gone."""
    faulty = []
    for name, value in names.items():
        text = getattr(value, "__deprecated__", None)
        words = None if text is None else WORDS.fullmatch(text)
        if text is not None and (words is None or minor(version) >= minor(words["gone"])):
            faulty.append(name)
    return faulty


def public_names():
    for module in map(importlib.import_module, PUBLIC):
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value):
                yield from ((f"{module.__name__}.{name}.{own}", one) for own, one in vars(value).items())


def test_the_citation_and_the_recipe_have_the_version_of_the_package():
    assert read_yaml("CITATION.cff")["version"] == harness.__version__
    assert read_yaml(".ci/conda/recipe.yaml")["context"]["version"] == harness.__version__


def test_our_distributions_are_those_of_the_repository():
    assert sorted(OURS) == sorted(FOLDERS)


@each_distribution
def test_each_has_the_version_and_works_with_no_other(name):
    """A plugin imports names that may go with the next minor version."""
    from hatchling.metadata.core import ProjectMetadata
    from hatchling.plugin.manager import PluginManager

    found = ProjectMetadata(str(FOLDERS[name]), PluginManager())
    assert (found.name, found.version) == (name, harness.__version__)
    bound = f"panel-harness~={'.'.join(map(str, minor(harness.__version__)))}.0"
    assert (bound in found.core.dependencies) == (name != "panel-harness")


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "panel-harness"])
def test_a_wheel_from_the_source_distribution_has_the_files_of_the_folder(name, tmp_path, monkeypatch):
    """Nothing else is there then, such as the file with the version and the licence."""
    from hatchling import build

    folder = FOLDERS[name]
    monkeypatch.chdir(folder)
    with tarfile.open(tmp_path / build.build_sdist(str(tmp_path))) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path / f"{name.replace('-', '_')}-{harness.__version__}")
    with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as wheel:
        found = {one for one in wheel.namelist() if ".dist-info/" not in one}
        (licence,) = (one for one in wheel.namelist() if one.endswith("/licenses/LICENSE"))
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()
    own = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    expected = {path.relative_to(folder.parent).as_posix() for path in own}
    assert found == expected - {f"{folder.name}/{beside}" for beside in ("pyproject.toml", "README.md")}


@each_distribution
def test_the_recipe_asks_for_what_the_package_asks_for(name):
    project = tomllib.loads((FOLDERS[name] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pairs = [re.fullmatch(r"([A-Za-z0-9_.-]+)([>~]=.+)", one).groups() for one in project["dependencies"]]
    asked = {f"{CONDA.get(name, name)} {bound}" for name, bound in pairs}
    (recipe,) = (
        one for one in read_yaml(".ci/conda/recipe.yaml")["outputs"] if one["package"]["name"] == name
    )
    run = recipe["requirements"]["run"]
    started = [f"{name} = {entry}" for name, entry in project.get("scripts", {}).items()]
    assert recipe["build"].get("python", {}).get("entry_points", []) == started
    assert set(run) == asked | {f"python {project['requires-python']}"}
    assert len(run) == len(set(run))


def test_names_of_our_plugins_that_are_not_installed_say_the_package():
    alone = registry_of(())
    expected = {
        (kind.name, name)
        for plugin in installed().plugins[1:]
        for kind in KINDS
        for name in plugin.names(kind)
        if plugin.distribution in OURS and kind not in (SECTION, RULE)
    }
    assert {(kind, name) for kind, catalog in alone.catalogs.items() for name in catalog.needs} == expected
    with pytest.raises(SpecError) as refused:
        load_study(ROOT / "specs/recognised.yaml", catalogs=alone.catalogs)
    packages = [problem.hint.rpartition(": ")[2] for problem in refused.value.problems]
    assert packages == [f"pip install panel-harness-{name}" for name in ("panel", "panel", "sklearn")]


def test_no_deprecated_name_stays_longer_than_it_said():
    assert faulty_deprecations(dict(public_names()), version=harness.__version__) == []


def test_names_that_stay_are_there():
    stable = {tuple(row) for row in csv.reader(FILE.read_text(encoding="utf-8").splitlines()[1:])}
    assert len(stable) > 1000
    assert stable - set(names()) == set()


FRAGMENT = re.compile(r"[a-z0-9_]+\.(added|changed|fixed|gone)\.md|README\.md")


def test_fragments_of_the_changelog_have_kinds_that_it_has():
    kinds = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]["type"]
    assert [kind["directory"] for kind in kinds] == FRAGMENT.pattern.split("(")[1].split(")")[0].split("|")
    fragments = [path.name for path in (ROOT / "changelog").iterdir()]
    assert [name for name in fragments if FRAGMENT.fullmatch(name) is None] == []


README = (ROOT / "README.md").read_text(encoding="utf-8")


RELATIVE = re.compile(r"\]\((?!https?://|#)[^)]*\)")


def test_the_description_of_the_package_has_no_link_that_an_index_cannot_follow():
    from hatchling.metadata.core import ProjectMetadata
    from hatchling.plugin.manager import PluginManager

    described = ProjectMetadata(str(ROOT), PluginManager()).core.readme
    assert RELATIVE.search(README)
    assert described.startswith("# panel-harness")
    assert not RELATIVE.search(described)
    assert len(described.split()) > 0.9 * len(README.split())


def test_links_of_the_description_lead_into_the_repository_where_it_has_an_address():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = "[a](docs/a.md#b) ![p](docs/p.webp) [c](https://c.org) [d](#d)"
    there = "https://host/o/n"
    expected = f"[a]({there}/blob/HEAD/docs/a.md#b) ![p]({there}/raw/HEAD/docs/p.webp)"
    assert module.for_index(text, there) == f"{expected} [c](https://c.org) [d](#d)"
    assert module.for_index(text, "") == "a  [c](https://c.org) [d](#d)"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_spec_in_the_readme_is_valid(tmp_path):
    (spec,) = blocks("yaml")
    (tmp_path / "my_study.yaml").write_text(spec, encoding="utf-8")
    study = load_study(tmp_path / "my_study.yaml", catalogs=installed().catalogs).study
    assert [entry.id for entry in study.estimators] == ["ols", "fe", "ann", "rab"]


def test_the_finding_on_the_first_screen_is_what_its_spec_expects():
    """The numbers of the spec are those of a run; the environment `replicate` runs it."""
    study = load_study(ROOT / "specs/recognised.yaml", catalogs=installed().catalogs).study
    expected = {(one.where["protocol"], one.column): one.value for one in study.expect}
    said = re.findall(r"(−?\d+) % \[(−?\d+), (−?\d+)\]", README)
    assert len(said) == 2
    for protocol, numbers in zip(("random_rows", "held_out_entities"), said, strict=True):
        for column, number in zip(("gain", "conf_low", "conf_high"), numbers, strict=True):
            shown = float(number.replace("−", "-"))
            assert abs(shown - 100 * expected[protocol, column]) <= 0.51


CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
FIGURES = (ROOT / "docs/figure_by_figure.md").read_text(encoding="utf-8")


def gains_of(text, ours):
    rows = re.findall(rf"^\| {ours}.*?\|(.*)\|$", text, re.MULTILINE)
    return [[int(cell.strip(" %").replace("−", "-")) for cell in row.split("|")] for row in rows]


def test_the_readmes_have_the_first_screen_and_the_gains_of_the_stored_run():
    assert f"{SCREEN}{screen_quote()}\n{END}" in README
    for edition, readme in zip(EDITIONS, (README, CHINESE), strict=True):
        assert f"{CITY_GAINS}{city_gains(edition)}\n{END}" in readme
    numbers = [
        [float(number.replace("−", "-")) for number in re.findall(r"(−?[\d.]+)%", line)]
        for line in re.findall(r"^\| CO2 [^|]+ \| test \|.*$", FIGURES, re.MULTILINE)
    ]
    pooled, two_way, pooled_for_new, _ = zip(*numbers, strict=True)
    shown = gains_of(README, "here,")
    for line, row in zip((0, 1, 3), (pooled, two_way, pooled_for_new), strict=True):
        assert shown[line] == pytest.approx(row, abs=0.56)


def test_every_estimator_named_is_there():
    catalogs = installed().catalogs
    named = set(re.findall(r"`(\w+)`", README.partition("## Estimators")[2].partition("## ")[0]))
    assert len(named) > 15
    assert named <= {*catalogs["estimator"].members, *catalogs["scenario"].members}


EXTRAS = ("torch", "minisom", "plotly", "pyfixest", "pyreadstat", "distributed")
COMMANDS = f"""
import contextlib, io, json, sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {EXTRAS!r} else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from harness.cli import main
said = {{}}
for words in json.loads(sys.argv[1]):
    sys.argv = ["harness", *words]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    said[words[0]] = [code, " ".join(output.getvalue().split())]
print(json.dumps(said))
"""
STUDY = """\
spec_version: 1
study: first
data: {simulate: {use: interaction, n_entities: 12, n_periods: 5}}
roles: {entity: city, time: year, outcomes: [outcome], exposure: exposure, moderators: [moderator]}
estimators: [pooled_ols, {use: fixed_effects, effects: [entity]}]
evaluation: {protocols: [in_sample]}
scenarios: [{use: conditional, moderator: moderator, draws: 4, grid: 4}]
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    (folder / "first.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "all.yaml").write_text(
        STUDY.replace("[pooled_ols, {use: fixed_effects, effects: [entity]}]", "ladder")
    )
    rows = [
        f"{city},{year},{(7 * city + year) % 5},{(3 * city * year) % 11}"
        for city in range(1, 7)
        for year in (2001, 2002, 2003)
    ]
    (folder / "towns.csv").write_text("\n".join(["city,year,y,x", *rows]), encoding="utf-8")
    commands = [
        ["plugins"],
        ["doctor"],
        ["validate", "all.yaml"],
        ["init", "towns.csv", "--outcome", "y", "--exposure", "x"],
        ["run", "first.yaml", "--jobs", "1"],
    ]
    done = python("-c", COMMANDS, json.dumps(commands), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_plugins_without_their_libraries_are_listed_with_the_command_that_installs_them(said):
    _, told = said
    code, plugins = told["plugins"]
    assert code == 0
    assert "absent: torch and minisom are not installed: pip install panel-harness-neural" in plugins
    assert "broken" not in plugins
    code, doctor = told["doctor"]
    assert code == 0
    assert "absent: torch and minisom" in doctor


def test_a_ladder_with_networks_is_refused_with_the_command(said):
    _, told = said
    code, text = told["validate"]
    assert code == 2
    assert "unknown estimator 'som_ann'" in text
    assert "pip install panel-harness-neural" in text


def test_a_drafted_spec_has_the_rungs_that_are_there(said):
    folder, told = said
    assert told["init"][0] == 0, told["init"][1]
    text = (folder / "towns.yaml").read_text(encoding="utf-8")
    assert "use: fixed_effects" in text
    assert "use: rab" not in text
    assert "use: mlp" not in text
    assert "# not here: mlp; it is of harness_neural: torch and minisom are not installed" in text


def test_a_study_without_networks_runs_and_says_why_no_surface_can_be_turned(said):
    folder, told = said
    assert told["run"][0] == 0, told["run"][1]
    run = folder / "runs" / "first"
    assert (run / "surfaces.csv").stat().st_size > 0
    assert not (run / "surfaces.html").exists()
    report = html.unescape((run / "report.html").read_text(encoding="utf-8"))
    assert "pip install 'panel-harness[surfaces]'" in report
