"""Pages as HTML, in the language of the reader; what data, specs and runs say is escaped."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from harness.plugin import Coded
from harness.plugin.reporting import language_in_use, marked, npgettext, rendered, spoken, topic

gettext = topic("report.page")

LANGUAGES = {"en": "English", "zh": "中文"}

PARTS = {"": marked("no part")} | {
    one: one
    for one in (
        *(marked("entity"), marked("time"), marked("outcome"), marked("exposure"), marked("control")),
        *(marked("moderator"), marked("groups"), marked("instrument"), marked("weights")),
    )
}
QUESTIONS = {
    "effect": marked("What is the effect?"),
    "predict": marked("Which model predicts?"),
    "policy": marked("Did the policy work?"),
    "threshold": marked("Is there a threshold?"),
    "published": marked("As published: ANN against OLS"),
    "all": marked("All"),
}
STATES = {one: one for one in (marked("waiting"), marked("running"), marked("finished"), marked("stopped"))}
# Parts of a comparison that have values in two runs.
COMPARED = {
    **{one.lower(): one for one in (marked("Spec"), marked("Data"), marked("Settings"), marked("Versions"))},
    "cells": marked("Models that ended otherwise"),
}
KINDS = {"number": marked("numbers"), "text": marked("text"), "empty": marked("empty")}
KINDS[""] = marked("made by the spec")


def language_of(request: Request) -> str:
    """Return the language that was chosen, or else the first that the browser asks for and we have."""
    chosen = request.cookies.get("harness-language", "")
    accepted = [one.strip()[:2].lower() for one in request.headers.get("accept-language", "").split(",")]
    return next((one for one in (chosen, *accepted) if one in LANGUAGES), "en")


def spoken_to(request: Request) -> AbstractContextManager[None]:
    """Write texts in the language of whom a request is from, and as before afterwards."""
    return spoken(language_of(request), [Path(__file__).with_name("locale")])


def histogram(bars: list[int]) -> Markup:
    """Return bars as a small figure, which reads as nothing: the numbers stand next to it."""
    highest, width = max(bars, default=0), ' width="0.9"'
    drawn = (f'<rect x="{x}" y="{highest - n}"{width} height="{n}"/>' for x, n in enumerate(bars) if n)
    box = f'viewBox="0 0 {len(bars)} {highest}" preserveAspectRatio="none"'
    return Markup(f'<svg class="bars" aria-hidden="true" {box}>{"".join(drawn)}</svg>')  # noqa: S704 - numbers


def duration(seconds: float) -> str:
    """Return a time that is about to pass."""
    if seconds > 100:
        return gettext("{n} min").format(n=f"{seconds / 60:.1f}")
    return gettext("{n} s").format(n=f"{seconds:.0f}")


def said(text: str) -> str:
    """Return a message of ours in the language in use; what data and tools say stays as it is."""
    return rendered(text) if isinstance(text, Coded) else text


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # of an extension, not in Jinja's types
        gettext, partial(npgettext, "report.page"), newstyle=True
    )
    made.globals |= {name: words for name, words in globals().items() if name.isupper()}
    made.filters.update(said=said, histogram=histogram, duration=duration, thousands="{:,}".format)
    return made


def page(name: str, *, status: int = 200, **shown: Any) -> HTMLResponse:  # noqa: ANN401 - what a template shows
    """Return a page, or a part of one, from its template, in the language in use."""
    template = _templates().get_template(f"{name}.html.j2")
    return HTMLResponse(template.render(language=language_in_use(), **shown), status)
