"""The answers themselves, where a page shows them."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.reports.results import Results
from hantei.reports.section import Section, lead

_HARMFUL = (
    "The answers are kept folded because they may hold harmful text. They are shown as text: nothing in them runs."
)
_WORST = "The first page holds the worst 20: unsafe ones first, the likeliest on top."


def answers(results: Results) -> Iterator[Section]:
    """Yield the list of answers with its filters."""
    if results.browser:
        yield Section(
            key="answers",
            title="Answers",
            figures=(results.browser,),
            notes=(
                lead(results.browser.sampling),
                lead(_HARMFUL),
                lead(_WORST),
            ),
            terminal=False,
        )
