"""YAML text to a value, with what is wrong with the text."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError

from harness.spec.mistake import Mistake, Place, spec_error
from harness.spec.node import Node
from harness.spec.reader import EventReader, SpotAt

_PLAIN = (
    (r"'\t' that cannot start", "a tab at the start", "indent with spaces"),
    (
        "mapping values are not allowed",
        "this colon is not expected",
        "check the indentation; quote a text with ': '",
    ),
    ("expected <block end>", "this does not fit the lines above", "check the indentation and the quotes"),
    ("unknown escape", "a backslash begins an escape here", "write paths with /, or in single quotes"),
    ("expected escape", "a backslash begins an escape here", "write paths with /, or in single quotes"),
    ("'%' that cannot start", "an unquoted text does not begin with %", "put it in quotes"),
    ("'@' that cannot start", "an unquoted text does not begin with @", "put it in quotes"),
    ("'`' that cannot start", "an unquoted text does not begin with `", "put it in quotes"),
    ("expected ',' or", "a bracket opened before this is not closed", "close it, or add a comma"),
)
"""What the parser says, what is expected, and a hint."""


@dataclass(frozen=True)
class Parsed:
    """A YAML text.

    Attributes
    ----------
    root : its value; null where the text is empty
    flaws : mistakes that leave the rest readable, so that they can be reported with those of the content
    """

    root: Node
    flaws: tuple[Mistake, ...]


def parse_yaml(text: str, spot_at: SpotAt) -> Parsed:
    """Read one YAML 1.2 document.

    Raises
    ------
    SpecError
        Where the text is not YAML, or is more than one shallow document without an alias bomb. The flaws
        found before are part of the error.
    """
    reader = EventReader(YAML(typ="safe", pure=True).parse(text), spot_at)
    try:
        root = reader.document()
    except YAMLError as error:
        raise spec_error([*reader.flaws, _unreadable(error, spot_at)]) from error
    return Parsed(root, tuple(reader.flaws))


def _unreadable(error: YAMLError, spot_at: SpotAt) -> Mistake:
    """Point at the quote that is never closed, else at what the parser could not read."""
    problem = str(getattr(error, "problem", error))
    what, hint = f"this is not YAML: {problem}", "look at this line and the one above"
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, MarkedYAMLError) and "quoted scalar" in str(error.context):
        what, hint = "this quote is not closed", "close it in the same line"
        mark = error.context_mark
    for fragment, plain_what, plain_hint in _PLAIN:
        if fragment in problem:
            what, hint = plain_what, plain_hint
    if not isinstance(mark, StringMark):
        return Mistake(Place(spot_at(1, 1)), what, "YAML 1.2", hint)
    place = Place(spot_at(mark.line + 1, mark.column + 1))
    return Mistake(place, f"{what}\n{mark.get_snippet()}", "YAML 1.2", hint)
