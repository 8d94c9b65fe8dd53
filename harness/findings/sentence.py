"""What sentences on a run hold: a code, and parameters whose types say how they are shown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints

from harness.language import Coded, message_data, message_of
from harness.tables.table import NAN

# Ids of the study, shown by their labels; a measured variable is shown with its unit.
EstimatorId = Annotated[str, "estimator"]
VariableId = Annotated[str, "variable"]
MeasuredId = Annotated[str, "measured variable"]
ProtocolId = Annotated[str, "protocol"]

# A word that catalogs translate, and a sentence that a table holds.
Word = Annotated[str, "word"]
Reason = Annotated[str, "reason"]

# Numbers: a count, a p-value, a share of one with a decimal of a per cent and without, others by their
# digits.
Count = Annotated[int, "count"]
PValue = Annotated[float, "p-value"]
Share = Annotated[float, "share"]
WholeShare = Annotated[float, "whole share"]
Ratio = Annotated[float, "ratio"]
Statistic = Annotated[float, "statistic"]
Hundredths = Annotated[float, "hundredths"]

# First and last point of a stretch of a grid, one point where they are alike; and several.
Stretch = tuple[float, float]
Stretches = tuple[Stretch, ...]


class Estimate(NamedTuple):
    """A number with the limits of its interval."""

    value: float
    low: float
    high: float


NO_ESTIMATE = Estimate(NAN, NAN, NAN)


@dataclass(frozen=True)
class Sentence:
    """A sentence before it is put into words: its fields are what it holds.

    A field with a default may be left out. What a sentence is about, an outcome and an estimator, is in the
    row that has it.

    Attributes
    ----------
    is_blocking : of a sentence that stands against a finding, whether it keeps that from being taken for
        something that is there
    """

    is_blocking: ClassVar[bool] = False

    @classmethod
    def code(cls) -> str:
        """Return the name of the class in lower case, such as ``within_effect``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


SentenceT = TypeVar("SentenceT", bound=Sentence)


def to_json(value: object) -> str:
    """Return a sentence, or plain data of several, as JSON; null for a number that is not finite."""
    return json.dumps(plain_data(value), ensure_ascii=False)


def plain_data(value: Any) -> Any:  # noqa: ANN401 - plain data
    """Return a value as JSON has it; fields that hold their default are left out."""
    if is_dataclass(value):
        held = {one.name: getattr(value, one.name) for one in fields(value) if not _is_default(one, value)}
        return {name: plain_data(one) for name, one in held.items()}
    if isinstance(value, Coded):
        return {"text": str(value), **message_data(value)}
    if isinstance(value, Mapping):
        return {name: plain_data(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_default(field: Any, value: Any) -> bool:  # noqa: ANN401 - any field of any dataclass
    held, default = getattr(value, field.name), field.default
    return default is not MISSING and (held == default or (held != held and default != default))


def from_json(kind: type[SentenceT], text: str) -> SentenceT:
    """Return the sentence that `to_json` wrote.

    Raises
    ------
    KeyError, TypeError
        Where the text holds other fields than the class has.
    """
    read: SentenceT = typed_value(kind, json.loads(text))
    return read


def typed_value(kind: Any, value: Any) -> Any:  # noqa: ANN401 - of the type that is given
    """Return plain data as a value of a type: a dataclass, a tuple, or a number, NaN for null."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if is_dataclass(kind):
        record = cast("Any", kind)
        hints = hints_of(record)
        return record(**{name: typed_value(hints[name], one) for name, one in value.items()})
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return kind(*(typed_value(float, one) for one in value))
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        kinds = kinds[:1] * len(value) if kinds[1:] == (...,) else kinds
        return tuple(typed_value(one, part) for one, part in zip(kinds, value, strict=True))
    if kind is float:
        return NAN if value is None else float(value)
    if kind is str:
        return message_of(value)
    return value


def hints_of(kind: type) -> Mapping[str, Any]:
    """Return the types of the fields of a dataclass, with what they are shown as."""
    return _hints(cast("Hashable", kind))


@cache
def _hints(kind: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a dataclass, for which types have no hash
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: hints[one.name] for one in fields(kind)}
