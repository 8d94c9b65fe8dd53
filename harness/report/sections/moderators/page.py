"""The page of surfaces that can be turned: one offline file, the data beside the drawing library in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from harness.arrays import Floats
from harness.findings.lines import POINTWISE, SIMULTANEOUS, Banded, truth_line
from harness.findings.run import Run
from harness.language import closed_up, gettext
from harness.record.study import StudyRecord
from harness.report.drawing.series import effect_label
from harness.report.drawing.truth import TRUTH
from harness.report.render.html import environment, packaged, script_hash, style_sheet
from harness.report.sections.moderators.rows import Conditional, conditional, threshold_text
from harness.report.sections.moderators.surfaces import Surface, true_levels
from harness.report.sections.section import featured
from harness.tables.conditional import SurfaceKey
from harness.text.plain_text import printable

PACKAGE = "harness.report.sections.moderators"
"""Holds the files that the page is made of."""

DIGITS = 5
"""Significant digits of the numbers on the page; the table ``surfaces`` has all of them."""

LAYERS = ("estimate", "conf_low", "conf_high", "effect", "effect_low", "effect_high", "n_obs")

UNSAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Characters that would end a script, or a line in it, each as JSON may write it as well."""


def surface_page(run: Run) -> str:
    """Return the page as one HTML document, for a run that has surfaces.

    Its policy allows the two scripts that it carries, by their hashes, and no request.
    """
    from plotly.offline import get_plotlyjs

    library, script = get_plotlyjs(), packaged(PACKAGE, "surfaces.js")
    template = environment().from_string(packaged(PACKAGE, "surfaces.html.j2"))
    return closed_up(
        template.render(
            study=run.manifest.study,
            data=run.manifest.data,
            style=style_sheet(packaged(PACKAGE, "surfaces.css")),
            hashes=[script_hash(source) for source in (library, script)],
            library=Markup(library),  # noqa: S704 - a file of the library
            script=Markup(script),  # noqa: S704 - a file of this package
            content=Markup(script_json(surface_content(run))),  # noqa: S704 - escaped for a script element
        )
    )


def script_json(content: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Return JSON that can stand in a script element whatever texts it holds."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(UNSAFE)


def surface_content(run: Run) -> dict[str, Any]:
    """Return what the page's script reads: labels, and every surface with its conditional effect."""
    study, answers = run.manifest.study, run.view(conditional)
    keys = [surface.key for surface in answers.surfaces]
    outcomes = list(dict.fromkeys(key.outcome for key in keys))
    questions = list(dict.fromkeys((key.scenario, key.moderator) for key in keys))
    leading = [entry.id for entry in featured(run)]
    estimators = sorted({key.estimator for key in keys}, key=lambda name: _place(study, leading, name))
    return {
        "words": _words(),
        "exposure": printable(study.axis_label(study.exposure)),
        "outcomes": [printable(study.axis_label(name)) for name in outcomes],
        "effects": [printable(effect_label(study, name)) for name in outcomes],
        "moderators": _moderators(study, questions),
        "estimators": [printable(study.estimator_label(name)) for name in estimators],
        "surfaces": [
            {
                "outcome": outcomes.index(surface.key.outcome),
                "moderator": questions.index((surface.key.scenario, surface.key.moderator)),
                "estimator": estimators.index(surface.key.estimator),
                **_layers(surface),
                **_effect(answers, surface.key),
                "truth": _truth(run, surface),
            }
            for surface in answers.surfaces
        ],
    }


def _words() -> dict[str, str]:
    """Return what the script writes, in the language in use; `%` stands for what it fills in."""
    return {
        "limits": gettext("limits of the level: % to %"),
        "effect": gettext("effect: % (% to %)"),
        "near": gettext("rows near: %"),
        "simultaneous": gettext("simultaneous band"),
        "pointwise": gettext("pointwise band"),
        "line": gettext("effect"),
        "truth": gettext(TRUTH),
        "changes": gettext("the moderator value at which the effect changes its sign: %"),
        "unchanged": gettext("a change of the effect's sign; none is established here"),
    }


def _place(study: StudyRecord, leading: Sequence[str], name: str) -> int:
    """Return where an estimator stands: featured ones first, then as in the study."""
    return [*leading, *(entry.id for entry in study.estimators)].index(name)


def _moderators(study: StudyRecord, questions: Sequence[tuple[str, str]]) -> list[str]:
    """Return the labels of the moderators, with their scenario where one is asked about twice."""
    names = [name for _, name in questions]
    return [
        printable(study.axis_label(name) + (f" · {scenario}" if names.count(name) > 1 else ""))
        for scenario, name in questions
    ]


def _layers(surface: Surface) -> dict[str, Any]:
    """Return the grids and layers of a surface, a row a moderator value."""
    return {
        "x": rounded(surface.exposure_at),
        "y": rounded(surface.moderator_at),
        "supported": surface.supported.T.astype(int).tolist(),
        **{name: [rounded(row) for row in getattr(surface, name).T] for name in LAYERS},
    }


def _effect(answers: Conditional, key: SurfaceKey) -> dict[str, Any]:
    line = answers.effect(key)
    thresholds = answers.thresholds_of(key)
    return {
        "line": _line(line) if line is not None else None,
        "thresholds": [
            {"at": row.at, "text": printable(threshold_text(row))}
            for row in thresholds
            if math.isfinite(row.at)
        ],
    }


def _truth(run: Run, surface: Surface) -> dict[str, Any] | None:
    """Return the true levels and the true conditional effect, None where they are not known."""
    key, levels = surface.key, true_levels(run, surface)
    line = truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at")
    if levels is None or line is None:
        return None
    return {
        "estimate": [rounded(row) for row in levels.T],
        "at": rounded(line.at),
        "effect": rounded(line.truth),
    }


def _line(line: Banded) -> dict[str, Any]:
    bands = {kind: line.band(kind) for kind in (POINTWISE, SIMULTANEOUS)}
    return {
        "at": rounded(line.at),
        "effect": rounded(line.estimate),
        **{
            kind: {"low": rounded(band.low), "high": rounded(band.high)}
            for kind, band in bands.items()
            if band is not None
        },
    }


def rounded(values: Floats | Iterable[float]) -> list[float | None]:
    """Return numbers with `DIGITS` significant digits, None for those that are not finite."""
    return [
        float(f"{number:.{DIGITS}g}") if math.isfinite(number) else None
        for number in np.asarray(values).tolist()
    ]
