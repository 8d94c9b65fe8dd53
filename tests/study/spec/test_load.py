"""A right spec becomes a study; a wrong one gives one error with every mistake, its place and its remedy."""

import csv
import hashlib
import json
import math
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import ROOT
from harness.errors import SpecError
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.prepare import prepare
from harness.study.spec import reader
from harness.study.spec.document import Document, read_document, written_spec
from harness.study.spec.load import load_study
from harness.study.spec.reader import MAX_DIGITS, Place, parse_yaml, read_scalar, spec_error


def problems(load, text, *overrides):
    with pytest.raises(SpecError) as caught:
        load(text, *overrides)
    return caught.value.problems


def only(load, text, *overrides):
    (problem,) = problems(load, text, *overrides)
    return problem


# What is right


def test_entries_are_built_from_their_options(load, good):
    study = load(good).study
    _, net, bag = study.estimators
    assert [(estimator.id, estimator.use, estimator.label) for estimator in study.estimators] == [
        ("ols", "ols", ""),
        ("small_net", "net", "A small network"),
        ("bag", "bag", ""),
    ]
    assert (net.estimator.hidden, net.estimator.activation) == (3, "tanh")
    assert (bag.estimator.draws, bag.estimator.base.activation) == (50, "sigmoid")
    rows, groups = study.evaluation.protocols
    assert (rows.id, rows.protocol.share) == ("rows", 0.1)
    assert (groups.id, groups.use, groups.protocol.folds) == ("groups", "groups", 4)
    (curve,) = study.scenarios
    assert (curve.id, curve.use, curve.scenario.grid) == ("curve", "curve", 30)


def test_a_study_survives_pickling_for_workers(load, good):
    study = load(good).study
    assert pickle.loads(pickle.dumps(study)) == study  # noqa: S301 - our own bytes, as workers are sent them


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "=cmd", "a\nb", "../x", "x" * 300, "CON", "${HOME}", "{{7*7}}"]
)
def test_s19_and_s32_hostile_titles_are_kept_as_text(load, good, title):
    written = good.replace("Digital economy and city carbon emissions", json.dumps(title))
    assert load(written).study.title == title


@given(random=st.randoms())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_keys_does_not_matter(load, good, random):
    def shuffled(value):
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shuffled(entry) for key, entry in items}
        return [shuffled(entry) for entry in value] if isinstance(value, list) else value

    first = load(good)
    other = load(json.dumps(shuffled(first.document.data)))
    assert other.study == first.study
    assert other.document.data == first.document.data


def test_mistakes_are_named_with_place_value_and_remedy(untold, good):
    assert untold("spec", good) == {}


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(load, good):
    text = (
        good.replace("study: digital-carbon", "study: Digital Carbon")
        .replace("seed: 20251", "seed: 20251\nseed: 5")
        .replace("dataset: cities", "dataset: !city cities")
        .replace("controls: [density", "controls: [co2")
        .replace("use: net, hidden: 3", "use: nett, hidden: 3")
        .replace("draws: 50", "draw: 50")
        .replace("reference: ols", "reference: olss")
        .replace("folds: 4", "folds: 1")
        .replace("use: curve, grid: 30", "grid: 30")
        .replace("formats: [html]", "format: [html]")
    )
    assert [problem.where for problem in problems(load, text)] == [
        "x.yaml:2:1: study",
        "x.yaml:5:1",
        "x.yaml:7:12",
        "x.yaml:17:3: roles.controls",
        "x.yaml:22:21: estimators[1].use",
        "x.yaml:23:55: estimators[2].draw",
        "x.yaml:25:3: evaluation.reference",
        "x.yaml:26:35: evaluation.protocols[1].folds",
        "x.yaml:28:5: scenarios[0]",
        "x.yaml:29:10: report.format",
    ]


def test_an_empty_spec_names_every_key_it_needs(load):
    found = problems(load, "description: nothing\n")
    missing = [problem.what for problem in found]
    # The protocols that stand in for missing ones are not among this test's.
    keys = ["spec_version", "study", "data", "roles", "estimators", "protocols"]
    assert missing == [f"the key '{key}' is missing" for key in keys]
    assert {problem.where for problem in found} == {"x.yaml:1:1", "x.yaml:1:1: evaluation"}


def test_s31_a_newer_version_is_the_only_mistake_told(load):
    problem = only(load, "spec_version: 2\nwhatever: 1\n")
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.what == "version 2 of the spec format is newer than this harness reads"
    assert "pip install --upgrade panel-harness" in problem.hint


@pytest.mark.parametrize("version", ["true", "1.0", "'1'"])
def test_a_version_that_is_no_number_is_reported_with_the_rest(load, good, version):
    problem = only(load, good.replace("spec_version: 1", f"spec_version: {version}"))
    assert problem.where == "x.yaml:1:1: spec_version"
    assert problem.expected == "1"


def test_one_name_stands_for_a_list_of_one(load, good):
    study = load(good, "estimators=ols", "evaluation.protocols=rows", "scenarios=curve").study
    assert [entry.id for entry in study.estimators] == ["ols"]
    assert [entry.id for entry in study.evaluation.protocols] == ["rows"]
    assert [entry.id for entry in study.scenarios] == ["curve"]


def test_a_plugin_whose_options_cannot_be_read_breaks_no_message(load, good, catalogs, monkeypatch):
    class Unreadable:
        """Its annotation names nothing."""

        __annotations__ = {"x": "NoSuchType"}

    import dataclasses

    unreadable = dataclasses.dataclass(Unreadable)
    monkeypatch.setitem(catalogs["estimator"].members, "bad", unreadable)
    assert only(load, good.replace("hidden: 3", "hiden: 3")).what == "unknown key 'hiden'"


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("seed=7", lambda study: study.seed, 7),
        ("title='a = b'", lambda study: study.title, "a = b"),
        ("estimators[2].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators[bag].draws=5", lambda study: study.estimators[2].estimator.draws, 5),
        ("estimators.bag.base.hidden=9", lambda study: study.estimators[2].estimator.base.hidden, 9),
        (
            "evaluation.protocols.groups.folds=2",
            lambda study: study.evaluation.protocols[1].protocol.folds,
            2,
        ),
        (
            "evaluation.protocols=[{use: rows, share: 0.5}]",
            lambda s: s.evaluation.protocols[0].protocol.share,
            0.5,
        ),
        ("scenarios.curve.grid=3", lambda study: study.scenarios[0].scenario.grid, 3),
        (
            "variables[gdp per head].label=Income",
            lambda study: study.variables["gdp per head"].label,
            "Income",
        ),
        ("roles.controls=[roads]", lambda study: study.roles.controls, ("roads",)),
    ],
)
def test_a_value_is_put_over_the_one_of_the_file(load, good, override, read, value):
    study = load(good, override).study
    assert read(study) == value
    assert study != load(good).study


def test_later_overrides_win_and_the_rest_stays(load, good):
    plain, changed = load(good), load(good, "seed=7", "seed=8")
    assert changed.study == plain.study.model_copy(update={"seed": 8})
    assert changed.document.text == plain.document.text
    assert changed.document.sha256 == plain.document.sha256
    assert changed.document.data == {**plain.document.data, "seed": 8}


def test_a_list_that_the_file_does_not_have_is_made(load, good):
    shorter = good.replace("report: {formats: [html]}\n", "")
    assert load(shorter, "report.formats=[latex]").study.report.formats == ("latex",)


def test_a_wrong_override_is_named_as_it_was_given(load, good, told_of):
    found = {}
    for override in told_of("overrides"):
        with pytest.raises(SpecError) as caught:
            load(good, override)
        found[override] = str(caught.value)
    assert found == told_of("overrides")


def test_all_wrong_overrides_are_reported(load, good):
    with pytest.raises(SpecError) as caught:
        load(good, "x", "seed=5", "y", "estimators.z=5")
    assert [problem.where for problem in caught.value.problems] == [
        "--set x",
        "--set y",
        "--set estimators.z=5: estimators",
    ]


SPECS = sorted(path for path in (ROOT / "specs").rglob("*.yaml") if path.parent.name != "gallery")
WITH_DATA = [path for path in SPECS if not path.name.startswith("country_")]


def test_every_column_has_a_rule_with_a_type():
    for path in SPECS:
        study = load_study(path, catalogs=installed().catalogs).study
        keys = (study.roles.entity, study.roles.time)
        inputs = [name for step in study.data.steps for name in (*step.inputs, step.into)]
        groups = [name for entry in study.scenarios for name in entry.scenario.columns]
        used = {*keys, *study.roles.variables, *inputs, *groups}
        assert used - {name for name, rule in study.data.schema.items() if rule.type} == set(), path


@pytest.mark.parametrize("path", WITH_DATA, ids=lambda path: path.stem)
def test_the_data_keep_the_rules(path):
    prepared = prepare(RunOptions(spec=path), installed())
    assert prepared.panels.n_obs > 0
    assert prepared.plan.study.data.checks


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{here}: &{here} [{','.join([f'*{before}'] * 9)}]\n"
    for before, here in zip("abcdefgh", "bcdefghi", strict=True)
)

FATAL = {
    "S6 alias bomb": (BOMB, "x.yaml:4:8: aliases repeat more than 1,000 values"),
    "S8 deep lists": ("a: " + "[" * 2000, "x.yaml:1:35: mappings and lists are nested more than 32 deep"),
    "S8 deep mappings": (
        "".join(" " * depth + "a:\n" for depth in range(500)),
        "x.yaml:33:33: mappings and lists are nested more than 32 deep",
    ),
    "S12 latin-1": ("a: 1\nb: café\n".encode("latin-1"), "x.yaml:2:7: not UTF-8: byte 11 is 0xE9"),
    "S12 GBK": ("a: 1\nb: 城市\n".encode("gbk"), "x.yaml:2:4: not UTF-8: byte 8 is 0xB3"),
    "S12 UTF-16": ("a: 1\n".encode("utf-16"), "x.yaml:1:1: not UTF-8: byte 0 is 0xFF"),
}


@pytest.mark.parametrize(("text", "message"), FATAL.values(), ids=FATAL)
def test_a_text_that_is_no_spec_is_refused_with_place_and_remedy(spec_file, text, message):
    with pytest.raises(SpecError) as caught:
        read_document(spec_file(text))
    assert str(caught.value).startswith(message)
    assert all(problem.expected and problem.hint for problem in caught.value.problems)


def test_texts_that_are_no_spec_or_have_flaws_are_told_of_with_their_places(spec_file, told_of):
    found = {}
    for name, case in told_of("texts").items():
        try:
            found[name] = str(spec_error(read_document(spec_file(case["text"])).flaws))
        except SpecError as error:
            found[name] = str(error)
    assert found == {name: case["told"] for name, case in told_of("texts").items()}
    assert not Path("sentinel").exists()


def test_what_was_found_before_a_fatal_mistake_is_reported_with_it(spec_file):
    with pytest.raises(SpecError) as caught:
        read_document(spec_file("a: !x 1\na: 2\nb: *c\n"))
    assert [problem.where for problem in caught.value.problems] == ["x.yaml:1:4", "x.yaml:2:1", "x.yaml:3:4"]


def test_an_alias_bomb_is_refused_before_it_expands(spec_file):
    path = spec_file(BOMB)
    tracemalloc.start()
    with pytest.raises(SpecError):
        read_document(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 1024**2  # expanded, it has 3.8e8 values


def test_a_few_aliases_are_followed(spec_file):
    document = read_document(spec_file("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n"))
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}
    assert document.place(("c",)) == "x.yaml:2:1: c"
    assert document.place(("c", "b")) == "x.yaml:1:8: c.b"


def test_byte_order_mark_windows_line_ends_and_chinese_are_read(spec_file):
    document = read_document(spec_file("\ufeff城市: 北京\r\nb: 1\r\n".encode()))
    assert document.data == {"城市": "北京", "b": 1}
    assert document.place(("b",)) == "x.yaml:2:1: b"


def test_sha256_is_of_the_bytes(spec_file):
    raw = b"\xef\xbb\xbfa: 1\r\n"
    assert read_document(spec_file(raw)).sha256 == hashlib.sha256(raw).hexdigest()


# Files that are none


def refused(path):
    with pytest.raises(SpecError) as caught:
        read_document(path)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("none.yaml", "there is no such file"),
        (".", "this is a directory"),
        ("pipe", "this is a device or a pipe"),
        ("/dev/zero", "this is a device or a pipe"),
        ("a\0b", "this cannot be read"),
    ],
    ids=["missing", "directory", "pipe", "endless device", "no name of a file"],
)
def test_what_is_no_regular_file_is_refused(tmp_path, name, what):
    os.mkfifo(tmp_path / "pipe")
    assert what in refused(tmp_path / name)


def test_a_file_that_may_not_be_read(spec_file, monkeypatch):
    path = spec_file("a: 1\n")

    def forbidden(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert "this file may not be read" in refused(path)


def test_a_file_of_two_gigabytes_is_refused_by_its_size_alone(tmp_path, monkeypatch):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    assert "2,147,483,648 bytes are too many for a spec" in refused(path)


def test_a_binary_file_gives_a_short_error(spec_file):
    with pytest.raises(SpecError) as caught:
        read_document(spec_file(b"\0" * 5000))
    assert len(caught.value.problems) == reader.MAX_CONTROL_CHARACTERS


# Places and hashes

KEYS = st.text("abcdefgh_城市", min_size=1, max_size=6).filter(
    lambda key: key not in ("null", "true", "false")
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def document_of(text):
    parsed = parse_yaml(text, Place("x.yaml", 1, 1))
    return Document(Path("x.yaml"), text, "", parsed.root, parsed.flaws)


def paths_of(value, path=()):
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for segment, child in children:
        yield from paths_of(child, (*path, segment))


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_value_is_found_where_it_was_written(data):
    text = json.dumps(data, indent=2, ensure_ascii=True)
    lines = text.splitlines()
    document = document_of(text)
    for path in paths_of(data):
        place = document.find(path)
        assert place.path == path
        if path and isinstance(path[-1], str):
            written = lines[place.line - 1][place.column - 1 :]
            assert written.startswith(json.dumps(path[-1], ensure_ascii=True))
        assert document.find((*path, "(choice)", "no such key")) == place


def test_a_file_of_data_is_no_spec(tmp_path):
    file = tmp_path / "cities.csv"
    file.write_text("city,year,y\na,1,2\n")
    with pytest.raises(SpecError) as caught:
        read_document(file)
    assert caught.value.what == "is a file of data by its name, and no spec"
    assert caught.value.hint == f"`harness init {file}` drafts one for it"


# Scalars as they are written, and their values in JSON.
with Path(__file__).with_name("scalars.csv").open(encoding="utf-8") as file:
    SCALARS = [(row["text"], json.loads(row["value"])) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=repr)
def test_plain_scalars_mean_what_the_core_schema_says(text, value):
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number():
    assert math.isnan(read_scalar(".nan"))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_as_json_writes_them_are_read_exactly(number):
    text = json.dumps(number)
    read = read_scalar(text)
    assert read == number
    assert type(read) is type(number)


@pytest.mark.parametrize(
    "text", ["9" * (MAX_DIGITS + 1), "1e999", "-1e999"], ids=["digits", "float", "minus"]
)
def test_absurd_numbers_are_refused(text):
    with pytest.raises(ValueError, match="number"):
        read_scalar(text)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)
WRITTEN_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | TEXT
    | st.sampled_from(
        ["yes", "no", "on", "~", "null", "true", "0o7", "0x1F", "1_000", "1e5", ".5", "012", ""]
    )
    | st.sampled_from(
        ["a: b", "# c", "- d", "[e", "{f", "*g", "&h", "!i", "%j", "@k", "'", '"', "x\ny", " z "]
    )
)
WRITTEN_VALUES = st.recursive(
    WRITTEN_SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, WRITTEN_VALUES, max_size=5))
def test_values_come_back_as_they_were(values):
    document = read_document(written_spec(values))
    assert document.flaws == ()
    assert repr(document.data) == repr(values)


def test_keys_keep_their_order_and_short_lists_stay_on_one_line():
    assert written_spec({"seed": 1, "data": {"path": "a.csv"}, "x": ["b", "a"]}).text == (
        "seed: 1\ndata: {path: a.csv}\nx: [b, a]\n"
    )


def test_tuples_paths_and_numpy_numbers_have_plain_forms():
    values = {
        "a": (1, 2),
        "b": Path("x") / "y.csv",
        "c": np.float64(0.1),
        "d": np.int64(3),
        "e": np.bool_(True),
    }
    found = read_document(written_spec(values)).data
    assert found == {"a": [1, 2], "b": "x/y.csv", "c": 0.1, "d": 3, "e": True}
    assert type(found["e"]) is bool


def test_a_value_that_stands_twice_is_written_twice():
    shared = {"use": "mlp"}
    assert "&" not in written_spec({"a": [shared, shared]}).text


def test_values_that_yaml_lacks_are_named_by_their_paths():
    with pytest.raises(SpecError) as error:
        written_spec({"a": [{"b": {1, 2}}], 3: "x", "c": 1j})
    assert [problem.where for problem in error.value.problems] == ["spec", "spec: a[0].b", "spec: c"]
    assert "set" in error.value.problems[1].what


def test_mistakes_in_such_a_spec_are_told_by_path_without_lines(catalogs):
    from harness.study.spec.load import load_study

    with pytest.raises(SpecError) as error:
        load_study(written_spec({"spec_version": 1, "study": "X y"}), catalogs=catalogs)
    places = {problem.where for problem in error.value.problems}
    assert "spec: study" in places
    assert not any(":1:" in place for place in places)


def test_a_report_of_nothing_is_a_mistake_next_to_a_standard_paper_too(catalogs):
    from harness.study.spec.load import load_study

    with pytest.raises(SpecError, match=r"spec: report: (found|expected) nothing"):
        load_study(written_spec({"paper": "standard", "report": None}), catalogs=catalogs)


TABLE = """
  - source: Table 1
    where: {estimator: ols}
    rows:
      educ: [0.090, {value: 0.01, here: 0.02, reason: other errors}]
      const: [null, 1.5]
  - {table: details/statistics, where: {estimator: ols}, by: statistic, columns: value, source: Table 1,
     rows: {n_obs: 4360}}
"""


def test_a_table_of_expected_numbers_is_an_entry_for_each_of_them(load, good):
    expected = load(f"{good}expect:{TABLE}").study.expect
    assert [(one.path, one.written, one.from_) for one in expected] == [
        ("coefficients[ols·educ].estimate", "0.090", "publication"),
        ("coefficients[ols·educ].std_error", "0.01", "publication"),
        ("coefficients[ols·const].std_error", "1.5", "publication"),
        ("details/statistics[ols·n_obs].value", "4360", "publication"),
    ]
    assert [one.here for one in expected] == [None, 0.02, None, None]


@pytest.mark.parametrize(
    ("written", "where", "what"),
    [
        ("rows: {educ: [0.09]}", "expect[0].rows.educ", "a list is no row of the table"),
        ("rows: [0.09, 0.01]", "expect[0].rows", "found a list"),
        (
            "rows: {educ: [0.09, {value: 0.1, here: 0.2}]}",
            "expect[1]",
            "another number than the value, unexplained",
        ),
    ],
)
def test_a_table_that_cannot_be_read_is_named(load, good, written, where, what):
    table = f"{good}expect:\n  - {{source: Table 1, where: {{estimator: ols}}, {written}}}\n"
    problem = only(load, table)
    assert (problem.where.endswith(where), problem.what) == (True, what)
