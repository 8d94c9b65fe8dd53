"""A spec that extends another is that one with its changes, and stands alone where it is kept."""

import hashlib
import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

import harness
from command import ROOT
from harness.audit.sources import RunSources, prepare_again
from harness.audit.verification import verify
from harness.errors import ArtifactError, SpecError
from harness.installed import installed
from harness.registry.choice import ALL_INSTALLED
from harness.running.folder import RunFolder
from harness.study.spec.document import node_text, read_document, read_spec, written_spec
from harness.study.spec.json_schema import file_schema
from harness.study.spec.load import with_printed_digits
from small_run import LEAST, run_small

BASE = """\
spec_version: 1
study: base
data: {simulate: {use: s_curve, noise: 0.5}, prepare: [{log: {into: ly, of: y}}]}
roles: {entity: id, time: t, outcomes: [y], exposure: d, controls: [a, b]}
claims:
  - {quantity: mse, value: 0.0010}
expect:
  - {table: gain, column: gain, value: 1}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")

    def write(text, name="changed.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path.relative_to(tmp_path)

    return write


def test_mappings_are_joined_and_what_is_none_is_replaced_appended_or_removed(written):
    path = written(
        "extends: base.yaml\nstudy: changed\n"
        "data: {simulate: {noise: 0.1}, prepare: {append: [{square: {into: dd, of: d}}]}}\n"
        "roles: {controls: [a], outcomes: {append: [ly]}}\nclaims: null\n"
    )
    assert read_spec(path).data == {
        "spec_version": 1,
        "study": "changed",
        "data": {
            "simulate": {"use": "s_curve", "noise": 0.1},
            "prepare": [{"log": {"into": "ly", "of": "y"}}, {"square": {"into": "dd", "of": "d"}}],
        },
        "roles": {"entity": "id", "time": "t", "outcomes": ["y", "ly"], "exposure": "d", "controls": ["a"]},
    }


def test_options_are_not_joined_to_those_of_another_choice(written):
    path = written("extends: base.yaml\ndata: {simulate: {use: linear}}\n")
    assert read_spec(path).data["data"]["simulate"] == {"use": "linear"}


def test_what_is_expected_of_a_spec_holds_of_it_alone(written):
    own = [{"table": "gain", "column": "gain", "value": 2}]
    path = written(f"extends: base.yaml\nexpect: {json.dumps(own)}\n")
    assert read_spec(path).data["expect"] == own
    assert "expect" not in read_spec(written("extends: base.yaml\n", "other.yaml")).data


def test_a_chain_of_files_in_folders_is_followed_and_places_name_the_file_that_has_them(written):
    written("extends: ../base.yaml\nroles: {exposure: dd}\n", "deep/middle.yaml")
    document = read_spec(written("extends: middle.yaml\nstudy: last\n", "deep/last.yaml"))
    assert (document.data["study"], document.data["roles"]["exposure"]) == ("last", "dd")
    assert document.place(("study",)) == "deep/last.yaml:2:1: study"
    assert document.place(("roles", "exposure")) == "deep/middle.yaml:2:9: roles.exposure"
    assert document.place(("roles", "time")).endswith("base.yaml:4:21: roles.time")


def test_the_joined_text_needs_no_other_file_and_keeps_digits_as_printed(written, tmp_path):
    document = read_spec(written("extends: base.yaml\nstudy: changed\n"))
    (tmp_path / "alone.yaml").write_text(document.text, encoding="utf-8")
    alone = read_document(tmp_path / "alone.yaml")
    assert alone.data == document.data
    assert document.sha256 == hashlib.sha256(document.text.encode()).hexdigest()
    assert with_printed_digits(alone)["claims"] == [{"quantity": "mse", "value": 0.001, "digits": 4}]


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_text_made_of_values_is_read_as_the_same_values_with_the_same_digits(path, tmp_path):
    document = read_document(path)
    copy = tmp_path / path.name
    copy.write_text(node_text(document.root), encoding="utf-8")
    assert with_printed_digits(read_document(copy)) == with_printed_digits(document)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("missing.yaml", "missing.yaml: there is no such file"),
        ("/etc/hostname", "changed.yaml:1:1: extends: '/etc/hostname' lies outside of the current folder"),
        ("../../x.yaml", "changed.yaml:1:1: extends: '../../x.yaml' lies outside of the current folder"),
        ("changed.yaml", "changed.yaml:1:1: extends: 'changed.yaml' extends this file itself"),
        ("circle.yaml", "circle.yaml:1:1: extends: 'changed.yaml' extends this file itself"),
        ("[base.yaml]", "changed.yaml:1:1: extends: found a list"),
    ],
)
def test_what_cannot_be_extended_is_refused_at_its_place(written, named, message):
    written("extends: changed.yaml\n", "circle.yaml")
    with pytest.raises(SpecError) as caught:
        read_spec(written(f"extends: {named}\n"))
    assert str(caught.value).startswith(message)
    assert all(problem.expected and problem.hint for problem in caught.value.problems)


def test_a_link_out_of_the_folder_is_not_followed(written, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text(BASE, encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(outside)
    with pytest.raises(SpecError, match="lies outside of the current folder"):
        read_spec(written("extends: link.yaml\n"))


def test_a_spec_that_is_no_file_extends_none(tmp_path):
    with pytest.raises(SpecError, match="a spec that is no file extends none"):
        run_small(tmp_path / "run", spec={"extends": "base.yaml"})


def test_a_run_keeps_the_joined_spec_verifies_and_is_prepared_again(written, tmp_path):
    written(written_spec({**LEAST, "data": {"dataset": "grunfeld"}}).text, "least.yaml")
    path = written("extends: least.yaml\nroles: {controls: null}\n")
    harness.run(path, out=tmp_path / "run", progress=False)
    folder = RunFolder.open(tmp_path / "run")
    assert read_document(folder.path / "spec.yaml").data["roles"] == {
        key: value for key, value in LEAST["roles"].items() if key != "controls"
    }
    assert [check.problems for check in verify(folder, catalogs=installed().catalogs) if check.problems] == []
    sources = RunSources(folder, installed(), ALL_INSTALLED)
    assert prepare_again(sources).plan.study.roles.controls == ()
    written("extends: least.yaml\n")
    with pytest.raises(ArtifactError, match="was changed since the run"):
        prepare_again(replace(sources, spec=path))


def test_the_schema_of_a_file_takes_changes_and_asks_a_whole_spec_for_its_keys():
    check = Draft202012Validator(file_schema(installed().catalogs))
    assert not list(check.iter_errors({"extends": "x.yaml", "roles": {"controls": {"append": ["gdp"]}}}))
    assert list(check.iter_errors({"study": "x"}))
    assert list(check.iter_errors({"extends": "x.yaml", "roles": {"controls": {"append": 1}}}))
    assert list(check.iter_errors({"extends": "x.yaml", "unknown": 1}))
    for path in sorted((ROOT / "specs").rglob("*.yaml")):
        assert not list(check.iter_errors(dict(read_document(path).data))), path
