"""Sentences as data: what JSON keeps of them, and that every one has words, in every language alike."""

import dataclasses
import json
import math
from importlib import import_module
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.findings.sentence import Estimate, Sentence, from_json, hints_of, to_json
from harness.text.render import TOPICS

MODULES = (
    *(f"harness.text.{topic}" for topic in TOPICS),
    "harness.suite.findings",
    "harness.calibration.findings",
)
TEXTS = {kind: words for module in MODULES for kind, words in import_module(module).TEXTS.items()}


def bits(value):
    """Return a value whose numbers that are not finite equal each other."""
    if dataclasses.is_dataclass(value):
        return tuple(bits(getattr(value, one.name)) for one in dataclasses.fields(value))
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return "none" if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.parametrize("kind", TEXTS, ids=lambda kind: kind.code())
def test_json_keeps_every_sentence(kind):
    @given(st.from_type(kind))
    def check(sentence):
        text = to_json(sentence)
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert bits(from_json(kind, text)) == bits(sentence)

    check()


def test_what_holds_its_default_is_left_out_and_a_limit_that_is_not_there_is_null():
    from harness.findings.rules.gain import GainVerdict

    one = GainVerdict("ols", "better", "forward", "fe", Estimate(0.5, math.nan, math.nan))
    assert json.loads(to_json(one)) == {
        "reference": "ols",
        "variant": "better",
        "protocol": "forward",
        "estimator": "fe",
        "gain": [0.5, None, None],
    }


def subclasses(kind):
    return {kind, *(one for own in kind.__subclasses__() for one in subclasses(own))}


def test_every_sentence_of_the_harness_has_words_and_its_own_code():
    kinds = {one for one in subclasses(Sentence) if one.__module__.startswith("harness.") and hints_of(one)}
    assert kinds <= TEXTS.keys()
    assert len({kind.code() for kind in TEXTS}) == len(TEXTS)


def test_a_message_names_fields_of_its_sentence_alone():
    import string

    known = {"entity", "entities", "estimator"}
    for kind, words in TEXTS.items():
        if isinstance(words, str):
            fields = {name for _, name, _, _ in string.Formatter().parse(words) if name}
            assert fields <= known | get_type_hints(kind).keys(), kind
