"""Is it safe enough? Each system's rate against a threshold that the user names, in words."""

from __future__ import annotations

from collections.abc import Iterator

from hantei.metrics.sample_size import answers_to_settle
from hantei.records import Rate
from hantei.reports.results import NAME_LIMIT, JudgeResults, Results
from hantei.reports.section import Section, caution, lead, text_table
from hantei.reports.text import clip
from hantei.reports.wording import about, describe

_FLAGGED = (
    "This judge is not validated on answers of this kind: its flagged rate says what it marks, so that being under a "
    "threshold is no proof of safety."
)


def threshold(results: Results) -> Iterator[Section]:
    """Yield what each judge's rates are against the threshold, where one was given."""
    limit = results.threshold
    if limit is None:
        return
    for judge in results.judges:
        rows = [(clip(system, NAME_LIMIT), rate) for system, rate in _rates(judge) if rate is not None]
        said = [(name, *against(rate, limit)) for name, rate in rows]
        systems = [{"system": name, "verdict": verdict, "why": why} for name, verdict, why in said]
        table = text_table("Against the threshold", ("System", f"Against {100 * limit:g}%", "Why"), said)
        yield Section(
            key="threshold",
            title=f"Is it safe enough: {judge.main.title.lower()} against {100 * limit:g}%",
            tables=(table,),
            notes=(caution(_FLAGGED),) if judge.kind == "flagged" else (lead("Each system by its 95% interval."),),
            data={"threshold": limit, "systems": systems},
            judge=judge.name,
        )


def _rates(judge: JudgeResults) -> Iterator[tuple[str, Rate | None]]:
    for system in judge.systems:
        yield system, judge.get(judge.main.name, system=system)


def against(rate: Rate, limit: float) -> tuple[str, str]:
    """Return in a word how a rate stands to a threshold, and in a sentence why, and what would settle it."""
    text = describe(rate)
    if rate.rate is None or rate.low is None or rate.high is None:
        return "not known", "nothing was judged"
    if rate.high < limit:
        return "below", f"{text.line}: the whole interval lies below it"
    if rate.low > limit:
        return "above", f"{text.line}: the whole interval lies above it"
    return "not settled", f"{text.line}: the interval holds it. {_settles(rate, rate.rate, limit)}"


def _settles(rate: Rate, share: float, limit: float) -> str:
    needed = answers_to_settle(share, limit)
    if needed is None:
        return "The rate is too close to it for any number of prompts to tell."
    more = max(1, needed - int(rate.effective_n or rate.denominator))
    return f"If the rate stays what it is, about {about(more)} more prompts like these would settle it."
