"""The section of the report that shows the table of the scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.reporting import PackagedSection, Run, SectionContent, fixed

if TYPE_CHECKING:
    from harness.plugin.drawing import FigureRenderer, RenderedFigure


@dataclass(frozen=True)
class SpreadRow:
    """A row of ``effect_spread.csv``."""

    outcome: str
    estimator: str
    share: float
    effect: float


@dataclass(frozen=True, eq=False)
class ShownSpread:
    """What the template reads: quantiles as they are headed, and effects in words by estimator."""

    shares: tuple[str, ...]
    effects: tuple[tuple[str, tuple[str, ...]], ...]
    figure: RenderedFigure


class EffectSpreadSection(PackagedSection):
    """How the effect of the exposure is spread over the rows."""

    name: ClassVar[str] = "effect_spread"
    title: ClassVar[str] = "Spread of the effect"
    place: ClassVar[int] = 850

    def is_present(self, run: Run, /) -> bool:
        """Return whether any estimator was asked."""
        return bool(_rows(run))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the quantiles of every estimator, and their figure."""
        from harness.plugin.drawing import SINGLE_COLUMN, new_figure

        study, rows = run.manifest.study, _rows(run)
        shares = tuple(dict.fromkeys(row.share for row in rows))
        names = dict.fromkeys(row.estimator for row in rows)
        own = {name: [row for row in rows if row.estimator == name] for name in names}
        figure = new_figure(SINGLE_COLUMN, 2.2)
        axes = figure.subplots()
        for name, answered in own.items():
            axes.plot(
                [row.share for row in answered],
                [row.effect for row in answered],
                marker="o",
                label=study.estimator_label(name),
            )
        axes.set_xlabel("Share of the rows")
        axes.set_ylabel("Effect of the exposure")
        axes.legend()
        drawn = renderer.render(
            self.name,
            figure,
            alt="Quantiles over the rows of the predicted effect, a line an estimator.",
            caption="Quantiles over the rows of the effect that each estimator predicts.",
        )
        effects = tuple(
            (study.estimator_label(name), tuple(fixed(row.effect, 3) for row in answered))
            for name, answered in own.items()
        )
        shown = ShownSpread(tuple(f"{share:.0%}" for share in shares), effects, drawn)
        return SectionContent(shown, figures=(drawn,))


def _rows(run: Run) -> tuple[SpreadRow, ...]:
    return run.rows("effect_spread", SpreadRow)
