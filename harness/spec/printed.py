"""How many decimals a published number was printed with."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from harness.spec.document import Document
from harness.spec.node import Node

_WITHOUT_VALUE = "direction"


def decimals(text: str) -> int:
    """Return the decimals of a number as written: 4 for ``0.0010``, 0 for ``920``, -1 for ``9.2e2``."""
    exponent = Decimal(text).as_tuple().exponent
    if not isinstance(exponent, int):
        message = f"{text} is not a finite number"
        raise TypeError(message)
    return -exponent


def with_printed_digits(document: Document) -> dict[str, Any]:
    """Return the document's values, with the decimals of each claim's value as its ``digits``.

    A number does not know how it was written, 0.0010 is 0.001, so this is read from the text. Digits that a
    claim gives itself stay.
    """
    data = dict(document.data)
    claims = document.root.child("claims")
    if claims is not None and isinstance(claims.content, tuple):
        data["claims"] = [_with_digits(claim) for claim in claims.content]
    return data


def _with_digits(claim: Node) -> Any:  # noqa: ANN401 - a claim may be anything until it is validated
    plain = claim.plain()
    value, quantity = claim.child("value"), claim.child("quantity")
    if value is None or quantity is None or quantity.content == _WITHOUT_VALUE:
        return plain
    if isinstance(value.content, float) and math.isfinite(value.content):
        return {"digits": decimals(value.text), **plain}
    return plain
