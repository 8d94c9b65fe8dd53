"""A fit as a notebook, a terminal and maketables show it."""

from __future__ import annotations

from dataclasses import replace

import html5lib
import maketables
import pytest
from docx import Document

from harness import Panel
from harness.plugin import random_stream
from harness_panel import (
    Between,
    Classical,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Instrumental,
    Mundlak,
    PolynomialEffects,
    PooledOLS,
    RandomEffects,
    WildCluster,
)
from panels import key_from, simulated_panel
from r_reference import r_panel

FITS = {
    "OLS": PooledOLS(),
    "FE": FixedEffects(covariance=Classical()),
    "two-way": FixedEffects(("entity", "time"), DriscollKraay(2)),
    "RE": RandomEffects(),
    "between": Between(),
}


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.removesuffix(r" \\").split("&")]


EVERY = {
    "Pooled OLS": PooledOLS(weighted=True),
    "Fixed effects": FixedEffects(("entity", "time"), DriscollKraay(2), absorb=("industry",)),
    "Fixed effects, polynomial": PolynomialEffects(("entity",), absorb=("industry",)),
    "Random effects": RandomEffects(),
    "Between": Between(),
    "First differences": FirstDifference(constant=True),
    "Correlated random effects": Mundlak(WildCluster(draws=99)),
}
"""Every estimator with a table, as a script uses it: options, panel, table."""


@pytest.fixture(scope="module")
def panel() -> Panel:
    base = simulated_panel(random_stream(91), share=0.8)
    industry = key_from("industry", random_stream(93).integers(0, 3, size=base.n_obs))
    weights = random_stream(94).uniform(0.5, 2.0, size=base.n_obs)
    return replace(base, groups=(industry,), weights=weights)


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_shows_itself_in_a_notebook(panel, title):
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    page = fitted._repr_html_()
    html5lib.HTMLParser(strict=False).parseFragment(page)
    assert title in page
    for term, estimate, error in zip(
        fitted.table.terms, fitted.table.estimate, fitted.table.std_error, strict=True
    ):
        assert term in page
        assert f"{estimate:.3f}" in page
        assert f"({error:.3f})" in page
    assert fitted.table.correction.kind in page
    assert ("rows weighted" in page) == (title == "Pooled OLS")
    assert ("industry" in page) == title.startswith("Fixed")


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_shows_itself_in_a_terminal(panel, title):
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    first, *lines = repr(fitted).splitlines()
    assert first == f"{title} of outcome"
    assert len(lines) == len(fitted.table.terms) + 3
    exposure = next(line for line in lines if line.startswith("x0"))
    at = fitted.table.terms.index("x0")
    assert [f"{one:.6g}" for one in (fitted.table.estimate[at], fitted.table.std_error[at])] == (
        exposure.split()[1:3]
    )
    assert lines[-1] == fitted.how


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_has_what_maketables_asks_for(panel, title, tmp_path):
    """The protocol of its documents, without a class of maketables' own."""
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    frame = fitted.__maketables_coef_table__
    assert {"b", "se", "t", "p", "ci95l", "ci95u"} <= set(frame.columns)
    assert tuple(frame.index) == fitted.table.terms
    assert fitted.__maketables_depvar__ == "outcome"
    assert fitted.__maketables_stat__("N") == fitted.regression.panel.n_obs
    assert 0.0 <= fitted.__maketables_stat__("r2") <= 1.0
    assert fitted.__maketables_stat__("no such statistic") is None
    alone = maketables.ETable([fitted])
    for kind in ("tex", "html"):
        assert f"{frame['b'].iloc[0]:.3f}" in str(alone.make(kind))
    alone.save("docx", str(tmp_path / "one.docx"), show=False)
    (grid,) = Document(str(tmp_path / "one.docx")).tables
    shown = [cell.text for row in grid.rows for cell in row.cells]
    assert any(f"{frame['b'].iloc[0]:.3f}" in text for text in shown)


def test_all_estimators_stand_side_by_side(panel):
    fits = [one.fit(panel, rng=random_stream(0)) for one in EVERY.values()]
    latex = str(maketables.ETable(fits, model_heads=list(EVERY)).make("tex"))
    (exposure,) = [line for line in latex.splitlines() if line.startswith("x0 &")]
    assert len(cells(exposure)) == 1 + len(EVERY)
    (industry,) = [line for line in latex.splitlines() if line.startswith("industry &")]
    assert cells(industry)[1:] == ["-", "x", "x", "-", "-", "-", "-"]


def test_how_a_fit_was_made_says_effects_and_covariance():
    panel = r_panel("grunfeld")
    how = {label: one.fit(panel, rng=random_stream(0)).how for label, one in FITS.items()}
    assert "clustered by entity (200 rows, 3 coefficients, 10 clusters, factor" in how["OLS"]
    assert "effects of firm absorbed, 10 of them independent" in how["FE"]
    assert how["two-way"].startswith(
        "Driscoll-Kraay (200 rows, 2 coefficients, 20 periods, bandwidth 2, factor 1, 19 degrees"
    )


def test_a_name_with_markup_stays_a_name():
    panel = simulated_panel(random_stream(92), n_columns=1)
    script = "<script>alert(1)</script>"
    entity = replace(panel.entity, name=script)
    hostile = replace(panel, exposure=script, outcome="<b>y</b>", entity=entity)
    page = FixedEffects().fit(hostile, rng=random_stream(0))._repr_html_()
    assert "<script>" not in page
    assert "<b>y</b>" not in page


def test_maketables_takes_a_fit_as_it_is():
    fits = [one.fit(r_panel("grunfeld"), rng=random_stream(0)) for one in FITS.values()]
    latex = maketables.ETable(fits).make("tex")
    assert "0.310" in latex
    assert "Observations" in latex


def test_instruments_show_themselves_too():
    panel = simulated_panel(random_stream(95), n_columns=2)
    moved = panel.X[:, :1] + random_stream(96).normal(size=(panel.n_obs, 1))
    fitted = Instrumental().fit(replace(panel, instruments=("z",), Z=moved), rng=random_stream(0))
    assert repr(fitted).startswith("Instrumental variables of outcome\n")
    assert fitted.how.endswith("2sls, x0 instrumented by z")
    assert f"{fitted.coefficients().estimate[1]:.3f}" in str(maketables.ETable([fitted]).make("tex"))
