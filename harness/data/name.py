"""Names of columns and of terms made of them: one form for what looks alike, the nearest to a wrong one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from harness.errors import near_names
from harness.language import DIRECTION_MARKS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


_WITHOUT_MARKS = str.maketrans("", "", DIRECTION_MARKS)


def fold_name(name: str) -> str:
    """Return a column name in Unicode form NFC, without direction marks and white space around it."""
    return unicodedata.normalize("NFC", name).translate(_WITHOUT_MARKS).strip()


# A column named in a spec, folded as the headers of files are.
ColumnName = Annotated[str, AfterValidator(fold_name)]


def named_columns(options: DataclassInstance, *, leave_out: str = "") -> tuple[str, ...]:
    """Return the columns that options name, in their order: those of type `ColumnName`, or several of it.

    Of a mapping by column they are sorted, since the order of a mapping means nothing.
    """
    names: list[str] = []
    for option in fields(options):
        # `SeveralColumns` is such a type too.
        if "Column" in str(option.type) and option.name != leave_out:
            value = getattr(options, option.name)
            several = sorted(value) if isinstance(value, Mapping) else value
            names += several if isinstance(several, list | tuple) else [several]
    return tuple(name for name in names if isinstance(name, str))


def as_entries(written: object) -> object:
    """Return the entries of a list; a name alone is one entry, and anything else is returned as it is."""
    if isinstance(written, str):
        return (written,)
    return tuple(written) if isinstance(written, list) else written


class OneOrMany:
    """Annotation of a list of names that a spec may write as one name."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read a name alone as a list of one."""
        return core_schema.no_info_before_validator_function(as_entries, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Allow an item instead of the list."""
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def level_column(column: str, level: str) -> str:
    """Return the name of the column that is 1 for the rows of a level."""
    return f"{column}={level}"


def exposure_columns(exposure: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of an exposure: itself, or one for each of its levels but the first, the base."""
    return tuple(level_column(exposure, level) for level in levels[1:]) or (exposure,)


def _likeness(name: str) -> str:
    """Return what is left of a name without case, width, spaces and punctuation."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def near_columns(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the columns nearest to `name`, or an empty string.

    Names that differ only by case, width of letters, spaces or punctuation come first.
    """
    columns = list(known)
    alike = [column for column in columns if _likeness(column) == _likeness(name)]
    if alike:
        return f"did you mean {' or '.join(repr(column) for column in alike[:3])}?"
    return near_names(name, columns)


# Terms of tables of coefficients that are made of a column: its lags and entity means.
_LAG = re.compile(r"(?P<column>.+) \(lag (?P<lag>\d+)\)")
_MEAN = " (entity mean)"


def lag_term(column: str, lag: int) -> str:
    """Return the term of a column's value of some periods before; of this period, the column's own."""
    return f"{column} (lag {lag})" if lag else column


def lag_of(term: str) -> tuple[str, int] | None:
    """Return the column and the periods of the term of a value of before; None of other terms."""
    found = _LAG.fullmatch(term)
    return None if found is None else (found["column"], int(found["lag"]))


def mean_term(column: str) -> str:
    """Return the term of the means of a column by entity."""
    return f"{column}{_MEAN}"


def mean_of(term: str) -> str | None:
    """Return the column of the term of entity means; None of other terms."""
    return term.removesuffix(_MEAN) if term.endswith(_MEAN) else None
