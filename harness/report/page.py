"""The HTML report: everything it shows in one value, rendered without a script or a link outside."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.data.note import Note
from harness.report.canvas import Drawing
from harness.report.digits import count, percent, significant
from harness.report.gain_table import SYMBOLS
from harness.report.manifest import EstimatorEntry, Manifest
from harness.report.results import Results, Standing
from harness.report.rows import NOT_DONE, VariableRow
from harness.report.section import Section
from harness.report.text import printable

TEMPLATES = "templates"


@dataclass(frozen=True, eq=False)
class Page:
    """Everything the HTML report shows.

    Attributes
    ----------
    n_gains : gains that are shown, each with an interval of its own
    warnings : notes grouped by code
    contents : files of the run folder with what they hold
    """

    manifest: Manifest
    sections: tuple[Section, ...]
    n_gains: int
    variables: tuple[VariableRow, ...]
    warnings: tuple[tuple[str, tuple[Note, ...]], ...]
    contents: tuple[tuple[str, str], ...]


def page(
    results: Results,
    sections: tuple[Section, ...],
    *,
    notes: tuple[Note, ...],
    contents: tuple[tuple[str, str], ...],
) -> Page:
    """Return what the report shows.

    Parameters
    ----------
    notes : warnings of the report itself, beside those of the run
    """
    run = results.run
    warnings = sorted({*run.warnings, *notes})
    cells = [cell for outcome in run.manifest.study.outcomes for cell in results.gains(outcome)]
    return Page(
        manifest=run.manifest,
        sections=sections,
        n_gains=sum(cell.standing is not Standing.MISSING for cell in cells),
        variables=run.variables,
        warnings=tuple((code, tuple(same)) for code, same in groupby(warnings, key=lambda note: note.code)),
        contents=contents,
    )


def render(shown: Page) -> str:
    """Return the report as one HTML document; every name in it is escaped."""
    environment = Environment(
        loader=PackageLoader("harness.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "count": count,
            "percent": percent,
            "significant": significant,
            "data_uri": data_uri,
            "options": options,
        }
    )
    style = (files("harness.report") / TEMPLATES / "report.css").read_text(encoding="utf-8")
    template = environment.get_template("report.html.j2")
    return template.render(
        page=shown,
        study=shown.manifest.study,
        style=Markup(style),  # noqa: S704 - the style sheet is a file of this package
        symbols={one.name.lower(): symbol for one, symbol in SYMBOLS.items()},
        not_done=NOT_DONE,
    )


def data_uri(drawing: Drawing) -> str:
    """Return a figure as an address that carries it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.svg).decode('ascii')}"


def options(estimator: EstimatorEntry) -> str:
    """Return an estimator's options as "name: value" pairs, nested ones in brackets."""
    return _pairs(estimator.options)


def _pairs(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_option(value)}" for name, value in given.items() if name != "use")


def _option(value: Any) -> str:  # noqa: ANN401 - options are of any JSON type
    if isinstance(value, Mapping):
        return f"{value.get('use', '')} ({_pairs(value)})".strip()
    if isinstance(value, list):
        return " + ".join(_option(one) for one in value) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _finalized(value: object) -> object:
    """Strip control characters and direction marks from every text before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)
