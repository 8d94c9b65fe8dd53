"""Text in CSV cells that a spreadsheet would run as a formula."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _shielded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS) else value


def _unshielded(value: object) -> object:
    hidden = isinstance(value, str) and value.startswith("'") and value[1:].startswith(_STARTS)
    return value[1:] if hidden and isinstance(value, str) else value


def _mapped(frame: pd.DataFrame, change: Callable[[object], object]) -> pd.DataFrame:
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{name: frame[name].map(change) for name in texts})


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an apostrophe before text that begins like a formula; numbers stay."""
    return _mapped(frame, _shielded)


def unescape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Undo `escape_formulas`."""
    return _mapped(frame, _unshielded)
