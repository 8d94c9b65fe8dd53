"""The section of quantiles: the exposure's slope at each quantile of the outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.plugin import reporting as parts
from harness.plugin.reporting import marked, rendered, topic

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

gettext = topic("harness_panel.quantiles")


# The table of details that fits bring along, by quantile and then term.
SLOPES = "details/slopes_by_quantile"

NOTE = marked(
    "Slopes of the conditional quantiles with effects, by moments (Machado & Santos Silva 2019); 95% "
    "intervals are clustered by entity."
)
CAPTION = marked("{estimator}: slope of {exposure} at quantiles of {outcome}, with pointwise 95% intervals.")


def quantile_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield for each fit the exposure's slopes by quantile, as a table and as a figure a column."""
    study = run.manifest.study
    rows = run.frame(SLOPES)
    for (outcome, estimator), own in rows.groupby(["outcome", "estimator"], sort=False):
        words = {"outcome": study.label(str(outcome)), "estimator": study.estimator_label(str(estimator))}
        slopes = {name: own[own["term"] == name] for name in study.exposure_columns}
        slopes = {name: at for name, at in slopes.items() if len(at)}
        heads = (gettext("Quantile"), *map(study.label, slopes))
        limits = ["estimate", "conf_low", "conf_high"]
        columns = [
            [" ".join(parts.estimate(*numbers)) for numbers in at[limits].to_numpy(dtype=float).tolist()]
            for at in slopes.values()
        ]
        quantiles = [f"{at:g}" for at in own["quantile"].unique()]
        yield parts.ReportTable(
            gettext("Slopes by quantile of {outcome}, {estimator}").format(**words),
            tuple(map(parts.TableColumn, heads)),
            parts.plain_rows(zip(quantiles, *columns, strict=True)),
            notes=(rendered(NOTE),),
        )
        for name, at in slopes.items():
            words |= {"exposure": study.label(name)}
            yield parts.ReportFigure(
                "-".join(("quantiles", *map(parts.file_slug, (str(outcome), str(estimator), name)))),
                plot_slopes(at, study.axis_label(str(outcome)), words["exposure"]),
                alt=gettext("Slopes of {exposure} by quantile, {estimator}.").format(**words),
                caption=rendered(CAPTION).format(**words),
            )


def plot_slopes(slopes: pd.DataFrame, outcome: str, exposure: str) -> Figure:
    """Return the figure of one column's slopes by quantile."""
    from harness.plugin import drawing

    figure, axes = drawing.axes_over_zero(drawing.SINGLE_COLUMN + 1.2, 2.5)
    at = slopes["quantile"].to_numpy()
    axes.fill_between(at, slopes["conf_low"], slopes["conf_high"], color="#0072b2", alpha=0.2, linewidth=0.0)
    axes.plot(at, slopes["estimate"], "o-", color="#0072b2", markersize=4, linewidth=1.2)
    axes.set_xlabel(drawing.drawable(gettext("Quantile of {outcome}").format(outcome=outcome)))
    axes.set_ylabel(drawing.drawable(gettext("Slope of {exposure}").format(exposure=exposure)))
    return figure


SECTION = parts.Section(*("quantiles", marked("Slopes by quantile"), 772, quantile_blocks), tables=(SLOPES,))
