"""A finished run in a script or a notebook."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from harness.errors import ArtifactError, near_names
from harness.language import Coded, marked
from harness.tables.gain import GAIN, GainRow
from harness.terminal import echo

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from harness.findings.run import Run
    from harness.report.paper.model import RunModel
    from harness.report.paper.tables import TableText, TableType
    from harness.report.sections.coefficients import TableChoice
    from harness.running.folder import RunFolder

CurveKind = Literal["level", "slope"]

# Table of the event studies that estimators bring.
EVENTS = "details/event_study"

# Decimals of a table; a double has no more.
MOST_DIGITS = 15


def not_there(what: str, asked: str, known: Collection[str], *, origin: str) -> ArtifactError:
    """Return that a run has nothing of a name, with the names that it has."""
    hint = near_names(asked, known) or marked("name one of these")
    return ArtifactError.at(origin, what, ", ".join(known), hint)


def _stored(name: str, about: str) -> cached_property[pd.DataFrame]:
    """Return an attribute of a result that is a table of its folder."""

    def read(result: StudyResult) -> pd.DataFrame:
        return result.table(name)

    read.__doc__ = about
    return cached_property(read)


@dataclass(frozen=True)
class StudyResult:
    """The tables and the report in a run folder.

    Tables are read on first use and cached: copy before changing one. A table that the study did not request
    is empty. Columns are those of the CSV files.

    Attributes
    ----------
    path : the run folder
    """

    path: Path

    @property
    def report(self) -> Path:
        """Path of the HTML report; it does not exist if the study requests none."""
        return self.path / "report.html"

    accuracy = _stored(
        "accuracy", "Errors of every estimator under every protocol, on training, test and all rows."
    )
    gain = _stored("gain", "Gains over the reference, fractions, with intervals and p-values.")
    decomposition = _stored("decomposition", "Where the in-sample gain comes from.")
    variation_gains = _stored(
        "variation_gains", "The gain under other choices: multiverse and ladder of methods."
    )
    coefficients = _stored("coefficients", "Coefficients with their covariance and its corrections named.")
    effects = _stored("effects", "Debiased effects with their intervals and assumptions.")
    findings = _stored("findings", "Every sentence of the verdict with its numbers.")
    curves = _stored("curves", "Net effect curves, slopes and accumulated local effects with their bands.")
    turning_points = _stored("turning_points", "Minima and maxima of the curves.")
    heterogeneity = _stored("heterogeneity", "Effects by group.")
    surfaces = _stored("surfaces", "Outcome and effect over exposure and moderator.")
    claims = _stored("claims", "Published numbers beside those of this run.")
    warnings = _stored("warnings", "What to know before trusting a number.")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Observed and predicted outcome of every row in every fold, in outcome units."""
        return self._folder.read_parquet("predictions")

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the folder, such as ``details/networks``.

        Raises
        ------
        ArtifactError
            If no table has this name, or the file is damaged.
        """
        from harness.tables.table import DETAILS

        there = [file.removesuffix(".csv") for file in self._folder.tables() if file.endswith(".csv")]
        known = {*self._folder.manifest().tables, *there}
        if name not in known and not name.startswith(DETAILS):
            expected = ", ".join(sorted(known))
            raise ArtifactError.at(name, marked("no run has such a table"), expected, near_names(name, known))
        return self._folder.read_table(name)

    def summary(self) -> None:
        """Print what the run says of each outcome: who predicts best, the effect, and whether to trust it."""
        echo(self.answers())

    def answers(self) -> str:
        """Return what `summary` prints."""
        from harness.text.screen import screen_text

        with self._localised() as run:
            return screen_text(run)

    def gain_between(self, a: str | None = None, b: str | None = None) -> pd.DataFrame:
        """Return the gain of one estimator over another, whatever references the study has.

        Numbers are computed from the stored predictions as those of ``gain`` are, and are those where `b` is
        a reference. ``p_holm`` allows for all gains over `b`, ``p_value`` for none but this one.

        Parameters
        ----------
        a, b : ids of estimators; None for every other one

        Returns
        -------
        A row for each pair, outcome and protocol, on test rows where there are any; columns as ``gain`` has
        them.

        Raises
        ------
        ArtifactError
            If the study has no such estimator, or they are one.
        """
        import pandas as pd

        ids = [entry.id for entry in self._run.manifest.study.estimators]
        over = {name: [a] if a else [one for one in ids if one != name] for name in ([b] if b else ids)}
        over = {name: others for name, others in over.items() if b or others != [name]}
        rows = [vars(row) for name, others in over.items() for row in self._gains_over(name, others)]
        return pd.DataFrame(rows, columns=list(GAIN.columns))

    def gain_lines(self, a: str, b: str) -> Iterator[str]:
        """Yield `gain_between` in words: what is compared, then a line for each outcome and protocol."""
        from harness.text.gains import pair_lines

        with self._localised() as run:
            yield from pair_lines(run.manifest.study, tuple(self._gains_over(b, [a])))

    def tidy(self) -> pd.DataFrame:
        """Return every estimated coefficient, one row each, in outcome units per unit of the term.

        Columns: term, estimator, outcome, estimate, std_error, conf_low, conf_high, p_value.
        """
        columns = [
            "term",
            "estimator",
            "outcome",
            "estimate",
            "std_error",
            "conf_low",
            "conf_high",
            "p_value",
        ]
        rows = self.coefficients.reindex(columns=[*columns, "status"])
        return rows.loc[rows["status"] == "ok", columns].reset_index(drop=True)

    def glance(self) -> pd.DataFrame:
        """Return a row for each estimator and outcome: rows, R2, R2 within effects, error by protocol.

        Columns: estimator, outcome, n_obs, r2 and r2_within of the fit on all rows, and the mean squared
        error on the test rows of each protocol as ``mse_PROTOCOL``. What does not exist is NaN.
        """
        import pandas as pd

        from harness.findings.run import compared_error
        from harness.report.sections.coefficients import estimates_of, shares_explained

        study, rows = self._run.manifest.study, []
        for outcome in study.outcomes:
            estimates = estimates_of(self._run, outcome)
            for entry in study.estimators:
                errors = {
                    one.id: compared_error(self._run, outcome, entry.id, one.id) for one in study.protocols
                }
                in_sample = errors.get("in_sample")
                fitted = next(iter(estimates.get(entry.id, {}).values()), in_sample)
                r2, within = shares_explained(self._run, outcome, entry)
                row: dict[str, object] = {"estimator": entry.id, "outcome": outcome}
                row |= {"n_obs": fitted.n_obs if fitted else None}
                row |= {"r2": in_sample.r2 if r2 != r2 and in_sample else r2, "r2_within": within}
                row |= {f"mse_{name}": error.mse if error else math.nan for name, error in errors.items()}
                rows.append(row)
        return pd.DataFrame(rows)

    def model(self, estimator: str, outcome: str | None = None) -> RunModel:
        """Return one estimator as packages of regression tables take it.

        ``maketables.ETable([result.model("within"), pyfixest_fit])`` sets columns of both next to each other.

        Parameters
        ----------
        estimator : its id
        outcome : one of the study's; None for its first

        Raises
        ------
        ArtifactError
            If the run has no such estimator or outcome, or it has no coefficients.
        """
        from harness.report.paper.model import RunModel

        name = self._outcome(outcome)
        self._choice(name, [estimator], None)
        (table, fit) = (
            rows[(rows["estimator"] == estimator) & (rows["outcome"] == name)]
            for rows in (self.tidy(), self.glance())
        )
        numbers = fit.iloc[0][["n_obs", "r2", "r2_within"]].astype(float)
        return RunModel(estimator, name, table, {str(key): value for key, value in numbers.items()})

    def etable(
        self,
        type: TableType = "text",  # noqa: A002 - as pyfixest calls it
        *,
        outcome: str | None = None,
        estimators: Sequence[str] | None = None,
        keep: str | Sequence[str] | None = None,
        digits: int = 3,
        file: str | os.PathLike[str] | None = None,
    ) -> TableText:
        """Return a regression table with a column for each estimator, as ``tables/paper/`` has it.

        Brackets and stars are those of the spec (`report.brackets`, `report.stars`).

        Parameters
        ----------
        type : ``text``, ``tex``, ``md``, ``html``, or ``docx``, which needs a file
        outcome : one of the study's; None for its first
        estimators : ids, in the order of the columns; None for all that have coefficients
        keep : regular expressions; terms whose names match one are shown. None for all
        digits : decimals, 0 to 15
        file : to write the table to as well

        Raises
        ------
        ArtifactError
            If the run has no such outcome, estimator or term, or a Word table has no file.
        """
        from harness.report.paper.tables import etable

        name = self._outcome(outcome)
        with self._localised() as run:
            choice = self._choice(name, estimators, keep, digits)
            return etable(run, name, choice, type, None if file is None else Path(file))

    def fitted(self, estimator: str, outcome: str | None = None) -> pd.DataFrame:
        """Return observed and fitted values and residuals in sample, in units of the outcome.

        Parameters
        ----------
        estimator : its id
        outcome : one of the study's; None for its first

        Raises
        ------
        ArtifactError
            If the study has no such estimator or outcome, or no protocol ``in_sample``.
        """
        rows = self.predictions
        rows = rows[(rows["protocol"] == "in_sample") & (rows["outcome"] == self._outcome(outcome))]
        known = sorted(rows["estimator"].astype(str).unique())
        if estimator not in known:
            what = Coded("the run has no predictions in sample of '{estimator}'", estimator=estimator)
            raise not_there(what, estimator, known, origin=str(self.path))
        own = rows[(rows["estimator"] == estimator) & (rows["sample"] == "test")]
        table = own[["entity", "time", "observed", "predicted"]].rename(columns={"predicted": "fitted"})
        return table.assign(residual=table["observed"] - table["fitted"]).reset_index(drop=True)

    def plot_gain(
        self,
        outcome: str | None = None,
        *,
        protocol: str | None = None,
        estimators: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the gains over the reference under one protocol, per cent, with intervals.

        Parameters
        ----------
        outcome : one of the study's; None for its first
        protocol : its id; None for the one that the first screen of the report leads with
        estimators : ids; None for all
        ax : to draw on; None for a new figure

        Raises
        ------
        ArtifactError
            If the run has no such outcome, protocol or estimator.
        """
        from harness.findings.run import leading_protocols
        from harness.report import plots

        study = self._run.manifest.study
        asked, known = protocol or leading_protocols(study)[0].id, [one.id for one in study.protocols]
        if asked not in known:
            raise not_there(f"the study has no protocol '{asked}'", asked, known, origin=str(self.path))
        own, name = self._estimators(estimators), self._outcome(outcome)
        return self._drawn(partial(plots.plot_gain, outcome=name, protocol=asked, estimators=own), ax)

    def plot_curve(
        self,
        outcome: str | None = None,
        *,
        estimators: Sequence[str] | None = None,
        kind: CurveKind = "level",
        scenario: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw net effect curves with their bands; dots show the same curves over other rows.

        Parameters
        ----------
        outcome : one of the study's; None for its first
        estimators : ids; None for all
        kind : ``level``, mean predicted outcome, or ``slope``, change per unit
        scenario : id of a ``curve`` scenario; None for the first
        ax : to draw on; None for a new figure

        Raises
        ------
        ArtifactError
            If the run has no such outcome, estimator or curve.
        """
        from harness.findings.lines import curves_of, leading_scenario
        from harness.report import plots

        own, name = self._estimators(estimators), self._outcome(outcome)
        found = curves_of(self._run, name, scenario or leading_scenario(self._run), kind)
        curves = [one for one in found if one.estimator in own]
        if not curves or kind not in get_args(CurveKind):
            raise ArtifactError.at(
                str(self.path), marked("the run has no such curves"), hint=marked("see curves.csv")
            )
        return self._drawn(partial(plots.plot_curve, curves=curves), ax)

    def plot_coefficients(
        self,
        outcome: str | None = None,
        *,
        estimators: Sequence[str] | None = None,
        keep: str | Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw coefficients with intervals, a row for each term.

        Parameters
        ----------
        outcome, estimators, keep : as of `etable`
        ax : to draw on; None for a new figure

        Raises
        ------
        ArtifactError
            If the run has no such outcome, estimator or term.
        """
        from harness.report import plots

        name = self._outcome(outcome)
        choice = self._choice(name, estimators, keep)
        return self._drawn(partial(plots.plot_coefficients, outcome=name, choice=choice), ax)

    def plot_effect(self, outcome: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the effect of the exposure by estimator and debiasing method, with intervals.

        Parameters
        ----------
        outcome : one of the study's; None for its first
        ax : to draw on; None for a new figure

        Raises
        ------
        ArtifactError
            If the study has no such outcome.
        """
        from harness.report import plots

        return self._drawn(partial(plots.plot_effect, outcome=self._outcome(outcome)), ax)

    def plot_events(
        self, outcome: str | None = None, *, estimators: Sequence[str] | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw event studies of a treatment: effects by periods since its start, with intervals.

        Parameters
        ----------
        outcome : one of the study's; None for its first
        estimators : ids; None for all that have an event study
        ax : to draw on; None for a new figure

        Raises
        ------
        ArtifactError
            If the run has no such outcome or estimator, or none of them has an event study.
        """
        from harness.report import plots

        names, name = self._estimators(estimators), self._outcome(outcome)
        rows = self.table(EVENTS)
        if len(rows):
            rows = rows[rows["estimator"].isin(names) & (rows["outcome"] == name)]
        if rows.empty:
            hint = marked("ask for a 0/1 exposure that entities keep, with effects of entity and time")
            raise ArtifactError.at(str(self.path), marked("these estimators have no event study"), hint=hint)
        return self._drawn(partial(plots.plot_events, outcome=name, rows=rows), ax)

    # As pyfixest calls them.
    coefplot = plot_coefficients
    iplot = plot_events

    def _gains_over(self, b: str, estimators: Sequence[str]) -> Iterator[GainRow]:
        from harness.evaluation.tables import gains_table
        from harness.findings.run import Gains, Run
        from harness.tables.csv_table import as_declared

        self._estimators([*estimators, b])
        if b in estimators:
            raise ArtifactError.at(
                str(self.path), Coded("'{b}' has no gain over itself", b=b), hint=marked("name another one")
            )
        study = self._run.manifest.study
        gains = gains_table(self.predictions, references=[b], level=study.level, least_gain=study.least_gain)
        over = Gains(Run(self._run.manifest, self._folder, {GAIN.name: as_declared(GAIN, [gains])}), b)
        for outcome, name, protocol in product(study.outcomes, estimators, study.honest_first):
            yield over.row(outcome, name, protocol.id)

    def _drawn(self, plot: Callable[[Run, Axes], None], ax: Axes | None) -> Axes:
        from harness.report import plots

        with self._localised() as run:
            axes = plots.new_axes() if ax is None else ax
            plot(run, axes)
            plots.finish(run, axes)
        return axes

    @cached_property
    def _folder(self) -> RunFolder:
        from harness.running.folder import RunFolder

        return RunFolder.open(self.path)

    @cached_property
    def _run(self) -> Run:
        from harness.findings.run import read_run

        return read_run(self._folder)

    @contextmanager
    def _localised(self) -> Iterator[Run]:
        """Yield the run in the language of its report."""
        from harness.installed import installed
        from harness.language import ENGLISH
        from harness.text.render import localised

        is_english = self._run.manifest.study.language == ENGLISH
        with localised(self._run, messages=() if is_english else installed().messages) as run:
            yield run

    def _estimators(self, asked: Sequence[str] | None) -> tuple[str, ...]:
        known = [entry.id for entry in self._run.manifest.study.estimators]
        for name in asked or ():
            if name not in known:
                raise not_there(f"the study has no estimator '{name}'", name, known, origin=str(self.path))
        return tuple(known if asked is None else asked)

    def _choice(
        self,
        outcome: str,
        estimators: Sequence[str] | None,
        keep: str | Sequence[str] | None,
        digits: int = 3,
    ) -> TableChoice:
        """Return what a table or figure of coefficients shows, if that is anything."""
        from harness.report.sections.coefficients import TableChoice, chosen, estimates_of

        kept = (keep,) if isinstance(keep, str) else tuple(keep or ())
        choice = TableChoice(self._estimators(estimators), kept, digits)
        if not 0 <= digits <= MOST_DIGITS:
            raise ArtifactError.at(
                "digits",
                Coded("{digits} decimals", digits=digits),
                Coded("0 to {most_digits}", most_digits=MOST_DIGITS),
            )
        if not chosen(self._run, outcome, choice)[1]:
            known = sorted({term for own in estimates_of(self._run, outcome).values() for term in own})
            what = marked("these estimators have no such coefficient")
            raise not_there(what, kept[0] if kept else "", known, origin=str(self.path))
        return choice

    def _outcome(self, asked: str | None) -> str:
        outcomes = self._run.manifest.study.outcomes
        if asked is None:
            return outcomes[0]
        if asked not in outcomes:
            raise not_there(f"the study has no outcome '{asked}'", asked, outcomes, origin=str(self.path))
        return asked

    def __repr__(self) -> str:
        study = self._folder.manifest().study
        sizes = {name: len(getattr(study, name)) for name in ("outcomes", "estimators", "protocols")}
        parts = ", ".join(f"{name} {size}" for name, size in sizes.items())
        return f"StudyResult({study.id!r}: {parts}; {self.path.as_posix()})"

    def _repr_html_(self) -> str:
        from harness.installed import installed
        from harness.report.page import FRONT, digest

        names = (name for name in self._folder.files() if name.startswith(FRONT) and name.endswith(".svg"))
        pictures = {name: self._folder.read_bytes(name) for name in names}
        report = self.report.as_posix()
        return digest(self._run, report=report, pictures=pictures, messages=installed().messages)
