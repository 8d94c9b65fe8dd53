"""Reading Stata files."""

from __future__ import annotations

import io

import pandas as pd

from harness.data.read.header import check_header
from harness.data.read.signature import is_stata, refuse_signature
from harness.data.read.source import Reading, Source, numbered


def read_stata(source: Source) -> Reading:
    """Read a dta file; value labels are left aside, so that a labelled column holds its numbers.

    Raises
    ------
    DataError
        Where the file is broken.
    """
    if not is_stata(source.content):
        refuse_signature(source.content, origin=source.origin, expected="a Stata file")
    with source.read_as("Stata"):
        frame = pd.read_stata(io.BytesIO(source.content), convert_categoricals=False)
    frame.columns = pd.Index(check_header(list(frame.columns), source.origin))
    source.refuse_size(*frame.shape)
    return Reading(numbered(_without_empty_texts(frame)))


def _without_empty_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with empty texts as missing cells, which Stata does not tell apart."""
    text_columns = frame.select_dtypes(include=["object", "string"]).columns
    frame[text_columns] = frame[text_columns].replace("", None)
    return frame
