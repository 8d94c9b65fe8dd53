"""A finished run in a script or a notebook."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ArtifactError, near_names

if TYPE_CHECKING:
    import pandas as pd
    from maketables import ETable

    from harness.findings.run import Run
    from harness.report.stored_fit import StoredFit
    from harness.running.folder import RunFolder


@dataclass(frozen=True)
class GainEstimate:
    """A gain with its interval; ``float`` of it is the gain.

    Attributes
    ----------
    gain : 1 - MSE / MSE of the reference, a fraction
    conf_low, conf_high : limits of its interval; NaN where there is none
    p_value : of equal errors; NaN where there is none
    """

    gain: float
    conf_low: float
    conf_high: float
    p_value: float

    def __float__(self) -> float:
        return self.gain

    def __repr__(self) -> str:
        return f"Gain({self.gain:.4g} [{self.conf_low:.4g}, {self.conf_high:.4g}])"


def not_there(what: str, asked: str, known: Collection[str], *, origin: str) -> ArtifactError:
    """Return that a run has nothing of a name, with the names that it has."""
    hint = near_names(asked, known) or "name one of these"
    return ArtifactError.at(origin, what, ", ".join(known), hint)


@dataclass(frozen=True)
class StoredFigure:
    """One figure.

    Attributes
    ----------
    svg : its file
    """

    svg: Path

    def _repr_svg_(self) -> str:
        return self.svg.read_text(encoding="utf-8")


def _stored(name: str, about: str) -> cached_property[pd.DataFrame]:
    """Return an attribute of a result that is a table of its folder."""

    def read(result: StudyResult) -> pd.DataFrame:
        return result.table(name)

    read.__doc__ = about
    return cached_property(read)


@dataclass(frozen=True)
class StudyResult:
    """The tables, figures and report in a run folder.

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
    multiverse = _stored("multiverse", "The gain under every combination of choices.")
    coefficients = _stored("coefficients", "Coefficients with their covariance and its corrections named.")
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

    @cached_property
    def figures(self) -> Mapping[str, StoredFigure]:
        """Figures of the report by name; a notebook displays them."""
        pictures = sorted((self.path / "figures").glob("*.svg"))
        return {path.stem: StoredFigure(path) for path in pictures}

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the folder, such as ``details/networks``.

        Raises
        ------
        ArtifactError
            If no table has this name, or the file is damaged.
        """
        from harness.tables.table import DETAILS

        there = [file.removesuffix(".csv") for file in self._folder.files() if file.endswith(".csv")]
        known = {*self._folder.manifest().tables, *there}
        if name not in known and not name.startswith(DETAILS):
            expected = ", ".join(sorted(known))
            raise ArtifactError.at(name, "no run has such a table", expected, near_names(name, known))
        return self._folder.read_table(name)

    def coefficient_table(self, outcome: str | None = None) -> pd.DataFrame:
        """Return estimates with standard errors in brackets: a row per term, a column per estimator.

        Parameters
        ----------
        outcome : one of the study's; None for its first

        Raises
        ------
        ArtifactError
            If the study has no such outcome.
        """
        import pandas as pd

        from harness.report.sections.coefficients import regression_table
        from harness.report.table import cell_of

        table = regression_table(self._run, self._outcome(outcome))
        rows = [row.cells for group in table.groups for row in group.rows] + [row.cells for row in table.foot]
        cells = {cell_of(head).text: [cell_of(cell).text for cell in own] for head, *own in rows}
        columns = list(table.heads[-1][1:])
        return pd.DataFrame.from_dict(cells, orient="index", columns=columns)

    def fits(self, outcome: str | None = None) -> Mapping[str, StoredFit]:
        """Return the estimates of each estimator that has coefficients, by its label.

        ``maketables.ETable(list(result.fits().values()))`` makes a LaTeX, Word or HTML table.

        Parameters
        ----------
        outcome : one of the study's; None for its first

        Raises
        ------
        ArtifactError
            If the study has no such outcome.
        """
        from harness.report.stored_fit import StoredFit

        study, name = self._run.manifest.study, self._outcome(outcome)
        rows = self.coefficients
        rows = rows[(rows["outcome"] == name) & (rows["status"] == "ok")]
        labels = {term: study.label(term) for term in rows["term"].unique()}
        asked = {entry.id: entry for entry in study.estimators}
        entries = [(asked[str(key)], own) for key, own in rows.groupby("estimator", sort=False)]
        return {
            entry.label: StoredFit(study.label(name), own, labels, entry.effects) for entry, own in entries
        }

    def etable(self, outcome: str | None = None) -> ETable:
        """Return a regression table of the estimators that have coefficients, by maketables.

        Parameters
        ----------
        outcome : one of the study's; None for its first
        """
        from maketables import ETable

        fits = self.fits(outcome)
        return ETable(list(fits.values()), model_heads=list(fits))

    def gain_of(
        self,
        estimator: str,
        protocol: str,
        *,
        outcome: str | None = None,
        reference: str | None = None,
        sample: str = "test",
    ) -> GainEstimate:
        """Return one gain as a number with its interval.

        Parameters
        ----------
        estimator, protocol : their ids
        outcome : one of the study's; None for its first
        reference : id of the reference; None for that of the study
        sample : ``test``, ``train`` or ``all``

        Raises
        ------
        ArtifactError
            If the run has no such gain, with the reason if the cell failed.
        """
        asked = {
            "outcome": self._outcome(outcome),
            "estimator": estimator,
            "reference": self._run.manifest.study.reference if reference is None else reference,
            "protocol": protocol,
            "sample": sample,
        }
        rows, origin = self.gain, str(self.path)
        for column, value in asked.items():
            known = sorted(rows[column].astype(str).unique())
            rows = rows[rows[column] == value]
            if rows.empty:
                raise not_there(f"the run has no gain with {column} '{value}'", value, known, origin=origin)
        row = rows.iloc[0]
        if row["status"] != "ok":
            raise ArtifactError.at(origin, f"this gain is {row['status']}: {row['reason']}")
        return GainEstimate(*(float(row[name]) for name in ("gain", "conf_low", "conf_high", "p_value")))

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
            what = f"the run has no predictions in sample of '{estimator}'"
            raise not_there(what, estimator, known, origin=str(self.path))
        own = rows[(rows["estimator"] == estimator) & (rows["sample"] == "test")]
        table = own[["entity", "time", "observed", "predicted"]].rename(columns={"predicted": "fitted"})
        return table.assign(residual=table["observed"] - table["fitted"]).reset_index(drop=True)

    def plot_gain(self, outcome: str | None = None) -> StoredFigure:
        """Return the figure of the gains of an outcome; None for the study's first."""
        return self._figure("gain", self._outcome(outcome))

    def plot_curve(self, outcome: str | None = None) -> StoredFigure:
        """Return the figure of the net effect curves of an outcome; None for the study's first."""
        return self._figure("curve", self._outcome(outcome))

    def plot_surface(self, scenario: str, estimator: str) -> StoredFigure:
        """Return the figure of an estimator's predictions over exposure and moderator.

        Parameters
        ----------
        scenario : id of a ``conditional`` scenario
        estimator : its id
        """
        return self._figure("surface", scenario, estimator)

    def _figure(self, kind: str, *of: str) -> StoredFigure:
        from harness.text.plain_text import file_slug

        name = "-".join([kind, *map(file_slug, of)])
        if name not in self.figures:
            known = self.figures or ["a study whose spec asks for a report"]
            raise not_there(f"the run has no figure '{name}'", name, known, origin=str(self.path))
        return self.figures[name]

    @cached_property
    def _folder(self) -> RunFolder:
        from harness.running.folder import RunFolder

        return RunFolder.open(self.path)

    @cached_property
    def _run(self) -> Run:
        from harness.findings.run import read_run

        return read_run(self._folder)

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
        from harness.report.page import digest

        return digest(self._run, report=self.report.as_posix(), messages=installed().messages)
