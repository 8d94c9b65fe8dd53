"""What stands beneath figures of curves: what is drawn, how certain it is, and how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Curve
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.lines import LinePanel, level_of
from harness.report.sections.section import draws_text
from harness.text.numbers import percent, plain
from harness.text.plain_text import joined

# What each kind of band does alone.
COVERS = {
    POINTWISE: marked("hold at one value of the horizontal axis at a time, not for the curve as a whole"),
    SIMULTANEOUS: marked("hold for the curve as a whole, where the data support it"),
}

# The curves that a figure leads with, and those over other rows that stand beside them.
Arranged = tuple[Sequence[Curve], Sequence[Curve]]

# What each kind of curve is.
KINDS = {
    "slope": marked(
        "Slope of the net effect curve for {outcome}. It is the change in the mean prediction per unit of "
        "{exposure}, from differences between neighbouring grid points."
    ),
    "level_supported": marked(
        "Net effect curve over supported rows for {outcome}. The mean prediction is moved from each value of "
        "{exposure} to the next by those rows alone that have others near them in {exposure} and in the main "
        "covariates."
    ),
    "level": marked(
        "Net effect curve for {outcome}. It is the mean prediction were every row's {exposure} set to the "
        "value on the horizontal axis, the other variables as observed: a model's partial dependence, not a "
        "debiased effect."
    ),
}
OF_OUTCOMES = marked(
    "Net effect of {exposure} on each outcome. It is the mean prediction were every row's {exposure} set to "
    "the value on the horizontal axis, the other variables as observed."
)


def curve_caption(
    study: StudyRecord, arranged: Sequence[Arranged], panels: Sequence[LinePanel], *, has_alone: bool
) -> str:
    """Return the caption of a figure of net effect curves or their slopes, of one outcome or of several.

    Parameters
    ----------
    arranged, panels : the curves of each outcome, at least one, and how they are drawn
    has_alone : whether each curve has a small panel of its own too
    """
    first = arranged[0][0][0]
    exposure = study.label(study.exposure_of(first.scenario))
    alone = gettext(
        "The upper panel shows the bands of {reference_label} alone; each estimator's own are in its small "
        "panel, with the curve of {reference_label} in grey dashes."
    ).format(reference_label=study.reference_label)
    what = gettext(KINDS[first.kind] if len(arranged) == 1 else OF_OUTCOMES)
    return " ".join(
        [
            what.format(outcome=study.label(first.outcome), exposure=exposure),
            *_how_to_read(study, arranged, panels),
            *([alone] if has_alone else []),
        ]
    )


def ale_caption(study: StudyRecord, ale: Curve, *, has_truth: bool) -> str:
    """Return the caption of accumulated local effects next to partial dependence."""
    text = gettext(
        "Partial dependence and accumulated local effects for {outcome}. The former sets every row's "
        "{exposure} to each value and averages predictions, also for combinations that no row has; the "
        "latter add up changes within the rows near each value, set at the mean prediction. Where the two "
        "part, the exposure goes with other variables: they answer different questions, of all rows and of "
        "those observed near each value. Both are drawn within the support."
    ).format(outcome=study.label(ale.outcome), exposure=study.label(study.exposure_of(ale.scenario)))
    if has_truth:
        text += gettext(
            " The black dashes are the truth of partial dependence, the black dots and dashes that of "
            "accumulated local effects, which is set at each estimator's mean prediction too."
        )
    return text


def _how_to_read(
    study: StudyRecord, arranged: Sequence[Arranged], panels: Sequence[LinePanel]
) -> Iterator[str]:
    """Yield what bands, marks, the truth, dots and hatching are, those that there are, and the rug."""
    bands = [band for leading, _ in arranged for curve in leading for band in curve.bands if band.is_drawn]
    yield band_text(bands, study)
    if any(series.marks for panel in panels for series in (*panel.lines, *panel.beside)):
        yield gettext(
            "Triangles are turning points with the interval of where they are: a significant fall on one "
            "side and a significant rise on the other."
        )
    if any(panel.truth is not None for panel in panels):
        yield gettext("The black dashes are the truth behind the simulated data, on the same rows.")
    if any(panel.turns for panel in panels):
        yield gettext("Upright dashes are where the true curve over all rows turns.")
    leading, beside = arranged[0]
    if beside:
        yield from _beside(leading, beside)
    if any(panel.unsupported for panel in panels):
        yield gettext(
            "Hatched: too few entities are observed there, so bands are left out and curves are a faint "
            "trace."
        )
    yield gettext(
        "Under the curves: the distribution of {exposure} as observed, with a tick for each quantile."
    ).format(exposure=study.label(study.exposure_of(leading[0].scenario)))


def _beside(leading: Sequence[Curve], beside: Sequence[Curve]) -> Iterator[str]:
    """Yield what the dots are, and which share of rows has others near them."""
    is_leading = leading[0].kind == "level_supported"
    if is_leading:
        yield gettext(
            "The dots are the curve over all rows, which extrapolates where few rows have others near them."
        )
    else:
        yield gettext(
            "The dots are the curve moved by those rows alone that have others near them in exposure and in "
            "the main covariates."
        )
    curve = (leading if is_leading else beside)[0]
    shares, at = curve.share_of_rows[curve.supported], curve.at[curve.supported]
    least, most = percent(shares.min(), 0), percent(shares.max(), 0)
    if least == most:
        yield gettext("The share of such rows is {most} everywhere.").format(most=most)
    else:
        words = gettext("The share of such rows goes from {least}, at {least_at}, to {most}.")
        yield words.format(least=least, least_at=plain(at[shares.argmin()]), most=most)


def band_text(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how bands were made and what they do and do not cover, in words."""
    if not bands:
        return gettext("No curve has a band.")
    kinds = list(dict.fromkeys(band.kind for band in bands))
    level, made = percent(level_of(bands, study.level), 0), _made(bands, study)
    if {POINTWISE, SIMULTANEOUS} <= set(kinds):
        return gettext(
            "Shaded: pointwise (darker) and simultaneous (lighter) {level} bands {made}. Pointwise ones hold "
            "at one value of the horizontal axis at a time, simultaneous ones for the whole curve where the "
            "data support it."
        ).format(level=level, made=made)
    covers = gettext(" They {covers}.").format(covers=gettext(COVERS[kinds[0]]))
    words = gettext("Shaded: {kinds} {level} bands {made}.{covers}")
    named = joined([gettext(kind) for kind in kinds])
    return words.format(kinds=named, level=level, made=made, covers=covers)


def _made(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how many draws of what bands are from."""
    words = {
        "entity": gettext("of whole entities ({entity})").format(entity=study.label(study.entity)),
        "row": gettext("of single rows"),
    }
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    units = gettext(" {units}").format(units=joined(named)) if named else ""
    draws = draws_text(band.n_draws for band in bands) or gettext("the")
    return gettext("from {draws} bootstrap draws{units}").format(draws=draws, units=units)
