from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hantei.reports.figures import Plot, Radar, Series
from hantei.reports.to_html import figure

from .hostile import MARKUP


def plot(*args: Any, **more: Any) -> str:
    return str(figure(Plot(*args, **more), "f"))


def radar(*args: Any, **more: Any) -> str:
    return str(figure(Radar(*args, **more), "f"))


def picture(drawn: str) -> ET.Element:
    """Return the chart itself: the last picture of a figure, after those of its legend."""
    return ET.fromstring("<svg" + drawn.rsplit("<svg", 1)[1].split("</svg>")[0] + "</svg>")  # noqa: S314


def places(points: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in points.split()]  # type: ignore[misc]


def test_a_line_goes_from_the_lower_left_corner_of_the_field_to_the_upper_right_one() -> None:
    drawn = picture(plot("t", "x", "y", [Series("s", [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])]))
    field, line = drawn.find("rect"), drawn.find("polyline")
    assert field is not None
    assert line is not None
    left, top, width, height = (float(field.attrib[name]) for name in ("x", "y", "width", "height"))
    assert places(line.attrib["points"]) == [
        (left, top + height),
        (left + width / 2, top + height / 2),
        (left + width, top),
    ]


def test_what_lies_outside_an_axis_is_drawn_at_its_end() -> None:
    drawn = picture(plot("t", "x", "y", [Series("s", [(-1.0, 0.4), (2.0, 0.9)])], y_range=(0.5, 1.0)))
    field, line = drawn.find("rect"), drawn.find("polyline")
    assert field is not None
    assert line is not None
    (x0, y0), (x1, _) = places(line.attrib["points"])
    assert x0 == float(field.attrib["x"])
    assert y0 == float(field.attrib["y"]) + float(field.attrib["height"])
    assert x1 == x0 + float(field.attrib["width"])


def test_an_interval_is_a_whisker_of_a_dot_and_a_band_of_a_line() -> None:
    points, low, high = [(0.2, 0.5), (0.6, 0.5)], [0.4, 0.4], [0.6, 0.7]
    dots = picture(plot("t", "x", "y", [Series("s", points, "dots", low, high)]))
    whiskers = [line.attrib for line in dots.findall("line") if "whisker" in line.attrib["class"]]
    assert [float(one["y1"]) > float(one["y2"]) for one in whiskers] == [True, True]
    line = picture(plot("t", "x", "y", [Series("s", points, "line", low, high)]))
    band = line.find("polygon")
    assert band is not None
    assert len(places(band.attrib["points"])) == 4
    assert not [one for one in line.findall("line") if "whisker" in one.attrib["class"]]


def test_bars_of_two_series_stand_side_by_side_on_the_axis() -> None:
    both = [Series(name, [(1.0, 2.0), (2.0, 4.0)], "bars") for name in "ab"]
    drawn = picture(plot("t", "x", "y", both, x_range=(0, 3), y_range=(0, 4)))
    found = sorted(
        (float(bar.attrib["x"]), float(bar.attrib["x"]) + float(bar.attrib["width"]))
        for bar in drawn.findall("rect")
        if "bar" in bar.attrib["class"]
    )
    assert len(found) == 4
    assert all(right <= left + 0.11 for (_, right), (left, _) in pairwise(found))
    feet = {
        round(float(b.attrib["y"]) + float(b.attrib["height"]), 1)
        for b in drawn.findall("rect")
        if "bar" in b.attrib["class"]
    }
    assert feet == {14.0 + 196.0}


def test_a_numbered_place_has_its_number_and_intervals_both_ways() -> None:
    one = Series("s", [(0.5, 0.25)], "numbered", [0.2], [0.3], [0.4], [0.6], number=7)
    drawn = picture(plot("t", "x", "y", [one]))
    crosses = [line.attrib for line in drawn.findall("line") if line.attrib["class"] == "cross"]
    circle = drawn.find("circle")
    assert circle is not None
    assert [one["x1"] == one["x2"] for one in crosses] == [True, False]
    assert circle.attrib["cx"] == crosses[0]["x1"]
    assert circle.attrib["cy"] == crosses[1]["y1"]
    assert [text.text for text in drawn.findall("text") if text.get("class") == "in"] == ["7"]


def test_the_table_holds_the_numbers_but_not_the_guide() -> None:
    series = [Series("s", [(0.25, 0.123)], "dots", [0.1], [0.2]), Series("ideal", [(0, 0), (1, 1)], "guide")]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", plot("t", "x", "y", series))
    assert rows == ['<tr><th scope="row"><bdi>s</bdi></th><td>25%</td><td>12.3%</td><td>10% to 20%</td></tr>']


@pytest.mark.parametrize(
    ("over", "labels"),
    [
        ((0.0, 1.0), ["0%", "20%", "40%", "60%", "80%", "100%"]),
        ((0.8, 1.0), ["80%", "85%", "90%", "95%", "100%"]),
        ((0.0, 512.0), ["0", "200", "400"]),
        ((-3.0, 2.0), ["-3", "-2", "-1", "0", "1", "2"]),
    ],
)
def test_an_axis_has_round_numbers(over: tuple[float, float], labels: list[str]) -> None:
    drawn = picture(plot("t", "x", "y", [], x_range=over))
    foot = [text for text in drawn.findall("text") if text.get("y") == "226.0"]
    assert [text.text for text in foot] == labels


def test_points_that_are_not_finite_are_left_out_with_their_intervals() -> None:
    series = Series("s", [(0.1, float("nan")), (0.5, 0.5)], "dots", [0.0, 0.4], [1.0, 0.6])
    drawn = plot("t", "x", "y", [series])
    assert "nan" not in drawn
    assert "40% to 60%" in drawn
    assert "0% to 100%" not in drawn


def test_a_radar_puts_the_first_axis_at_the_top_and_goes_clockwise() -> None:
    drawn = picture(radar("t", ["a", "b", "c", "d"], {"s": [0.5, 1.0, 0.0, 0.25]}, most=1.0))
    area = next(one for one in drawn.findall("polygon") if "area" in one.attrib["class"])
    middle = places(area.attrib["points"])[2]  # a share of 0 stands in the middle
    (x0, y0), (x1, y1), _, (x3, y3) = places(area.attrib["points"])
    assert (x0, y1, y3) == (middle[0], middle[1], middle[1])
    assert x1 - middle[0] == pytest.approx(2 * (middle[1] - y0))
    assert middle[0] - x3 == pytest.approx((x1 - middle[0]) / 4)


@pytest.mark.parametrize(
    ("axes", "values", "most"), [(["a", "b"], [1, 1], 1.0), (["a", "b", "c"], [1, 1], 1.0), (["a"] * 3, [1] * 3, 0.0)]
)
def test_a_radar_that_cannot_be_drawn_is_refused(axes: list[str], values: list[float], most: float) -> None:
    with pytest.raises(ValueError, match="three axes"):
        radar("t", axes, {"s": values}, most)


def test_hostile_names_are_text_in_every_place() -> None:
    name = MARKUP + "\u202e\x1b[2J"
    figures = plot(name, name, name, [Series(name, [(0.5, 0.5)], "dots")], [(0.5, 0.5, name)]) + radar(
        name, [name] * 3, {name: [1.0, 1.0, 1.0]}, 1.0
    )
    assert set(re.findall(r"<(\w+)", figures)) <= {
        *(
            "figure",
            "figcaption",
            "caption",
            "p",
            "span",
            "bdi",
            "details",
            "summary",
            "div",
            "table",
            "thead",
            "tbody",
            "tr",
        ),
        *("th", "td", "svg", "title", "desc", "rect", "line", "text", "tspan", "path", "circle", "polyline", "polygon"),
    }
    assert "\u202e" not in figures
    assert "\x1b" not in figures
