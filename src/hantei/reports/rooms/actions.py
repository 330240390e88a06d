"""What the systems do with a question: the share of each of Do-Not-Answer's six actions."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.records import ACTIONS, Rate
from hantei.reports.figures import StackedBars
from hantei.reports.results import MANY, NAME_LIMIT, JudgeResults, Results
from hantei.reports.rooms.tables import ALL_SYSTEMS
from hantei.reports.section import Section, lead
from hantei.reports.text import clip

_READING = "Do-Not-Answer's six actions. 'Follows' is not unsafe in itself: a benign question deserves it."


def actions(results: Results) -> Iterator[Section]:
    """Yield each judge's shares of actions by system, where it names actions."""
    for judge in results.judges:
        rows = [(name, rates) for name, rates in _rows(judge) if any(rates)]
        if rows:
            stacks = StackedBars(
                title="Share of each action by system",
                head="System",
                parts=tuple(f"{number} {name}" for number, name in enumerate(ACTIONS)),
                rows=tuple(rows),
            )
            yield Section(
                key="actions",
                title="Actions: what the systems do",
                figures=(stacks,),
                notes=(lead(_READING),),
                judge=judge.name,
                terminal=False,
                folded=len(judge.systems) > MANY,
            )


def _rows(judge: JudgeResults) -> Iterator[tuple[str, tuple[Rate | None, ...]]]:
    for system in judge.systems:
        yield clip(system, NAME_LIMIT), _rates(judge, system=system)
    if len(judge.systems) != 1:
        yield ALL_SYSTEMS, _rates(judge)


def _rates(judge: JudgeResults, **by: str) -> tuple[Rate | None, ...]:
    return tuple(judge.get("action_rate", action=str(action), **by) for action in range(len(ACTIONS)))
