"""The core schema of YAML 1.2.2, against the table of its section 10.3.2 and the JSON reader of Python."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.study.spec.reader import MAX_DIGITS, read_scalar


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
