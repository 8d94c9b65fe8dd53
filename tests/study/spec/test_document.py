"""Texts that are no spec are refused before they can do harm, each with its place."""

import hashlib
import json
import math
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SpecError
from harness.study.spec import reader
from harness.study.spec.document import Document, read_document, written_spec
from harness.study.spec.node import Place, spec_error
from harness.study.spec.reader import MAX_DIGITS, parse_yaml, read_scalar

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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-19", -19),
        ("+12", 12),
        ("0o7", 7),
        ("0x3A", 58),
        ("0.", 0.0),
        (".5", 0.5),
        ("-2E+05", -200000.0),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("2011-01-31", "2011-01-31"),
        ("12:30:45", "12:30:45"),
        ("0b11", "0b11"),
        ("1.2.3", "1.2.3"),
        ("２０１１", "２０１１"),
        ("${HOME}", "${HOME}"),
        ("nan", "nan"),
    ],
    ids=repr,
)
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
