"""Searches for a size and maps: table and figure."""

from dataclasses import replace

import pandas as pd
import pytest

from harness.findings.run import read_run
from harness.installed import installed
from harness.language import spoken
from harness.report.drawing.canvas import house_style
from harness_neural.diagram import plot_diagram
from harness_neural.figures import plot_map
from harness_neural.section import diagram_of, map_figures, map_table, networks, place_name, search_table
from report.changed_run import with_study, with_table
from report.fake_run import wage_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read_run(wage_run(tmp_path_factory.mktemp("wage")))


def test_networks_and_maps(run):
    first = search_table(run).texts[2]
    assert [first[at] for at in (0, 1, 3, 4, 5)] == ["SOM + ANN", "cluster 1", "7.5217", "6 to 8", "7"]
    assert first[7:] == ("0.270", "0.300")
    (_, (label, clusters, _, topographic, _)) = map_table(run).texts
    assert label == "SOM + ANN, Log wage; RAB, Log wage"
    assert (clusters, topographic) == ("500 + 560 + 620 + 680", "4.3%")


def test_places_and_sizes_are_told_in_the_language_of_the_report(run):
    with spoken("zh", installed().messages):
        first = search_table(run).texts[2]
        assert (first[1], first[4]) == ("聚类 1", "6 至 8")
        assert place_name("all rows") == "全部观测"
    assert place_name("all rows") == "all rows"


def test_the_map_lies_as_it_was_trained(run):
    found = run.view(networks)
    (fits,) = found.distinct_maps()  # both fits have the same map
    assert fits == (("lwage", "ann"), ("lwage", "rab"))
    labels = ["Experience", "Schooling", "union", "married"]
    with house_style():
        grid, means = plot_map(
            run.view(networks).map_of(fits[0]), run.view(networks).profile_of(fits[0]), labels
        ).axes
    places = {text.get_text(): text.get_position() for text in grid.texts}
    assert places == {"1: 500": (0, 0), "2: 560": (1, 0), "3: 620": (0, 1), "4: 680": (1, 1)}
    assert [label.get_text() for label in means.get_yticklabels()] == labels
    assert means.texts[0].get_text() == "0.8"  # sin(1)


def test_the_map_of_every_outcome_is_drawn_and_a_shared_one_once(run):
    def doubled(frame, **changes):
        other = frame.assign(outcome="hours", **{name: change(frame) for name, change in changes.items()})
        return pd.concat([frame, other], ignore_index=True)

    more = with_table(run, "details/som", lambda frame: doubled(frame, n_obs=lambda own: own["n_obs"] + 1))
    more = with_table(more, "details/som_profile", doubled)
    with house_style():
        one, two = map_figures(more)
    assert (one.name, two.name) == ("map-lwage-ann", "map-hours-ann")
    assert "SOM + ANN on Log wage and RAB on Log wage" in one.caption
    assert "SOM + ANN on hours and RAB on hours" in two.caption


def test_the_diagram_is_of_the_options_and_sizes_of_the_network(run):
    ols, _, ann, rab, _ = run.manifest.study.estimators
    options = {"activation": "tanh", "clusters": 4, "optimiser": "lbfgs", "max_steps": 250}
    ann = replace(ann, options={**options, "combine": "separate_nets"})
    rab = replace(rab, options={"draws": 40, "base": {"use": ann.use}})
    shown = diagram_of(with_study(run, estimators=(ols, ann, rab)), ann)
    assert diagram_of(run, ols) is None
    study = run.manifest.study
    assert shown.n_inputs == 1 + len(study.moderators) + len(study.controls)
    assert (shown.hidden, shown.activation) == ("7", "tanh")
    assert shown.networks.startswith("4 such networks")
    assert [step for step in shown.steps if "N = 7.52 by the formula; tried: 6 to 8" in step]
    assert shown.steps[-1].startswith("RAB: again on 40 resamples")
    with house_style():
        unit, network, steps = plot_diagram(replace(shown, n_inputs=27)).axes
    assert network.get_title(loc="left") == "The network: 27 inputs, 7 hidden units, 1 output"
    assert {"x₂₇", "w₂₇"} <= {text.get_text() for text in unit.texts}
    assert len([text for text in steps.texts if text.get_text()]) == len(shown.steps)
