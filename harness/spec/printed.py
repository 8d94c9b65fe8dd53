"""Numbers as they were printed, and with how many decimals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from harness.spec.document import Document
from harness.spec.node import Node
from harness.spec.spec_model import SpecModel

Number = Annotated[float, Field(allow_inf_nan=False)]

_WITHOUT_VALUE = "direction"


class PrintedNumber(SpecModel):
    """A number that was rounded when it was printed.

    Attributes
    ----------
    value : as printed, zeros at its end included: they say how it was rounded
    digits : decimals it was rounded to, where its text does not say so; -1 for "about 920"
    """

    value: Number
    digits: Annotated[int, Field(ge=-20, le=20)] | None = None

    @property
    def n_decimals(self) -> int:
        """Decimals the value was rounded to; below zero for tens, hundreds and so on."""
        if self.digits is not None:
            return self.digits
        return 0 if self.value.is_integer() else decimals(repr(self.value))

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: the most that rounding can have changed the value by."""
        return 0.5 * 10.0**-self.n_decimals

    @property
    def printed(self) -> str:
        """The value with the decimals it was printed with."""
        return f"{self.value:.{max(self.n_decimals, 0)}f}"


def decimals(text: str) -> int:
    """Return the decimals of a number as written: 4 for ``0.0010``, 0 for ``920``, -1 for ``9.2e2``."""
    exponent = Decimal(text).as_tuple().exponent
    if not isinstance(exponent, int):
        message = f"{text} is not a finite number"
        raise TypeError(message)
    return -exponent


def with_printed_digits(document: Document) -> dict[str, Any]:
    """Return the document's values, with the decimals of each printed number as its ``digits``.

    A number does not know how it was written, 0.0010 is 0.001, so this is read from the text. Digits that an
    entry gives itself stay.
    """
    data = dict(document.data)
    for key, is_printed in _PRINTED.items():
        listed = document.root.child(key)
        if listed is not None and isinstance(listed.content, tuple):
            data[key] = [
                _with_digits(entry) if is_printed(entry) else entry.plain() for entry in listed.content
            ]
    return data


def _is_number_claimed(claim: Node) -> bool:
    quantity = claim.child("quantity")
    return quantity is not None and quantity.content != _WITHOUT_VALUE


def _has_no_tolerance(expectation: Node) -> bool:
    return expectation.child("absolute") is None and expectation.child("relative") is None


_PRINTED: Mapping[str, Callable[[Node], bool]] = {"claims": _is_number_claimed, "expect": _has_no_tolerance}
"""Lists of a spec that hold printed numbers, and which of their entries do."""


def _with_digits(entry: Node) -> Any:  # noqa: ANN401 - an entry may be anything until it is validated
    plain, value = entry.plain(), entry.child("value")
    if value is not None and isinstance(value.content, float) and math.isfinite(value.content):
        return {"digits": decimals(value.text), **plain}
    return plain
