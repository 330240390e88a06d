"""What preference rounds did, as a section: what every judge is worth on validation, and what each round took."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hantei.estimates import Estimate
from hantei.records import Rate
from hantei.reports.section import (
    Cell,
    Note,
    Number,
    ReportTable,
    Section,
    caution,
    lead,
    notes,
    numbers,
    percent,
    points,
    text_table,
)
from hantei.training.preferences.measuring import Measured
from hantei.training.preferences.rounds import Rounds
from hantei.training.preferences.state import PreferenceRound

_LISTED = 20


def preference_section(found: Rounds) -> Section:
    """Return the section of the rounds of one folder."""
    measured, state = found.measured, found.state
    return Section(
        key="preference_rounds",
        title="Preference rounds",
        tables=(_judges(found), _languages(found), _rounds(state.rounds), *_conflicts(state.rounds)),
        notes=(
            lead(
                f"{found.options.method}, chosen by {found.options.decide}; F1 counts a reply that could not "
                "be read as 0, and judges are ranked by it; shares and means are over validation dialogues."
            ),
            *([caution(f"The rounds ended: {state.ended}.")] if state.ended else []),
            *_left_out(state.rounds),
        ),
        data={
            "pool": [one.name for one in state.pool],
            "ended": state.ended,
            "judges": {name: msgspec.to_builtins(one) for name, one in measured.items()},
            "rounds": msgspec.to_builtins(state.rounds),
        },
    )


def _judges(found: Rounds) -> ReportTable:
    first = next(iter(found.measured.values()))
    kept = {one.name for one in found.state.pool}
    header = [
        *("Judge", "F1", "Label accuracy", "Not read", "Contradict themselves", "Against the label"),
        *("Calibration error", "Units", "Tokens", "Tokens, against M1"),
    ]
    rows: list[list[Cell]] = [
        [
            name if name in kept else f"{name} (not kept)",
            _share(one.f1),
            _share(one.accuracy),
            _share(one.unparsed),
            _pooled(one.contradicting),
            _share(one.against_label),
            _plain(one.calibration_error, 3),
            _plain(one.units, 2),
            _plain(one.tokens, 1),
            _drift(one, first),
        ]
        for name, one in found.measured.items()
    ]
    return text_table("Judges on validation", header, rows)


def _languages(found: Rounds) -> ReportTable:
    header = ["Judge", "Language", "Precision", "Recall", "F1", "Critiques", "Units, right / wrong"]
    rows = [
        [
            name,
            scores.language or "-",
            _share(scores.precision.macro),
            _share(scores.recall.macro),
            _share(scores.f1.macro),
            f"{scores.critiques:,}",
            f"{scores.units.right:,} / {scores.units.wrong:,}",
            *_verdicts(one, scores.language),
        ]
        for name, one in found.measured.items()
        for scores in one.scores
    ]
    return text_table("By language; of critiques those that could be read (macro)", [*header, *_VERDICTS], rows)


_VERDICTS = ("Label accuracy", "Not read")


def _verdicts(measured: Measured, language: str | None) -> list[Cell]:
    known = measured.by_language.get(language or "")
    return [_share(known.accuracy), _share(known.unparsed)] if known else [None, None]


def _rounds(rounds: tuple[PreferenceRound, ...]) -> ReportTable:
    header = [
        *("Round", "From", "Beside", "Judge", "Gain in F1", "Kept", "Pairs", "Chosen", "Conflicts", "Length"),
        *("Tokens written", "Tokens trained", "Seconds", "Memory, MB"),
    ]
    rows: list[list[Cell]] = [
        [
            str(one.number),
            one.better,
            one.worse or "-",
            one.judge,
            points(one.gain),
            "yes" if one.kept else "no",
            f"{one.pairs:,}",
            ", ".join(f"{name} {count:,}" for name, count in one.decided.items()) or "-",
            f"{len(one.conflicts):,}",
            f"{one.chosen_tokens:.1f} / {one.rejected_tokens:.1f}",
            f"{one.tokens_written:,}",
            f"{one.tokens_trained:,}",
            f"{one.seconds:,.0f}" + (" (gone on with)" if one.resumed else ""),
            _plain(one.memory_mb, 0),
        ]
        for one in rounds
    ]
    return text_table("Rounds", header, rows)


def _conflicts(rounds: tuple[PreferenceRound, ...]) -> Iterator[ReportTable]:
    found = [(one.number, conflict) for one in rounds for conflict in one.conflicts]
    if found:
        header = ["Dialogue", "Round", "Older judge", "Its F1", "Later judge", "Its F1"]
        rows: list[list[Cell]] = [
            [one.id, str(number), one.older, _plain(one.older_f1, 3), one.later, _plain(one.later_f1, 3)]
            for number, one in found[:_LISTED]
        ]
        caption = f"Conflicts between rounds: {len(found):,}" + (
            f", the first {_LISTED} of them; all are in rounds/N/conflicts.jsonl" if len(found) > _LISTED else ""
        )
        yield text_table(caption, header, rows)


def _left_out(rounds: tuple[PreferenceRound, ...]) -> tuple[Note, ...]:
    return notes(
        *(
            f"Round {one.number} left out: "
            + ", ".join(f"{count:,} {why}" for why, count in one.left_out.items())
            + "."
            for one in rounds
            if one.left_out
        )
    )


def _share(estimate: Estimate) -> Number:
    return percent(*numbers(estimate))


def _pooled(rates: tuple[Rate, ...]) -> Number:
    """Return contradictions of all languages together: of critiques that say safe or unsafe in words."""
    hits, said = (sum(getattr(one, name) for one in rates) for name in ("numerator", "denominator"))
    if not said:
        return Number(text="-")
    return Number(text=f"{100 * hits / said:.1f}%", counts=f"{hits}/{said}", value=hits / said)


def _plain(value: float | None, digits: int) -> Number:
    return Number(text="-") if value is None else Number(text=f"{value:,.{digits}f}", value=value)


def _drift(one: Measured, first: Measured) -> Number:
    if not first.tokens:
        return Number(text="-")
    ratio = one.tokens / first.tokens
    return Number(text=f"x{ratio:.2f}", value=ratio)
