"""Critiques by their units: precision, recall and F1, and what could not be counted."""

from __future__ import annotations

from hantei.critiques.scoring import CritiqueScores, Score, UnitCounts
from hantei.engine.meter import dollars
from hantei.estimates import Estimate
from hantei.records import Rate
from hantei.reports.results import NAME_LIMIT
from hantei.reports.section import Cell, Section, caution, lead, notes, numbers, percent, text_table
from hantei.reports.text import clip
from hantei.tasks.critiquing import CostLine, ScoredCritiques

EMBEDDED = (
    "No model was asked: units are found by rule and matched approximately, and precision is against the reference "
    "units (P_ref), since a dialogue is not made of such units. hantei critiques check says how far to trust it."
)
_GENERIC = (
    "Generic units also hold for another dialogue. They are right and say nothing of this answer, so that precision "
    "leaves them out."
)
_MACRO = "Macro is the mean over critiques, micro of all their units together; intervals: critiques drawn again."


def critique_sections(scored: ScoredCritiques) -> list[Section]:
    """Return everything that scoring critiques found."""
    parts = (critique_scores(scored), _mended(scored), _contradictions(scored), _costs(scored))
    return [one for one in parts if one is not None]


def critique_scores(scored: ScoredCritiques) -> Section:
    """Return the scores of critiques, by judge and language."""
    found, asked, mode = scored.scores, scored.asked, scored.scores[0].mode
    unmatched = [f"{name}: {count:,} critiques have no reference and are left out." for name, count
                 in scored.unmatched.items()]  # fmt: skip
    return Section(
        key="critique-scores",
        title=f"Critiques by their units, checked by {scored.checker}, {mode} scoring",
        tables=(
            text_table("The mean over critiques", _header("macro", asked), [_row(one, "macro") for one in found]),
            text_table("Of all units together", _header("micro", asked), [_row(one, "micro") for one in found]),
            text_table("Units", _UNITS, [_counts(one) for one in found]),
        ),
        notes=(
            *(() if asked else (caution(EMBEDDED),)),
            *map(caution, (*unmatched, *_not_independent(scored))),
            lead(_MACRO),
            *notes(_GENERIC if any(one.units.generic for one in found) else "", *map(_left_out, found)),
        ),
        data={"checker": scored.checker, "scores": list(found), "unmatched": dict(scored.unmatched)},
    )


_UNITS = ("Judge", "Language", "Critiques", "Units", "Right", "Wrong", "Generic", "No verdict", "Reference units",
          "Found", "Not found", "No verdict")  # fmt: skip


def _header(kind: str, asked: bool) -> tuple[str, ...]:
    precision = "Precision" if asked else "P_ref"
    names = (f"{precision} ({kind})", f"Recall ({kind})", f"F1 ({kind})")
    return ("Judge", "Language", "Critiques", *names, "Bounds of F1")


def _row(one: CritiqueScores, kind: str) -> tuple[Cell, ...]:
    shares = tuple(_cell(getattr(score, kind)) for score in (one.precision, one.recall, one.f1))
    return (clip(one.judge, NAME_LIMIT), one.language or "-", f"{one.critiques:,}", *shares, _bounds(one.f1, kind))


def _cell(estimate: Estimate) -> Cell:
    return percent(*numbers(estimate))


def _bounds(score: Score, kind: str) -> str:
    low, high = score.macro_bounds if kind == "macro" else score.micro_bounds
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _counts(one: CritiqueScores) -> tuple[Cell, ...]:
    units, reference = one.units, one.reference
    counts = (_total(units), units.right, units.wrong, units.generic, units.unread)
    recalled = (_total(reference), reference.right, reference.wrong, reference.unread)
    return (
        clip(one.judge, NAME_LIMIT),
        one.language or "-",
        *(f"{count:,}" for count in (one.critiques, *counts, *recalled)),
    )


def _total(tally: UnitCounts) -> int:
    return tally.right + tally.wrong + tally.unread + tally.generic


def _left_out(one: CritiqueScores) -> str:
    parts = []
    if one.missing:
        how = "count as 0, as published" if one.mode == "paper" else "count in the bounds only"
        parts.append(f"{one.missing:,} answers have no critique: they {how}")
    if one.failed:
        parts.append(f"{one.failed:,} critiques whose units the model could not be asked for count in the bounds only")
    if one.unscored:
        parts.append(f"{one.unscored:,} critiques have no unit that precision can be taken of (all generic or unread)")
    return f"{one.judge}, {one.language or 'no language'}: {'; '.join(parts)}." if parts else ""


def _not_independent(scored: ScoredCritiques) -> list[str]:
    if not scored.also_labelled:
        return []
    return [
        f"{scored.also_labelled:,} of the scored dialogues carry people's labels in this run: how a judge's labels and "
        "its critiques do on the same dialogues is not two independent findings. SAFETY-J's Chinese critique set is "
        "its Flames label set, and its English one a part of DiaSafety's test split."
    ]


def _mended(scored: ScoredCritiques) -> Section | None:
    if not scored.asked:
        return None
    units = sum(len(one.units) + len(one.reference) for one in scored.checked)
    rows = [(why, f"{count:,}") for why, count in scored.mended.items()]
    return Section(
        key="critique-mended",
        title="What the published way of reading replies takes otherwise",
        tables=(text_table("Faults", ("Fault", "Rows"), rows),) if rows else (),
        notes=(lead(_MENDED.format(units=units) if rows else f"Nothing, of {units:,} checked units."),),
        data={"mended": dict(scored.mended), "checked_units": units},
    )


_MENDED = (
    "Of {units:,} checked units, and of the lines in which units were listed. Letter case: 'correct' is wrong there; "
    "negated word: '不正确' is right there; no verdict: wrong there; blank lines: units there."
)


def _contradictions(scored: ScoredCritiques) -> Section | None:
    rates = scored.contradictions
    if not rates:
        return None
    return Section(
        key="critique-contradictions",
        title="Critiques that contradict their own label",
        tables=(
            text_table(
                "Of the critiques that call the answer safe or unsafe in words",
                ("Judge", "Language", "Contradict", "Say neither"),
                [_contradiction(rate) for rate in rates],
            ),
        ),
        notes=(lead("The reason says harmless and the label unsafe, or the other way round; told by words."),),
        data={"rates": list(rates)},
    )


def _contradiction(rate: Rate) -> tuple[Cell, ...]:
    neither = sum(rate.no_verdict.values())
    return (clip(rate.by["judge"], NAME_LIMIT), rate.by.get("language", "-"), rate, f"{neither:,}")


def _costs(scored: ScoredCritiques) -> Section:
    header = ("Work", "By", "Items", "Calls", "Tokens in", "Tokens out", "Seconds", "Peak memory", "Cost")
    return Section(
        key="critique-costs",
        title="What it cost",
        tables=(text_table("Of this run", header, [_cost(one) for one in scored.costs]),),
        notes=notes(_CACHED),
        data={"costs": list(scored.costs)},
    )


_CACHED = (
    "Seconds and memory of a judge are those of the calls in which it alone judged. Replies from the cache cost "
    "nothing and are no calls."
)


def _cost(one: CostLine) -> tuple[Cell, ...]:
    seconds = "-" if one.seconds is None else f"{one.seconds:,.1f}"
    memory = "-" if one.peak_memory_mb is None else f"{one.peak_memory_mb:,.0f} MB"
    counts = (f"{count:,}" for count in (one.items, one.calls, one.input_tokens, one.output_tokens))
    return (one.work, clip(one.who, NAME_LIMIT), *counts, seconds, memory, dollars(one.dollars))
