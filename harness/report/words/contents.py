"""What each file of a run folder holds, for the reader of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

HOLDS: Mapping[str, str] = {
    "manifest.json": "what was run, on what and with what, how each cell ended, the SHA-256 of every file",
    "manifest.sha256": "the SHA-256 of the manifest; `sha256sum -c manifest.sha256` checks it",
    "spec.yaml": "the spec that was run",
    "data.parquet": "the data, where the run was given a table of a script",
    "accuracy.csv": "errors of every estimator under every protocol on train, test and all rows",
    "gain.csv": "gains over the reference with intervals and p-values",
    "gain_report.json": "the same for programs: errors, gains, protocols and what they leak",
    "predictions.parquet": "observed and predicted outcome of every row in every fold",
    "coefficients.csv": "coefficient tables with the corrections of their covariance",
    "curves.csv": "net effect curves and slopes with their bands",
    "support.csv": "rows and entities near each point of a curve",
    "rug.csv": "quantiles of the exposure as observed",
    "turning_points.csv": "minima and maxima of the curves",
    "heterogeneity.csv": "effects by group",
    "heterogeneity_differences.csv": "differences between groups with their intervals",
    "heterogeneity_rows.csv": "quantiles of the levels in every group",
    "surfaces.csv": "outcome and effect over exposure and moderator",
    "conditional_effects.csv": "effect of the exposure at each moderator value",
    "thresholds.csv": "moderator values at which the effect changes its sign",
    "interactions.csv": "how far exposure and moderator interact",
    "claims.csv": "published numbers beside those recomputed",
    "expectations.csv": "numbers that the spec expects beside those of this run",
    "preparation.csv": "how columns were prepared",
    "interpolated.csv": "the cells that were missing and filled in",
    "decomposition.csv": "where the gain in sample comes from",
    "multiverse.csv": "the gain under every combination of choices",
    "multiverse.parquet": "predictions under every combination of choices",
    "multiverse_choices.csv": "what each choice does to the gain",
    "details/*.csv": "what fits tell of themselves: tests, statistics, what they chose, networks",
    "summary.csv": "moments of every variable",
    "warnings.csv": "warnings with their codes",
    "report.html": "this report",
    "surfaces.html": "surfaces that can be turned, offline as well",
    "figures/*.svg, *.png": "its figures, for print",
    "tables/gain.tex": "the table of gains for LaTeX",
    "tables/coefficients.tex": "the coefficients of all estimators for LaTeX",
    "tables/coefficients.docx": "the coefficients of all estimators for Word",
}


def described(present: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the files that are there, or that the report adds, each with what it holds.

    Parameters
    ----------
    present : paths within the run folder; figures are told as one
    """
    there = {_kind(name) for name in present} | {"manifest.json", "manifest.sha256"}
    return tuple((name, what) for name, what in HOLDS.items() if name in there)


def _kind(name: str) -> str:
    """Return the entry under which a file is told."""
    if name.startswith("figures/"):
        return "figures/*.svg, *.png"
    return "details/*.csv" if name.startswith("details/") else name
