"""Where the numbers come from: the run's settings and the judges' cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.section import Section, text_table
from hantei.reports.text import clip

_ITEMS = 40
"""Items of a list that are shown."""

_VALUE_LIMIT = 2_000
_NOTHING: tuple[Any, ...] = (None, (), [], {})
_STEP = ("What", "When", "Judges", "Answered", "Judged", "Calls", "Cost", "Went on to")
_HEADER = ("Judge", "Its rate is a", "Languages", "Licence", "Card")


def provenance(results: Results) -> Iterator[Section]:
    """Yield the settings in ``run.json``, and a line for each judge's card."""
    settings = text_table("Settings", ("Setting", "Value"), list(_lines(results.settings)))
    steps = text_table("What was done", _STEP, [_step(one) for one in results.settings.get("steps") or ()])
    cards = text_table("Judges", _HEADER, [_card(judge) for judge in results.judges])
    yield Section(
        key="provenance",
        title="Provenance",
        tables=(settings, *(table for table in (steps, cards) if table.rows)),
        terminal=False,
    )


def _card(judge: JudgeResults) -> list[str]:
    languages = ", ".join(map(str, judge.card.get("languages") or ["not stated"]))
    licence, card = judge.card.get("licence") or "not stated", judge.card.get("card_hash") or "none"
    full = judge.card.get("full_name")
    return [
        clip(f"{judge.name} = {full}" if full else judge.name, NAME_LIMIT),
        judge.main.title.lower(),
        *(clip(str(one), 300) for one in (languages, licence, card)),
    ]


def _step(step: Mapping[str, Any]) -> list[str]:
    """Return what one call did, as words and numbers."""
    cost = step.get("cost")
    return [
        clip(str(step.get("did", "")), 60),
        clip(str(step.get("created", "")).replace("T", " "), 60),
        clip(", ".join(map(str, step.get("judges") or ())) or "none", 300),
        *(f"{step.get(key) or 0:,}" for key in ("answered", "judged", "calls")),
        "not known" if cost is None else f"${cost:,.2f}",
        clip(str(step.get("stopped") or "its end"), 300),
    ]


def _lines(settings: Mapping[str, Any], prefix: str = "") -> Iterator[list[str]]:
    """Yield settings as flat lines, those that say something; judges and steps have tables of their own."""
    for key, value in settings.items():
        name = f"{prefix}{key}".replace("_", " ")
        if not prefix and key in ("judges", "steps"):
            continue
        if isinstance(value, Mapping):
            yield from _lines(value, f"{name}: ")
        elif isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value[:_ITEMS], 1):
                yield [clip(f"{name} {number}", 120), clip(_value(one), _VALUE_LIMIT)]
        elif value not in _NOTHING:
            yield [clip(name, 120), clip(_value(value), _VALUE_LIMIT)]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (f"{key}: {_value(one)}" for key, one in value.items() if one not in _NOTHING)
        return "; ".join(parts) or "none"
    if isinstance(value, (list, tuple)):
        more = f" and {len(value) - _ITEMS:,} more" if len(value) > _ITEMS else ""
        return ", ".join(_value(item) for item in value[:_ITEMS]) + more or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
