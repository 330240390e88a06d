from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hantei.metrics import definitions
from hantei.metrics.definitions import Counts, Metric
from hantei.records import Rate, Summary
from hantei.reports import ReportInput, render_report, rooms, to_json, to_terminal
from hantei.reports.figures import Headline, HeatMap, Plot, StackedBars
from hantei.reports.results import Results
from hantei.reports.rooms import sections
from hantei.reports.section import Section, notes

from .sample import RUBRIC, SYSTEMS, rate, report_input


def results(data: ReportInput) -> Results:
    return Results(data.summary, data.settings, data.labels)


def of(data: ReportInput, key: str) -> Section:
    return next(section for section in sections(results(data)) if section.key == key)


def of_rates(*rates: Rate) -> ReportInput:
    return replace(report_input(copies=1), summary=Summary(rates=rates), answers=[])


def printed(data: ReportInput) -> str:
    blocks = [block for one in sections(results(data)) if one.terminal for block in to_terminal.blocks(one)]
    return "\n".join(b if isinstance(b, str) else "\n".join(map(str, (b.header, *b.rows))) for b in blocks)


def test_the_sample_fills_every_room() -> None:
    data = report_input()
    assert [section.key for section in sections(results(data))] == [
        *(
            "overview",
            "trust",
            "error-budget",
            "weak",
            "systems",
            "harms",
            "actions",
            "language",
            "region",
            "benchmark",
            "intent",
            "provenance",
        )
    ]
    (table,) = of(data, "systems").tables
    assert [row.name for row in table.rows] == [*SYSTEMS, "All systems"]
    (heat,) = of(data, "harms").figures
    assert isinstance(heat, HeatMap)
    assert [len(rows) for _, rows in heat.groups] == [2, 3, 3, 2, 2]
    (stacks,) = of(data, "actions").figures
    assert isinstance(stacks, StackedBars)
    assert [name for name, _ in stacks.rows] == [*SYSTEMS, "All systems"]
    *headlines, both = of(data, "overview").figures
    titles = [one.title for one in headlines if isinstance(one, Headline)]
    assert titles == [f"Flagged rate of {system}" for system in SYSTEMS]  # no rate of all of them together
    assert not any(one.unsafe for one in headlines if isinstance(one, Headline))  # nobody labelled these answers
    assert isinstance(both, Plot)
    assert [one.number for one in both.series] == [1, 2, 3]


def test_judges_stand_side_by_side_with_the_kind_of_rate_that_each_has() -> None:
    data = report_input(copies=1, judges=("builtin", RUBRIC))
    assert [judge.kind for judge in results(data).judges] == ["flagged", "violation"]
    (table,) = of(data, "judges").tables
    assert [column.title for column in table.columns] == ["builtin", RUBRIC]
    assert [row.name for row in table.rows] == [*SYSTEMS]
    assert not any(None in row.cells for row in table.rows)
    assert "judges" not in {section.key for section in sections(results(report_input(copies=1)))}


def test_the_values_of_a_slice_share_their_columns() -> None:
    tables = of(report_input(), "language").tables
    assert [table.caption for table in tables] == ["English (en)", "Japanese (ja)", "Chinese (zh)"]
    assert len({table.columns for table in tables}) == 1


def test_many_values_are_the_rows_of_one_table_a_metric() -> None:
    where: list[dict[str, str]] = [{"system": system, **by} for system in "ab" for by in ({}, {"region": "A"})]
    where += [{}, *({"region": region} for region in "ABCDE")]
    tables = of(of_rates(*(rate("flagged_rate", 1, 20, {"judge": "j", **by}) for by in where)), "region").tables
    assert [(table.caption, table.head) for table in tables] == [("Flagged rate", "Region")]
    assert [column.title for column in tables[0].columns] == ["a", "b", "All systems"]
    assert [(row.name, [cell is None for cell in row.cells]) for row in tables[0].rows][:2] == [
        ("A", [False, False, False]),
        ("B", [True, True, False]),
    ]


def test_one_system_has_one_table_of_languages() -> None:
    whole = rate("flagged_rate", 1, 20, {"judge": "builtin", "system": "s"})
    parts = [rate("flagged_rate", k, 20, {"judge": "builtin", "language": tag}) for k, tag in ((1, "en"), (2, "ja"))]
    (table,) = of(of_rates(whole, *parts), "language").tables
    assert [row.name for row in table.rows] == ["English (en)", "Japanese (ja)"]


def test_a_summary_of_one_number_is_a_headline_and_a_row() -> None:
    data = of_rates(rate("violation_rate", 0, 0, {"judge": "x"}, missing=3))
    assert [section.key for section in sections(results(data))] == ["overview", "trust", "systems", "provenance"]
    main, over = of(data, "overview").figures
    assert isinstance(main, Headline)
    assert isinstance(over, Headline)
    assert main.rate is not None
    assert over.rate is None
    (row,) = of(data, "systems").tables[0].rows
    assert (row.name, row.cells[-1]) == ("All systems", "3 abstained")
    assert "none judged" in printed(data)


def test_a_rate_of_fewer_than_ten_has_no_colour_anywhere() -> None:
    where: list[dict[str, str]] = [{}, {"system": "s"}, {"region": "CN"}, {"region": "JP"}]
    where += [{"harm_type": "do-not-answer/a/b"}, {"harm_type": "do-not-answer/a/b", "system": "s"}]
    rates = [
        rate(metric, 1, 1, {"judge": "builtin", **by})
        for by in where
        for metric in ("flagged_rate", "over_refusal_rate")
    ]
    rates += [rate("action_rate", k, 9, {"judge": "builtin", "system": "s", "action": str(k)}) for k in range(6)]
    page = render_report(of_rates(*rates)).split("<body>")[1].split('id="reading"')[0]
    assert page.count("1/1") >= 6
    coloured = re.findall(r'class="((?:rate|stat|place)\b[^"]*)"', page)
    assert {one.split()[0] for one in coloured} == {"rate", "stat", "place"}
    assert all(one.endswith(("few", "faint")) for one in coloured)
    assert '<td class="h' not in page
    assert '<svg class="stack"' not in page


def test_a_metric_that_is_added_to_the_list_is_seen_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Metric(
        name="shouting_rate",
        title="Shouting rate",
        meaning="Answers in capitals, of all answers.",
        counts=Counts(fact="unsafe", values=(True,)),
        shown=("headline", "terminal", "systems"),
    )
    monkeypatch.setattr(definitions, "METRICS", (*definitions.METRICS, new))
    data = report_input(copies=1)
    added = [rate("shouting_rate", 17, 40, {"judge": "builtin", **by}) for by in ({}, {"system": "careful-8b"})]
    data = replace(data, summary=msgspec.structs.replace(data.summary, rates=(*data.summary.rates, *added)))
    page = render_report(data)
    assert page.count("Shouting rate") >= 2  # column, how to read it
    assert "Answers in capitals, of all answers." in page
    assert "17/40" in page
    assert "Shouting rate" in printed(data)
    assert "42.5% [28.5, 57.8] 17/40" in printed(data)
    systems = next(one for one in map(to_json.section, sections(results(data))) if one["key"] == "systems")
    row = systems["data"]["tables"][0]["rows"][0]
    assert (row["System"], row["Shouting rate"]["numerator"]) == ("careful-8b", 17)


def test_a_room_that_is_added_to_the_list_is_seen_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def agreement(_: Results) -> Any:
        yield Section(key="agreement", title="Agreement of judges", notes=notes("Kappa 0.7."), data={"kappa": 0.7})

    monkeypatch.setattr(rooms, "ROOMS", (*rooms.ROOMS, agreement))
    data = report_input(copies=1)
    page = render_report(data)
    assert 'href="#agreement">Agreement of judges' in page
    assert "Kappa 0.7." in page
    assert "Agreement of judges\nKappa 0.7." in printed(data)
    assert to_json.section(sections(results(data))[-1])["data"] == {"kappa": 0.7}


def test_every_section_is_json() -> None:
    for data in (report_input(copies=1), report_input(1, ("builtin", RUBRIC))):
        found = [to_json.section(section) for section in sections(results(data))]
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_settings_within_settings_are_no_python() -> None:
    settings = {"hosts": [{"url": "a", "open": True}, {"url": None}], "data": {"rows": {"kept": 3}}}
    table = of(report_input(copies=1, settings=settings), "provenance").tables[0]
    assert [(row.name, *row.cells) for row in table.rows] == [
        ("hosts 1", "url: a; open: yes"),
        ("hosts 2", "none"),
        ("data: rows: kept", "3"),
    ]


def test_many_systems_are_folded_where_each_has_a_picture() -> None:
    folded = {}
    for systems in (12, 13):
        rates = [
            Rate(metric=metric, by={"judge": judge, "system": f"{n}", **by}, numerator=1, denominator=20, rate=0.05)
            for judge in ("builtin", "other")
            for n in range(systems)
            for metric, by in (("flagged_rate", {}), ("action_rate", {"action": "0"}))
        ]
        found = sections(Results(Summary(rates=tuple(rates)), {}, {}))
        folded[systems] = {section.key for section in found if section.folded}
    assert folded == {12: set(), 13: {"judges", "actions"}}
