"""The section of spatial impacts: what a regressor does to the entity itself and to its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

from harness.plugin import reporting as parts
from harness.plugin.findings import FINDINGS
from harness.plugin.reporting import marked, rendered, topic

gettext = topic("harness_panel.spatial")


# The table of details that fits bring along, by variable and then direct, indirect, total.
IMPACTS = "details/impacts"

HEADS = (marked("Variable"), marked("Direct"), marked("Indirect"), marked("Total"))
NOTE = marked(
    "Direct: on the entity itself; indirect: on all others together; total: the sum (LeSage & Pace 2009). "
    "95% intervals by the delta method allow for the uncertainty of the spatial coefficient."
)


def impact_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield for each spatial fit its impacts as a table, and those of the exposure in words."""
    study, columns = run.manifest.study, tuple(parts.TableColumn(rendered(head)) for head in HEADS)
    for (outcome, estimator), own in run.frame(IMPACTS).groupby(["outcome", "estimator"], sort=False):
        numbers = own[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float).reshape(-1, 3, 3)
        found = {
            name: [parts.estimate(*impact) for impact in impacts]
            for name, impacts in zip(own["variable"].unique(), numbers.tolist(), strict=True)
        }
        words = {
            "outcome": study.axis_label(str(outcome)),
            "estimator": study.estimator_label(str(estimator)),
        }
        cells = parts.plain_rows((study.label(name), *map(" ".join, found[name])) for name in found)
        caption = gettext("Impacts of one unit more on {outcome}, {estimator}").format(**words)
        yield parts.ReportTable(caption, columns, cells, notes=(rendered(NOTE),))
        rows = run.rows(FINDINGS, outcome=outcome, estimator=estimator, finding="impact")
        yield from (parts.Paragraph(row.text) for row in rows)


SECTION = parts.Section(
    *("impacts", marked("Direct and indirect impacts"), 779, impact_blocks), tables=(IMPACTS,)
)
