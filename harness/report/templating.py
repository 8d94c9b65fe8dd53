"""How templates are filled: escaped, without control characters, with numbers in words and figures within."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.language import gettext, ngettext, npgettext, pgettext, translated
from harness.report.drawing.canvas import RenderedFigure
from harness.report.drawing.embedding import FORMAT, svg_text
from harness.report.render.html import words_in_html
from harness.text.numbers import count, p_value, percent, plain, significant
from harness.text.plain_text import capitalised, printable

TEMPLATES = "templates"


def environment() -> Environment:
    """Return the environment of the report's templates; it escapes all that templates show."""
    made = Environment(
        loader=PackageLoader("harness.report", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    made.filters["translated"] = translated
    made.filters.update({"count": count, "percent": percent, "significant": significant, "plain": plain})
    made.filters.update({"p_value": p_value, "capitalised": capitalised})
    made.filters.update({"data_uri": data_uri, "words": words_in_html})
    return made


def packaged(package: str, name: str) -> str:
    """Return the text of a file in a package."""
    return (files(package) / name).read_text(encoding="utf-8")


def style_sheet(*more: str) -> Markup:
    """Return the style sheet of the report's pages, and whatever goes after it."""
    return Markup("".join([packaged("harness.report", f"{TEMPLATES}/report.css"), *more]))  # noqa: S704 - files of this package


def page_script() -> Markup:
    """Return the script of the report's page."""
    return Markup(packaged("harness.report", f"{TEMPLATES}/report.js"))  # noqa: S704 - a file of this package


def script_hash(source: str) -> str:
    """Return how a content security policy names a script."""
    digest = base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def data_uri(figure: RenderedFigure) -> Markup:
    """Return an address that carries a figure: as SVG, or as pixels where the SVG is large."""
    prints = figure.sheet.prints
    if prints.small is None:
        address = f"data:image/svg+xml,{svg_text(prints.svg)}"
    else:
        address = f"data:image/{FORMAT};base64,{base64.b64encode(prints.small).decode('ascii')}"
    return Markup(address)  # noqa: S704 - percent-encoded, or letters, digits and signs of base 64


def _finalized(value: object) -> object:
    """Strip control characters and direction marks from every text before it is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(value)
