"""Plain scalars as the core schema of YAML 1.2.2 (section 10.3.2) reads them.

It has no dates, no ``yes`` and ``no``, and no underscores in numbers, so such texts stay as they are.
"""

from __future__ import annotations

import math
import re

from harness.study.spec.node import Scalar

MAX_DIGITS = 400
"""Longest number in characters; a double's largest integer has 309."""

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **{"-" + word: -math.inf for word in (".inf", ".Inf", ".INF")},
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BASES = {"0o": 8, "0x": 16}


def read_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar means.

    Raises
    ------
    ValueError
        Where a number has more digits, or is larger, than any number a study could need.
    """
    if text in _WORDS:
        return _WORDS[text]
    is_integer = _INTEGER.fullmatch(text) is not None
    if not is_integer and _FLOAT.fullmatch(text) is None:
        return text
    if len(text) > MAX_DIGITS:
        message = f"a number of {len(text)} characters"
        raise ValueError(message)
    if is_integer:
        base = _BASES.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    value = float(text)
    if math.isinf(value):
        message = f"the number {text} is too large"
        raise ValueError(message)
    return value
