"""Sections for programs: what a room has put into ``data``, else its tables and figures as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from hantei.reports.figures import AnswerBrowser
from hantei.reports.section import Number, ReportTable, Section


def section(one: Section) -> dict[str, Any]:
    """Return a section as plain data that JSON can hold; a number that is not defined is null."""
    data = one.data
    if data is None:
        tables = [_table(table) for table in one.tables]
        figures = [figure for figure in one.figures if not isinstance(figure, AnswerBrowser)]
        data = {"tables": tables, "figures": figures}
    judge = {} if one.judge is None else {"judge": one.judge}
    return {
        "key": one.key,
        "title": one.title,
        **judge,
        "data": plain(data),
        "notes": [note.text for note in one.notes],
    }


def _table(one: ReportTable) -> dict[str, Any]:
    titles = [column.title for column in one.columns]
    rows = [{one.head: row.name, **dict(zip(titles, row.cells, strict=True))} for row in one.rows]
    return {"caption": one.caption, "rows": rows}


def plain(data: Any) -> Any:
    """Return data with records as mappings, and null for what is not a finite number."""
    if isinstance(data, msgspec.Struct):
        return plain(msgspec.to_builtins(data))
    if isinstance(data, Number):
        return data.text if data.value is None else plain({"value": data.value, "low": data.low, "high": data.high})
    if is_dataclass(data) and not isinstance(data, type):
        return {field.name: plain(getattr(data, field.name)) for field in fields(data)}
    if isinstance(data, Mapping):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
