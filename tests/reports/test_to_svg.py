"""A plot as a picture of its own."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hantei.reports.figures import Plot, Series
from hantei.reports.to_svg import svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_whole_xml_with_its_title_legend_and_lines() -> None:
    lines = [
        Series("<b>one</b>", [(0, 0.2), (1, 0.4)], low=[0.1, 0.3], high=[0.3, 0.5]),
        Series("two", [(0, 0.5), (1, 0.6)]),
    ]
    root = ET.fromstring(svg(Plot("Harm & help", "copies", "share", lines)))  # noqa: S314 - it is our own
    texts = [element.text for element in root.iter(f"{NAMESPACE}text")]
    assert {"Harm & help", "<b>one</b>", "two", "copies", "share"} <= set(texts)
    assert len(list(root.iter(f"{NAMESPACE}polyline"))) == 2 * len(lines)  # one on the field, one in the legend
    assert len(list(root.iter(f"{NAMESPACE}polygon"))) == 1
    assert "@import" not in (root.find(f"{NAMESPACE}style").text or "")  # type: ignore[union-attr]
    assert float(root.attrib["viewBox"].split()[3]) > max(
        float(element.attrib["y"]) for element in root.iter(f"{NAMESPACE}text") if element.text == "two"
    )
