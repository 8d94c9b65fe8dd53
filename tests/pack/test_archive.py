"""A replication archive runs again in a new folder, by its README, and compares equal."""

import hashlib
import io
import json
import re
import shlex
import time
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import docx
import pandas as pd
import pytest
from click.testing import CliRunner

import harness
from command import ROOT, invoked, python
from harness.audit.sources import RunSources, prepare_again
from harness.cli import cli
from harness.installed import installed
from harness.pack import archive as archive_module
from harness.pack.deposit import PERSONAL, Deposited, _absolute, deposit
from harness.registry.choice import ALL_INSTALLED
from harness.running.folder import RunFolder
from small_run import grunfeld

SPEC = Path(__file__).with_name("packed.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Return the run and its archive, both made in 1970; the spec's data lie beside it."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "tables").mkdir()
    rows = grunfeld().reset_index().assign(**{"contact_E-mail": "x@example.org", "手机号码": 1})
    rows.to_csv(folder / "tables" / "grunfeld.csv", index=False)
    (folder / "study.yaml").write_text(SPEC, encoding="utf-8")
    run = folder / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        in_1970(patch)
        assert invoked("run", "study.yaml", "--out", "run", "--quick", "--jobs", 1).exit_code == 0
    with pytest.MonkeyPatch.context() as patch:
        from_a_folder(patch)
        in_1970(patch)
        assert invoked("pack", run).exit_code == 0
    return run, folder / "run.zip"


def in_1970(patch):
    """Set the clock by which archives are dated that name no date; they can hold none before 1980."""
    patch.setattr("time.localtime", lambda *_: time.gmtime(0.0))


@dataclass(frozen=True)
class Installed:
    """A distribution of which installers noted an origin; none is an index."""

    origin: object

    def read_text(self, _name):
        return self.origin and json.dumps(self.origin)


def from_a_folder(patch):
    """Let the harness and its plugins be installed from the folders of their source."""

    def distribution(name):
        below = () if name == "panel-harness" else ("plugins", name.removeprefix("panel-").replace("-", "_"))
        return Installed({"url": ROOT.joinpath(*below).as_uri(), "dir_info": {}})

    patch.setattr(archive_module, "distribution", distribution)


def lines_of(archive):
    """Return the commands that the README of an archive gives, each as words."""
    with zipfile.ZipFile(archive) as packed:
        text = packed.read("README.md").decode("utf-8")
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    return [shlex.split(line) for line in block.splitlines() if line.startswith("harness ")]


def test_it_runs_again_by_its_readme_and_compares_equal(packed, tmp_path, monkeypatch):
    _, archive = packed
    with zipfile.ZipFile(archive) as files:
        files.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    again, compare = lines_of(archive)
    assert again == ["harness", "run", "spec.yaml", "--out", "again", "--quick"]
    assert compare == ["harness", "compare", "run", "again"]
    assert invoked("verify", "run").exit_code == 0
    assert invoked(*again[1:], "--jobs", 1).exit_code == 0
    said = invoked(*compare[1:])
    assert said.exit_code == 0, said.output


def test_it_asks_for_what_pip_can_have(packed, tmp_path):
    with zipfile.ZipFile(packed[1]) as archive:
        archive.extractall(tmp_path)
    own, *libraries = (tmp_path / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("numpy==") for line in libraries)
    assert not [line for line in libraries if "+" in line or "installed" in line]
    assert own == "./code"
    package = Path(harness.__file__).parent
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            carried = tmp_path / "code" / "harness" / path.relative_to(package)
            assert carried.read_bytes() == path.read_bytes()


def test_a_plugin_of_a_folder_is_nothing_that_pip_is_asked_for(packed):
    manifest = RunFolder.open(packed[0]).manifest()
    versions = {"numpy": "2.1+cpu", "local plugin near": "sha256:ab"}
    required = archive_module.requirements(replace(manifest, versions=versions)).splitlines()
    assert required == ["numpy==2.1", "# local plugin near: sha256:ab"]


def test_the_sources_in_it_are_built_as_those_here_are(tmp_path, monkeypatch):
    """So that pip can install them: the harness, and a plugin of the run with the version of the harness."""
    from hatchling import build

    from_a_folder(monkeypatch)
    names = ("panel-harness", "panel-harness-panel")
    for name, content in archive_module.own_code(names).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    sources = archive_module.source_folders(names)
    places = [archive_module.own_requirement(name, "0.1.0", sources) for name in names]
    assert places == ["./code", "./code/plugins/harness_panel"]
    for place, root in zip(places, sources.values(), strict=True):
        built = []
        for folder in (tmp_path / place, root):
            monkeypatch.chdir(folder)
            with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as wheel:
                built.append({one: wheel.read(one) for one in wheel.namelist()})
        assert built[0] == built[1]


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        (None, "panel-harness-rab==0.1.0"),
        (
            {
                "url": "https://host/harness",
                "subdirectory": "plugins/harness_rab",
                "vcs_info": {"vcs": "git", "commit_id": "ab12"},
            },
            "panel-harness-rab @ git+https://host/harness@ab12#subdirectory=plugins/harness_rab",
        ),
        ({"url": "file:///no/folder/any/more", "dir_info": {}}, "panel-harness-rab==0.1.0"),
    ],
)
def test_what_an_index_or_a_repository_has_is_asked_for_there(monkeypatch, origin, asked):
    monkeypatch.setattr(archive_module, "distribution", lambda _name: Installed(origin))
    sources = archive_module.source_folders(["panel-harness-rab"])
    assert archive_module.own_requirement("panel-harness-rab", "0.1.0", sources) == asked
    assert archive_module.own_code(["panel-harness", "panel-harness-rab"]) == {}


def test_its_metadata_name_every_file_with_its_hash(packed):
    with zipfile.ZipFile(packed[1]) as archive:
        graph = {one["@id"]: one for one in json.loads(archive.read("ro-crate-metadata.json"))["@graph"]}
        names = set(archive.namelist()) - {"ro-crate-metadata.json"}
        assert {one["@id"] for one in graph["./"]["hasPart"]} == names
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in names:
            assert graph[name]["sha256"] == hashlib.sha256(archive.read(name)).hexdigest()
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert [one["@id"] for one in graph["#run"]["object"]] == ["spec.yaml", "tables/grunfeld.csv"]
    assert {"@id": "run/gain.csv"} in graph["#run"]["result"]


def test_data_may_be_left_out_and_are_then_named(packed, tmp_path):
    run, _ = packed
    out = tmp_path / "without.zip"
    assert invoked("pack", run, "--out", out, "--without-data").exit_code == 0
    with zipfile.ZipFile(out) as archive:
        assert "tables/grunfeld.csv" not in archive.namelist()
        text = archive.read("README.md").decode("utf-8")
    digest = hashlib.sha256((run.parent / "tables" / "grunfeld.csv").read_bytes()).hexdigest()
    assert f"- `tables/grunfeld.csv`, SHA-256 `{digest}`" in text


def test_data_are_found_from_any_folder(packed, tmp_path, monkeypatch):
    run, _ = packed
    monkeypatch.chdir(run.parent / "tables")
    for at, words in enumerate(([], ["--data", "grunfeld.csv"])):
        assert invoked("export", "../run", "--to", "r", "--out", tmp_path / str(at), *words).exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "0").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "1").iterdir()
    }


def test_other_data_than_those_of_the_run_are_refused(packed, tmp_path):
    run, _ = packed
    other = tmp_path / "other.csv"
    rows = grunfeld().reset_index().iloc[:150]
    rows.assign(invest=rows["invest"] + 1.0).to_csv(other, index=False)
    said = CliRunner().invoke(cli, ["pack", str(run), "--data", str(other), "--out", str(tmp_path / "x.zip")])
    assert said.exit_code
    assert "are not those of the run" in str(said.exception)


# Headings of the template of the social science data editors.
TEMPLATE = Path(__file__).with_name("headings_of_the_template.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def deposited(packed, tmp_path_factory):
    """Return what packing for all readers says, and the archive."""
    run, _ = packed
    out = tmp_path_factory.mktemp("deposit") / "all.zip"
    readers = [word for reader in ("aea", "dataverse", "zenodo") for word in ("--for", reader)]
    with pytest.MonkeyPatch.context() as patch:
        from_a_folder(patch)
        in_1970(patch)
        said = invoked("pack", run, "--out", out, *readers)
    assert said.exit_code == 0, said.output
    with zipfile.ZipFile(out) as archive:
        return run, said, {name: archive.read(name) for name in archive.namelist()}


def readme(files):
    return files["README.md"].decode("utf-8")


def test_the_readme_has_the_headings_of_the_template_and_is_a_word_file_too(deposited):
    files = deposited[2]
    headings = re.findall(r"^#{2,3} .+$", readme(files), re.MULTILINE)
    assert [one for one in headings if one != "### Codebook"] == TEMPLATE.strip().splitlines()
    word = docx.Document(io.BytesIO(files["README.docx"]))
    shown = [one.text for one in word.paragraphs if one.style.name in ("Heading 2", "Heading 3")]
    assert shown == [one.lstrip("# ") for one in headings]
    cells = [row.cells[1].text for row in word.tables[1].rows]
    assert "Market value | end of year" in cells


def test_what_the_spec_says_is_filled_in_and_the_rest_is_listed(deposited):
    _, said, files = deposited
    text = readme(files)
    assert "- Doe, Jane, A University, https://orcid.org/0000-0002-1825-0097, doe@example.org" in text
    assert "- [x] All data **are** publicly available." in text
    assert "- [x] <10 minutes" in text
    listed = re.findall(r"^to fill in: (.+)$", said.output, re.MULTILINE)
    assert "licence of tables/grunfeld.csv: `data.source.licence`" in listed
    assert not [what for what in listed if "`authors`" in what or "`licence`" in what or "citation" in what]
    marked = {
        one.strip()
        for name in ("README.md", "LICENSE.txt", "dataset.json", ".zenodo.json")
        for one in re.findall(r"TO FILL IN: ([^\n\";)]+)", files[name].decode("utf-8"))
    }
    assert {what.rstrip(".") for what in marked} == {what.rstrip(".") for what in listed}


@pytest.mark.parametrize(
    ("paths", "simulated", "has_data", "told"),
    [
        ("none", False, True, "with the package panel-harness"),
        ("none", True, True, "Simulated by `data.simulate` of `spec.yaml`"),
        ("own", False, False, "- `tables/grunfeld.csv`, SHA-256 `"),
    ],
)
def test_a_readme_says_how_a_reader_has_the_data(packed, paths, simulated, has_data, told):
    sources = RunSources(RunFolder.open(packed[0]), installed(), ALL_INSTALLED)
    again = prepare_again(sources)
    own = {file.path: file.origin for file in again.table.files} if paths == "own" else {}
    again = replace(again, table=replace(again.table, simulated=simulated))
    files, _, warned = deposit(Deposited(sources, again, own, has_data, {}, "harness run"), ["aea"])
    assert told in readme(files)
    assert bool(warned) == has_data


def test_each_output_is_there_and_its_line_of_the_spec_asks_for_it(deposited):
    files = deposited[2]
    spec = files["spec.yaml"].decode("utf-8").splitlines()
    rows = re.findall(r"^\|  \| `spec.yaml`, `([^`]+)` \| (\d+) \| `([^`]+)` \|", readme(files), re.MULTILINE)
    asked = {"all": "spec_version", "scenarios[0]": "use: curve"}
    for part, line, name in rows:
        assert name in files
        assert asked.get(part, f"{part}:") in spec[int(line) - 1], (part, line, name)
    shown = {name for _, _, name in rows}
    assert {
        "run/curves.csv",
        "run/gain.csv",
        "run/figures/curve-invest.svg",
        "run/predictions.parquet",
    } <= shown
    assert {name for name in files if name.startswith("run/figures/") or name.endswith(".tex")} <= shown
    parts = {name: part for part, _, name in rows}
    assert parts["run/curves.csv"] == parts["run/figures/slope-invest.svg"] == "scenarios[0]"
    assert parts["run/coefficients.csv"] == "estimators"


def test_the_codebook_has_labels_units_roles_and_moments_of_every_column(deposited):
    files = deposited[2]
    book = pd.read_csv(io.BytesIO(files["codebook.csv"])).set_index("variable")
    data = pd.read_csv(io.BytesIO(files["tables/grunfeld.csv"]))
    assert set(book.index) == set(data.columns)
    for name in ("invest", "value", "capital"):
        assert book.loc[name, "mean"] == pytest.approx(data[name].mean(), rel=1e-12)
        assert book.loc[name, "max"] == data[name].max()
    assert list(book.loc["value", ["label", "unit", "role"]]) == [
        "Market value | end of year",
        "USD",
        "exposure",
    ]
    assert book.loc["firm", "role"] == "entity"
    assert book.loc["手机号码", "role"] == "unused"


def test_metadata_have_the_forms_of_dataverse_and_zenodo(deposited):
    files = deposited[2]
    block = json.loads(files["dataset.json"])["datasetVersion"]
    fields = {one["typeName"]: one for one in block["metadataBlocks"]["citation"]["fields"]}

    def one(name, value):
        return {"typeName": name, "typeClass": "primitive", "multiple": False, "value": value}

    assert fields["title"] == one("title", "Investment of corporations")
    names = ("authorName", "authorAffiliation", "authorIdentifierScheme", "authorIdentifier")
    jane = ("Doe, Jane", "A University", "ORCID", "0000-0002-1825-0097")
    authors = [{name: one(name, value) for name, value in zip(names, jane, strict=True)}]
    authors.append({"authorName": one("authorName", "Roe")})
    assert fields["author"] == {
        "typeName": "author",
        "typeClass": "compound",
        "multiple": True,
        "value": authors,
    }
    assert fields["datasetContact"]["value"][0]["datasetContactEmail"]["value"] == "doe@example.org"
    assert fields["subject"]["value"] == ["Social Sciences"]
    assert fields["subject"]["typeClass"] == "controlledVocabulary"
    assert block["license"]["name"] == "CC BY 4.0"
    expected = Path(__file__).with_name("zenodo.json").read_text(encoding="utf-8")
    assert json.loads(files[".zenodo.json"]) == json.loads(expected)


def test_columns_that_tell_of_persons_and_absolute_paths_are_warned_of(deposited):
    warned = re.findall(r"^warning: (.+)$", deposited[1].output, re.MULTILINE)
    assert [re.sub(" expected.*| hint.*", "", one).split(": may")[0] for one in warned] == [
        "tables/grunfeld.csv: column 'contact_E-mail'",
        "tables/grunfeld.csv: column '手机号码'",
    ]
    for name in ("phone", "first_name", "name", "home address", "id_card", "身份证号", "birth_date", "tel_1"):
        assert PERSONAL.search(name), name
    for name in ("city_name", "mailing_costs", "telecom", "addressed", "country", "idea", "hotel", "地区"):
        assert not PERSONAL.search(name), name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /home/jane/study/a.csv, and", "/home/jane/study/a.csv"),
        ('"path": "C:\\\\Users\\\\jane\\\\a.csv"', "C:\\\\Users\\\\jane\\\\a.csv"),
        ("D:/data/a.csv", "D:/data/a.csv"),
        ("https://example.org/home/jane/a.csv", ""),
        ("tables/home/a.csv and 1:/2", ""),
    ],
)
def test_an_absolute_path_is_found_in_any_text(text, found):
    said = [problem.what for problem in _absolute({"run/a.json": text.encode(), "code/b.md": text.encode()})]
    assert said == ([f"names the absolute path {found}"] if found else [])


@pytest.mark.slow
def test_a_deposit_of_the_wage_study_runs_again_by_its_readme(tmp_path):
    study, again = tmp_path / "study", tmp_path / "again"
    study.mkdir()
    (study / "wage_panel.yaml").write_bytes((ROOT / "specs/wage_panel.yaml").read_bytes())

    def call(folder, *words):
        done = python("-m", "harness", *words, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    call(study, "run", "wage_panel.yaml", "--quick", "--out", "run")
    assert "warning" not in call(study, "pack", "run", "--for", "aea")
    with zipfile.ZipFile(study / "run.zip") as archive:
        archive.extractall(again)
    for words in lines_of(study / "run.zip"):
        call(again, *words[1:])
