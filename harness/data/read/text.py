"""Reading delimited text strictly: every record has the header's fields, every fault has its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from harness.data.locations import FEW
from harness.data.read.decode import decode
from harness.data.read.header import check_header
from harness.data.read.signature import refuse_signature, signature
from harness.data.read.source import Reading, Source
from harness.data.read.type_inference import texts, type_texts
from harness.errors import DataError, Problem

_OTHER_SEPARATORS = (";", "\t", "|", ",")


@dataclass(frozen=True)
class _Record:
    """The fields of one record, and the line it begins on."""

    line: int
    fields: list[str]


def read_text(source: Source) -> Reading:
    """Read a csv, tsv or txt file.

    Numbers are those of the C locale, without thousands separators. The entity column is text as it stands,
    so that ``007`` and ``NA`` keep their meaning.

    Raises
    ------
    DataError
        Where the file is no text in its encoding, has no columns or rows, or records of several lengths.
    """
    if signature(source.content):
        refuse_signature(source.content, origin=source.origin, expected="a text file")
    records = _records(decode(source), source)
    header = next(records, None)
    if header is None:
        raise DataError(
            Problem(
                source.origin, "no columns: the file is empty", "a header and rows", "export the data again"
            )
        )
    names = check_header(header.fields, source.origin)
    _refuse_separator(names, source)
    body = list(records)
    _refuse_ragged(body, len(names), source.origin)
    source.refuse_size(len(body), len(names))
    missing = frozenset(source.spec.missing_values)
    columns = {}
    for name, cells in zip(names, zip(*(record.fields for record in body), strict=True), strict=True):
        columns[name] = texts(cells) if name == source.entity else type_texts(cells, missing)
    lines = pd.Index([record.line for record in body], name="line")
    return Reading(pd.DataFrame(columns).set_axis(lines, axis="index"))


def _records(text: str, source: Source) -> Iterator[_Record]:
    """Yield the records that are not blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.spec.separator, strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield _Record(line, fields)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            Problem(
                where=f"{source.origin}: line {line}",
                what=f"a quoted field that begins here does not end as it should ({error})",
                expected='quotes in pairs; a quote inside a quoted field written twice: ""',
                hint="close or double the quote",
            )
        ) from error


def _refuse_separator(names: list[str], source: Source) -> None:
    used = [mark for mark in _OTHER_SEPARATORS if mark in names[0] and mark != source.spec.separator]
    if len(names) == 1 and used:
        found = "a tab" if used[0] == "\t" else used[0]
        raise DataError(
            Problem(
                where=f"{source.origin}: header",
                what=f"1 column found; are the fields separated by {found}?",
                expected=f"fields separated by {source.spec.separator!r}",
                hint=f"data: separator: {used[0]!r}".replace("'", '"'),
            )
        )


def _refuse_ragged(body: list[_Record], n_fields: int, origin: str) -> None:
    if not body:
        raise DataError(Problem(origin, "0 rows: there is a header only", "at least one row"))
    ragged = [record for record in body if len(record.fields) != n_fields]
    if ragged:
        shown = [f"{record.line} ({len(record.fields)} fields)" for record in ragged[:FEW]]
        more = f" and {len(ragged) - FEW} more" if len(ragged) > FEW else ""
        raise DataError(
            Problem(
                where=f"{origin}: line{'s' if len(ragged) > 1 else ''} {', '.join(shown)}{more}",
                what=f"{len(ragged)} of {len(body)} rows do not have the {n_fields} fields of the header",
                expected=f"{n_fields} fields in every row",
                hint="add the fields that lack, or quote the ones that contain the separator",
            )
        )
