"""The section of spatial impacts: what a regressor does to the entity itself and to its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.plugin import reporting as parts
from harness.plugin.reporting import gettext, marked
from harness_panel.section import FitRow


@dataclass(frozen=True)
class ImpactRow(FitRow):
    """A mean impact of a regressor, outcome units per unit; `std_error_given_rho` takes rho as known."""

    variable: str
    impact: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    p_value: float
    std_error_given_rho: float

    @property
    def words(self) -> tuple[str, str]:
        """The impact and its interval."""
        return parts.estimate(self.estimate, self.conf_low, self.conf_high)


IMPACTS = parts.typed("details/impacts", ImpactRow)

HEADS = (marked("Variable"), marked("Direct"), marked("Indirect"), marked("Total"))
NOTE = marked(
    "Direct: on the entity itself; indirect: on all others together; total: the sum (LeSage & Pace 2009). "
    "95% intervals by the delta method allow for the uncertainty of the spatial coefficient."
)
IN_WORDS = marked(
    "{estimator}: one unit more of {exposure} in one {entity} changes its own {outcome} by {direct}, and "
    "that of all others together by {indirect}."
)


def impact_blocks(run: parts.Run) -> Iterator[parts.ReportBlock]:
    """Yield for each spatial fit its impacts as a table, and those of the exposure in words."""
    study, rows = run.manifest.study, run.rows(IMPACTS)
    for outcome, estimator in dict.fromkeys((row.outcome, row.estimator) for row in rows):
        own = [row for row in rows if (row.outcome, row.estimator) == (outcome, estimator)]
        variables = dict.fromkeys(row.variable for row in own)
        by_variable = {name: [row.words for row in own if row.variable == name] for name in variables}
        label, about = study.estimator_label(estimator), study.label(outcome)
        yield parts.ReportTable(
            gettext("Impacts on {outcome}, {estimator}").format(outcome=about, estimator=label),
            tuple(parts.TableColumn(gettext(head)) for head in HEADS),
            parts.plain_rows(
                (study.label(name), *(parts.TableCell(value, (limits,)) for value, limits in found))
                for name, found in by_variable.items()
            ),
            notes=(gettext(NOTE),),
        )
        for name in by_variable.keys() & set(study.exposure_columns):
            direct, indirect, _ = (" ".join(words) for words in by_variable[name])
            words = {"exposure": study.label(name), "outcome": about, "entity": study.label(study.entity)}
            changes = {"direct": direct, "indirect": indirect}
            yield parts.Paragraph(gettext(IN_WORDS).format(estimator=label, **words, **changes))


SECTION = parts.Section(
    *("impacts", marked("Direct and indirect impacts"), 779, impact_blocks), tables=(IMPACTS.name,)
)
