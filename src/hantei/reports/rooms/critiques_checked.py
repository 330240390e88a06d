"""Whether the meta-evaluation of critiques is itself right: damages, and agreement with people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei.critiques.moves import PERFECT, DamageMoves
from hantei.critiques.people import PeopleAgreement
from hantei.estimates import Estimate
from hantei.reports.section import Cell, Number, Section, lead, notes, numbers, percent, text_table
from hantei.tasks.checking_critiques import LANGUAGES, CheckedMeasure

_DAMAGED = (
    "Critiques made of their reference's own units are damaged in known ways. 'no mistakes' is a checker that knows "
    "the truth of every unit: it shows what the way of scoring itself does. Matchers see the reference and not the "
    "dialogue: what is true of every dialogue is wrong to them, so that padding costs precision."
)
_PEOPLE = (
    "Units that people called right or not. Out of fold: the threshold is the best on the recall labels of the other "
    "four fifths of the dialogues. MetaCritique is English question answering and says nothing of Chinese or Japanese; "
    "hantei's own labels are 60 a language, written by one author (src/hantei/critiques/labelled)."
)


def checked_sections(found: CheckedMeasure) -> list[Section]:
    """Return what damages do to the scores, and how verdicts on units agree with people's."""
    return [
        *_damage(found.damage),
        _moves_section("critiques-bilingual", "Critiques in two languages", found.bilingual, _BILINGUAL),
        _people(found.people),
    ]


_BILINGUAL = "The 10 dialogues that come with hantei in each language; every second unit of a critique is translated."


def _damage(moves: Sequence[DamageMoves]) -> Iterator[Section]:
    for language in dict.fromkeys(one.language for one in moves):
        mine = [one for one in moves if one.language == language]
        name = LANGUAGES.get(language or "", language or "no language")
        section = _moves_section(f"critiques-damaged-{language}", f"Critiques damaged: {name}", mine, _DAMAGED)
        yield section


def _moves_section(key: str, title: str, moves: Sequence[DamageMoves], intro: str) -> Section:
    return Section(
        key=key,
        title=title,
        tables=tuple(
            text_table(f"Checked by {checker}", _HEADER, [_move_row(one) for one in moves if one.checker == checker])
            for checker in dict.fromkeys(one.checker for one in moves)
        ),
        notes=(lead(intro), *notes(*(_padding(one) for one in moves))),
        data={"moves": list(moves)},
    )


_HEADER = ("Damage", "It should", "Critiques", "P", "R", "F1", "P moves", "R moves", "F1 moves", "P, paper",
           "P moves, paper")  # fmt: skip


def _move_row(one: DamageMoves) -> tuple[Cell, ...]:
    robust, paper = one.moves["robust"], one.moves["paper"]
    name = one.title if one.name != "bilingual" else f"{LANGUAGES.get(one.language or '', '')}. {one.title}"
    good = one.name == "good"
    moves = tuple("" if good else _points(moved) for moved in robust.moved)
    shares = tuple(_plain(after) for after in robust.after)
    return (name, one.should, f"{one.n:,}", *shares, *moves, _plain(paper.after[0]),
            "" if good else _points(paper.moved[0]))  # fmt: skip


def _plain(estimate: Estimate) -> Cell:
    value, low, high = numbers(estimate)
    return Number(text="-") if value != value else Number(text=f"{100 * value:.1f}", value=value, low=low, high=high)


def _points(estimate: Estimate) -> Cell:
    value, low, high = numbers(estimate)
    if value != value:
        return Number(text="-")
    ends = f"[{100 * low:+.1f}, {100 * high:+.1f}]" if low != high else ""
    return Number(text=f"{100 * value:+.1f}", interval=ends, value=value, low=low, high=high)


def _padding(one: DamageMoves) -> str:
    """Return what padding a critique with a false unit does to precision."""
    if one.name != "false-pad":
        return ""
    gains = {mode: 100 * (move.moved[0].value or 0.0) for mode, move in one.moves.items()}
    pays = "pays" if gains["paper"] > 0.05 else "does not pay"
    text = (
        f"{one.checker}: padding a critique that has a false unit with 4 generic ones {pays} in the paper mode "
        f"(precision {gains['paper']:+.1f} points; {gains['robust']:+.1f} in the robust mode)."
    )
    if one.checker == PERFECT:
        text += (
            " Three right of four and four generic ones are 7 of 8 there, 87.5% for 75%; and 3 of 4 in the robust mode."
        )
    return text


def _people(found: Sequence[PeopleAgreement]) -> Section:
    header = (
        "Labels",
        "Checker",
        "Units",
        "No verdict",
        "People: right",
        "Same verdict",
        "Commoner label",
        "Kappa",
        "AUROC",
    )
    return Section(
        key="critiques-people",
        title="Verdicts on units beside people's",
        tables=tuple(
            text_table(title, header, [_people_row(one) for one in found if one.part == part])
            for part, title in (
                ("precision", "Precision: units of critiques (matchers see the reference, models the dialogue)"),
                ("recall", "Recall: units of references"),
            )
        ),
        notes=(lead(_PEOPLE),),
        data={"people": list(found)},
    )


def _people_row(one: PeopleAgreement) -> tuple[Cell, ...]:
    return (
        one.labels,
        one.checker,
        f"{one.n:,}",
        f"{one.no_verdict:,}",
        f"{100 * one.right:.1f}%",
        percent(*numbers(one.accuracy)),
        f"{100 * one.commoner:.1f}%",
        _decimal(one.kappa),
        "-" if one.auroc is None else _decimal(one.auroc),
    )


def _decimal(estimate: Estimate) -> Cell:
    value, low, high = numbers(estimate)
    if value != value:
        return Number(text="-")
    return Number(text=f"{value:.2f}", interval=f"[{low:.2f}, {high:.2f}]", value=value, low=low, high=high)
