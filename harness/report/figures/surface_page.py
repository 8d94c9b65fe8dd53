"""The page of surfaces that can be turned: one offline file, the data beside the drawing library in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from harness.arrays import Floats
from harness.findings.lines import POINTWISE, SIMULTANEOUS, truth_line
from harness.findings.run import Run
from harness.language import gettext, spaced
from harness.record.manifest import StudyRecord
from harness.report.drawing.lines import TRUTH, effect_label
from harness.report.render.html import environment, packaged, script_hash, style_sheet
from harness.report.sections import moderator_tables as answers
from harness.report.sections.section import featured
from harness.tables.heterogeneity import SurfaceKey
from harness.text.plain_text import printable

# Significant digits of the numbers on the page; the table `surfaces` has all of them.
DIGITS = 5

# Characters that would end a script, or a line in it, each as JSON may write it as well.
UNSAFE = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def surface_page(run: Run) -> str:
    """Return the page as one HTML document, for a run that has surfaces.

    Its policy allows the two scripts that it carries, by their hashes, and no request.
    """
    from plotly.offline import get_plotlyjs

    library, script = get_plotlyjs(), packaged("surfaces.js")
    template = environment().get_template("surfaces.html.j2")
    return spaced(
        template.render(
            study=run.manifest.study,
            data=run.manifest.data,
            style=style_sheet(packaged("surfaces.css")),
            hashes=[script_hash(source) for source in (library, script)],
            library=Markup(library),  # noqa: S704 - a file of the library
            script=Markup(script),  # noqa: S704 - a file of this package
            content=Markup(spaced(script_json(surface_content(run)))),  # noqa: S704 - escaped for a script element
        )
    )


def script_json(content: object) -> str:
    """Return JSON that can stand in a script element whatever texts it holds."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(UNSAFE)


def surface_content(run: Run) -> dict[str, Any]:
    """Return what the page's script reads: labels, and every surface with its conditional effect."""
    study, found = run.manifest.study, run.view(answers.surfaces)
    outcomes = list(dict.fromkeys(key.outcome for key in found))
    questions = list(dict.fromkeys((key.scenario, key.moderator) for key in found))
    # Featured estimators first, then the others as in the study.
    order = [entry.id for entry in (*featured(run), *study.estimators)]
    estimators = sorted({key.estimator for key in found}, key=order.index)
    return {
        "words": _words(),
        "exposure": printable(study.axis_label(study.exposure)),
        "outcomes": [printable(study.axis_label(name)) for name in outcomes],
        "effects": [printable(effect_label(study, name)) for name in outcomes],
        "moderators": _moderators(study, questions),
        "estimators": [printable(study.estimator_label(name)) for name in estimators],
        "surfaces": [
            {
                "outcome": outcomes.index(key.outcome),
                "moderator": questions.index((key.scenario, key.moderator)),
                "estimator": estimators.index(key.estimator),
                **_layers(surface),
                **_effect(run, key),
                "truth": _truth(run, key),
            }
            for key, surface in found.items()
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
        "unchanged": gettext("a change of the effect's sign; none is significant here"),
    }


def _moderators(study: StudyRecord, questions: Sequence[tuple[str, str]]) -> list[str]:
    """Return the labels of the moderators, with their scenario where one is asked about twice."""
    names = [name for _, name in questions]
    return [
        printable(study.axis_label(name) + (f" · {scenario}" if names.count(name) > 1 else ""))
        for scenario, name in questions
    ]


def _layers(surface: answers.Surface) -> dict[str, Any]:
    """Return the grids and layers of a surface, a row a moderator value."""
    return {
        "x": rounded(surface.exposure_at),
        "y": rounded(surface.moderator_at),
        "supported": surface.supported.T.astype(int).tolist(),
        **{name: [rounded(row) for row in getattr(surface, name).T] for name in answers.LAYERS},
    }


def _effect(run: Run, key: SurfaceKey) -> dict[str, Any]:
    """Return the effect along the moderator with its bands, and where it changes its sign."""
    line = answers.effect_along(run, key)
    shown = None
    if line is not None:
        bands = [band for kind in (POINTWISE, SIMULTANEOUS) if (band := line.band(kind)) is not None]
        limits = {band.kind: {"low": rounded(band.low), "high": rounded(band.high)} for band in bands}
        shown = {"at": rounded(line.at), "effect": rounded(line.estimate), **limits}
    known = [row for row in answers.thresholds_of(run, key) if math.isfinite(row.at)]
    return {
        "line": shown,
        "thresholds": [{"at": row.at, "text": printable(answers.threshold_text(row))} for row in known],
    }


def _truth(run: Run, key: SurfaceKey) -> dict[str, Any] | None:
    """Return the true levels and the true conditional effect, None where they are not known."""
    levels = answers.true_levels(run, key)
    line = truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at")
    if levels is None or line is None:
        return None
    at, effect = rounded(line.at), rounded(line.truth)
    return {"estimate": [rounded(row) for row in levels.T], "at": at, "effect": effect}


def rounded(values: Floats | Iterable[float]) -> list[float | None]:
    """Return numbers with `DIGITS` significant digits, None for those that are not finite."""
    return [
        float(f"{number:.{DIGITS}g}") if math.isfinite(number) else None
        for number in np.asarray(values).tolist()
    ]
