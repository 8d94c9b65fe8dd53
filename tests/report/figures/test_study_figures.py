"""The figures of groups, surfaces and maps: their numbers stand where they belong."""

from dataclasses import replace

import numpy as np
import pytest

from harness.report.figures.canvas import grid_shape, house_style
from harness.report.figures.contour import draw_contours
from harness.report.figures.group_figure import draw_groups
from harness.report.figures.map_figure import draw_map
from harness.report.figures.palette import THRESHOLD_COLOUR
from harness.report.figures.scenes import effect_label
from harness.report.figures.study_drawings import draw_study, group_scene, surface_scene
from harness.report.figures.surface_figure import draw_surfaces
from harness.report.reading.run import read_run
from harness.report.reading.surfaces import SurfaceKey

RAB = SurfaceKey("educ", "educ", "lwage", "rab")


@pytest.fixture(scope="module")
def run(wage):
    return read_run(wage)


def test_every_figure_of_the_study_is_there(run):
    drawings = draw_study(run)
    assert [one.name for one in drawings.all] == [
        *(f"groups-{by}-{name}" for by in ("size", "rank") for name in ("rab", "ols")),
        *("surface-educ-rab", "surface-educ-ols", "map-lwage-ann"),
    ]
    assert drawings.outcomes == ()  # one outcome alone stands beside none


def test_boxes_and_effects_of_groups(run):
    scene = group_scene(run, ("size", "size"), "lwage", "rab")
    with house_style():
        effects, pooled, refit = draw_groups([scene]).axes
    assert scene.groups == ("large", "mega and super", "small and medium")
    assert pooled.get_title(loc="left") == "Log wage"
    for levels in (pooled, refit):
        medians = [line for line in levels.lines if line.get_linewidth() == 1.6]
        # levels are 1.6 + 0.05 a group at the middle quantile, pooled and refitted alike
        assert [float(line.get_ydata()[0]) for line in medians] == pytest.approx([1.6, 1.65, 1.7])
    dots = {round(float(line.get_xdata()[0]), 2): line for line in effects.lines if line.get_marker() in "oD"}
    assert float(dots[-0.19].get_ydata()[0]) == pytest.approx(0.034)
    assert float(dots[2.19].get_ydata()[0]) == pytest.approx(0.034 - 0.024)
    assert effects.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"


def test_a_group_without_an_answer_has_no_box(run):
    scene = group_scene(run, ("rank", "rank"), "lwage", "ols")
    assert {(box.row.group, box.row.mode) for box in scene.boxes} == {
        ("first rank", "pooled"),
        ("other", "pooled"),
        ("first rank", "refit"),
    }


def test_contours_show_signs_support_and_threshold(run):
    surface = run.conditional.surface(RAB)
    with house_style():
        figure = draw_surfaces([surface_scene(run, RAB)])
    relief, contours, bar, effect = figure.axes
    assert relief.name == "3d"
    assert (contours.get_ylabel(), effect.get_xlabel()) == ("Schooling (years)", "Schooling (years)")
    assert effect.get_ylabel().replace("\n", " ") == "Effect (log dollars an hour per unit)"
    signs = {line.get_marker(): line.get_xydata() for line in contours.lines if line.get_marker() in "^v"}
    assert (signs["^"][:, 1] > 9.5).all()
    assert (signs["v"][:, 1] < 10.6).all()
    across, up = signs["^"].T
    place = np.searchsorted(surface.exposure_at, across), np.searchsorted(surface.moderator_at, up)
    assert surface.supported[place].all()
    threshold = [line for line in contours.lines if line.get_color() == THRESHOLD_COLOUR]
    assert [float(line.get_ydata()[0]) for line in threshold] == [9.7, 9.1, 10.4]
    assert not bar.get_xlabel()


def test_a_surface_without_a_change_of_sign_has_no_threshold(run):
    surface = run.conditional.surface(SurfaceKey("educ", "educ", "lwage", "ols"))
    with house_style():
        figure = draw_surfaces([surface_scene(run, SurfaceKey("educ", "educ", "lwage", "ols"))])
        axes = figure.add_subplot()
        draw_contours(axes, surface, run.conditional.thresholds_of(surface.key))
    assert not [line for line in axes.lines if line.get_color() == THRESHOLD_COLOUR]


def test_the_map_lies_as_it_was_trained(run):
    (fits,) = run.networks.distinct_maps()  # both fits have the same map
    assert fits == (("lwage", "ann"), ("lwage", "rab"))
    labels = ["Experience", "Schooling", "union", "married"]
    with house_style():
        grid, means = draw_map(run.networks.map_of(fits[0]), run.networks.profile_of(fits[0]), labels).axes
    places = {text.get_text(): text.get_position() for text in grid.texts}
    assert places == {"1: 500": (0, 0), "2: 560": (1, 0), "3: 620": (0, 1), "4: 680": (1, 1)}
    assert [label.get_text() for label in means.get_yticklabels()] == labels
    assert means.texts[0].get_text() == "0.8"  # sin(1)


def test_the_map_of_every_outcome_is_drawn_and_a_shared_one_once(run):
    other = tuple(replace(row, outcome="hours", n_obs=row.n_obs + 1) for row in run.networks.maps)
    profiles = tuple(replace(row, outcome="hours") for row in run.networks.profiles)
    networks = replace(
        run.networks,
        maps=(*run.networks.maps, *other),
        profiles=(*run.networks.profiles, *profiles),
    )
    one, two = draw_study(replace(run, networks=networks)).maps
    assert (one.name, two.name) == ("map-lwage-ann", "map-hours-ann")
    assert one.caption.startswith(
        "The self-organising map of SOM + ANN on Log wage and RAB on Log wage. Above:"
    )
    assert two.caption.startswith("The self-organising map of SOM + ANN on hours and RAB on hours. Above:")


def test_an_effect_is_labelled_with_its_unit(run):
    study = run.manifest.study
    assert effect_label(study, "lwage") == "Effect on Log wage (log dollars an hour per unit)"
    assert effect_label(study, "educ").startswith("Effect on Schooling (years per unit")
    assert effect_label(study, "union") == "Effect on union (change per unit)"


def test_the_legend_of_surfaces_names_what_they_show(run):
    with house_style():
        figure = draw_surfaces([surface_scene(run, RAB)])
    (legend,) = figure.legends
    assert [one.get_text() for one in legend.get_texts()] == [
        "few entities near",
        "effect above zero, its interval too",
        "effect below zero, its interval too",
        "effect of zero",
        "average effect changes sign, with interval (dashed)",
        "pointwise 95% band",
        "simultaneous 95% band",
    ]


@pytest.mark.parametrize(
    ("n_panels", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (7, (3, 3)), (9, (3, 3))]
)
def test_a_grid_of_panels_leaves_few_places_empty(n_panels, shape):
    assert grid_shape(n_panels, most_columns=3) == shape


def group_names(run, names):
    scene = replace(group_scene(run, ("size", "size"), "lwage", "rab"), groups=names, boxes=())
    with house_style():
        effects = draw_groups([scene]).axes[0]
    return [one.get_text() for one in effects.get_xticklabels()], effects.get_xticklabels()[0].get_rotation()


def test_names_of_groups_break_where_they_can(run):
    names, rotation = group_names(run, ("low_income", "lower_middle_income", "upper", "high_income"))
    assert names == ["low_\nincome", "lower_\nmiddle_\nincome", "upper", "high_\nincome"]
    assert rotation == 0.0


def test_names_of_many_groups_stand_upright(run):
    names, rotation = group_names(run, tuple(f"province number {at} of many" for at in range(6)))
    assert names[0] == "province number 0…"
    assert rotation == 90.0
