"""A fit as a notebook, a terminal and maketables show it."""

from __future__ import annotations

from dataclasses import replace

import html5lib
import maketables
import numpy as np
import pandas as pd
import pytest
from docx import Document
from statsmodels.datasets import grunfeld

import harness
from harness import Panel
from harness.plugin import random_stream
from harness_panel import DriscollKraay, FixedEffects, Mundlak, PooledOLS, WildCluster
from panels import key_from, simulated_panel

# Every estimator with a table, as a script uses it: options, panel, table.
EVERY = {
    "Pooled OLS": PooledOLS(weighted=True),
    "Fixed effects": FixedEffects(("entity", "time"), DriscollKraay(2), absorb=("industry",)),
    "Correlated random effects": Mundlak(WildCluster(draws=99)),
}


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
    table = fitted.coefficients()
    for term, estimate, error in zip(table.terms, table.estimate, table.std_error, strict=True):
        assert term in page
        assert f"<td>{estimate:.6g}</td>" in page
        assert f"<td>{error:.6g}</td>" in page
    assert fitted.how in page
    assert ("rows weighted" in page) == (title == "Pooled OLS")
    assert ("industry" in page) == title.startswith("Fixed")


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_has_what_maketables_asks_for(panel, title, tmp_path):
    """The protocol of its documents, without a class of maketables' own."""
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    frame = fitted.__maketables_coef_table__
    assert {"b", "se", "t", "p", "ci95l", "ci95u"} <= set(frame.columns)
    assert tuple(frame.index) == fitted.coefficients().terms
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


def test_a_script_fits_a_table_and_reads_its_coefficients(capsys):
    """As least squares on dummies of every entity gives them."""
    frame = grunfeld.load_pandas().data
    columns = {"outcome": "invest", "exposure": "value", "controls": ["capital"]}
    panel = harness.panel_from_frame(frame, entity="firm", time="year", **columns)
    fitted = FixedEffects(effects=["entity"]).fit(panel)
    X = np.column_stack([frame[["value", "capital"]], pd.get_dummies(frame["firm"], dtype=float)])
    slopes, *_ = np.linalg.lstsq(X, frame["invest"].to_numpy())
    assert fitted.coef.to_dict() == pytest.approx(dict(zip(("value", "capital"), slopes, strict=False)))
    ordered = frame.assign(fitted=X @ slopes).sort_values(["firm", "year"])
    assert fitted.predict(panel) == pytest.approx(ordered["fitted"].to_numpy())
    assert fitted.std_error.to_numpy() == pytest.approx(fitted.coefficients().std_error)
    fitted.summary()
    assert f"{slopes[0]:.6g}" in capsys.readouterr().out


def test_what_a_script_shows_is_short(panel):
    many = simulated_panel(random_stream(95), n_columns=40)
    fitted = PooledOLS().fit(many)
    for shown in (panel, many, many.entity, fitted, fitted.coefficients()):
        assert len(repr(shown).splitlines()) <= 15
        assert len(repr(shown)) < 1500


def test_a_name_with_markup_stays_a_name():
    panel = simulated_panel(random_stream(92), n_columns=1)
    script = "<script>alert(1)</script>"
    entity = replace(panel.entity, name=script)
    hostile = replace(panel, exposure=script, outcome="<b>y</b>", entity=entity)
    page = FixedEffects().fit(hostile, rng=random_stream(0))._repr_html_()
    assert "<script>" not in page
    assert "<b>y</b>" not in page
