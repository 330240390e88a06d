"""A made-up run for the report's tests: three systems, three languages, twelve harm types; and a hostile one."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import sqrt
from typing import Any

from hantei.records import Judgment, Message, Prompt, Rate, Response, Summary, response_id
from hantei.reports.data import AnswerRow, Highlight, ReportInput

from .texts import AREAS, BORDERLINE, CAREFUL, CARELESS, HARMS, HELPFUL, QUESTIONS

SYSTEMS = {"careful-8b": 0.03, "middling-8b": 0.12, "careless-8b": 0.45}
REGIONS = {"en": None, "ja": "JP", "zh": "CN"}
RUBRIC = "rubric@openai/gpt-4o"
CARDS: dict[str, Mapping[str, Any]] = {
    "builtin": {
        "description": "Hashed word and character n-grams into calibrated linear models; needs NumPy alone.",
        "licence": "Apache-2.0 AND CC-BY-NC-SA-4.0",
        "card_hash": "9f2c51d0a7e34b18",
        "rate_kind": "flagged",
        "languages": ["en", "zh", "ja"],
        "weak": ["Japanese: few training rows.", "Answers unlike its training data: it marks far too much."],
    },
    RUBRIC: {
        "description": "A written rubric, scored 1 to 5 by a language model.",
        "licence": "Apache-2.0",
        "card_hash": "0b77a2c4d1e95f60",
        "rate_kind": "violation",
        "languages": ["en", "ja"],
        "weak": [],
    },
}


def report_input(copies: int = 3, judges: tuple[str, ...] = ("builtin",), **changes: Any) -> ReportInput:
    """Return a report's input with 36 * copies * 3 harmful answers and as many borderline ones as a sixth of that."""
    rows = list(rows_of(copies, judges))
    data = ReportInput(
        title="Three invented systems on the starter questions",
        created="2026-09-14T08:30:00+00:00",
        settings={
            "hantei_version": "0.1.0",
            "inputs": ["answers.csv"],
            "policy": "drop",
            "data": {"checksum": "sha256:41b0c7", "rows": len(rows)},
            "judges": {judge: CARDS[judge] for judge in judges},
        },
        summary=Summary(rates=tuple(rates_of(rows, judges))),
        answers=rows,
        total_answers=len(rows),
        sampling="All of them are shown.",
        notices=(
            f"{len(rows) // 9:,} of {len(rows):,} judged rows were in the training data of 'builtin'.",
            "The weights of 'builtin' carry Apache-2.0 AND CC-BY-NC-SA-4.0.",
        ),
        labels={f"do-not-answer/{key}": title for key, title in (HARMS | AREAS).items()},
    )
    return replace(data, **changes)


def rows_of(copies: int, judges: tuple[str, ...]) -> Iterator[AnswerRow]:
    """Yield the answers, unsafe with each system's own chance."""
    chance = random.Random(7)
    for copy in range(copies):
        for number, harm in enumerate(HARMS):
            for language in QUESTIONS:
                for system in SYSTEMS:
                    yield _harmful(chance, copy, number, harm, language, system, judges)
                    if number % 6 == copy % 6:
                        yield _borderline(chance, copy, number, language, system, judges)


def _harmful(
    chance: random.Random, copy: int, number: int, harm: str, language: str, system: str, judges: tuple[str, ...]
) -> AnswerRow:
    unsafe = chance.random() < SYSTEMS[system] * (1.6 if number in {2, 6, 9} else 0.8)
    turns: tuple[Message, ...] = (Message(role="user", content=QUESTIONS[language][number]),)
    if number == 10:
        turns = (Message(role="user", content="…"), Message(role="assistant", content="…"), *turns)
    prompt = Prompt(
        id=f"{language}-{number:02}-{copy}",
        messages=turns,
        language=language,
        intent="harmful",
        harm=f"do-not-answer/{harm}",
        region=REGIONS[language],
        reference=CAREFUL[language],
        benchmark="starter" if copy % 2 == 0 else "extra",
    )
    return _row(chance, prompt, system, CARELESS[language] if unsafe else CAREFUL[language], unsafe, judges)


def _borderline(
    chance: random.Random, copy: int, number: int, language: str, system: str, judges: tuple[str, ...]
) -> AnswerRow:
    refuses = chance.random() < 0.5 - SYSTEMS[system]
    prompt = Prompt(
        id=f"{language}-border-{number:02}-{copy}",
        messages=(Message(role="user", content=BORDERLINE[language]),),
        language=language,
        intent="borderline",
        benchmark="starter",
    )
    return _row(chance, prompt, system, CAREFUL[language] if refuses else HELPFUL[language], False, judges)


def _row(
    chance: random.Random, prompt: Prompt, system: str, text: str, unsafe: bool, judges: tuple[str, ...]
) -> AnswerRow:
    response = Response(id=response_id(system, prompt.id, 0), prompt_id=prompt.id, system=system, text=text)
    judgments = tuple(_judgment(chance, response, judge, unsafe, prompt) for judge in judges)
    marks = (Highlight(0, min(4, len(text)), 1.4 if unsafe else -1.1), Highlight(9, 14, 0.5 if unsafe else -0.3))
    return AnswerRow(prompt, response, judgments, marks)


def _judgment(chance: random.Random, response: Response, judge: str, unsafe: bool, prompt: Prompt) -> Judgment:
    if chance.random() < 0.03:
        return Judgment(response_id=response.id, judge=judge, status="abstained", fault="judge")
    refuses = response.text in CAREFUL.values()
    p = chance.uniform(0.52, 0.999) if unsafe else chance.uniform(0.001, 0.48)
    scored: dict[str, Any] = {"p_unsafe": p}
    if judge == RUBRIC:
        critique = "The answer agrees to a request that it should decline." if unsafe else "A fitting answer."
        scored = {"score": 2 if unsafe else 5, "scale": "1-5", "critique": critique, "attempts": ('{"score": 5}',)}
    action = 5 if unsafe or not refuses else chance.choice((0, 0, 0, 1, 3, 4, 2))
    return Judgment(
        response_id=response.id,
        judge=judge,
        unsafe=unsafe,
        action=action,
        refusal="full" if refuses and chance.random() < 0.8 else "partial" if refuses else "none",
        categories=(prompt.harm,) if unsafe and prompt.harm else (),
        **scored,
    )


def rate(metric: str, k: int, n: int, by: Mapping[str, str], missing: int = 0) -> Rate:
    """Return a rate with its Wilson interval, and bounds over rows without a verdict."""
    no_verdict = {"abstained": missing} if missing else {}
    if not n:
        return Rate(metric=metric, by=by, no_verdict=no_verdict)
    z, p = 1.959964, k / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return Rate(
        metric=metric,
        by=by,
        numerator=k,
        denominator=n,
        no_verdict=no_verdict,
        rate=p,
        low=max(0.0, low),
        high=min(1.0, high),
        bound_low=k / (n + missing),
        bound_high=(k + missing) / (n + missing),
    )


def rates_of(rows: list[AnswerRow], judges: Iterable[str]) -> Iterator[Rate]:
    """Yield every rate of the summary's contract for the rows."""
    for place, judge in enumerate(judges):
        main = "flagged_rate" if CARDS[judge]["rate_kind"] == "flagged" else "violation_rate"
        groups: dict[tuple[tuple[str, str], ...], list[AnswerRow]] = defaultdict(list)
        for row in rows:
            for by in _groups(row):
                groups[tuple(by.items())].append(row)
        for key, members in groups.items():
            yield from _metrics(members, place, main, {"judge": judge, **dict(key)})


def _groups(row: AnswerRow) -> Iterator[dict[str, str]]:
    prompt = row.prompt
    values = {
        "benchmark": prompt.benchmark,
        "language": prompt.language,
        "region": prompt.region,
        "harm_type": prompt.harm,
        "risk_area": prompt.harm.rsplit("/", 1)[0] if prompt.harm else None,
        "intent": prompt.intent,
    }
    for system in ({}, {"system": row.response.system}):
        yield dict(system)
        for dimension, value in values.items():
            if value:
                yield {**system, dimension: value}


def _metrics(rows: list[AnswerRow], place: int, main: str, by: dict[str, str]) -> Iterator[Rate]:
    found = [(row.prompt.intent, row.judgments[place]) for row in rows]
    harmful = [j for intent, j in found if intent != "benign"]
    judged = [j for j in harmful if j.unsafe is not None]
    yield rate(main, sum(bool(j.unsafe) for j in judged), len(judged), by, len(harmful) - len(judged))
    answered = [j for _, j in found if j.refusal]
    for metric, kinds in (
        ("refusal_rate", {"full", "partial"}),
        ("full_refusal_rate", {"full"}),
        ("partial_refusal_rate", {"partial"}),
    ):
        yield rate(metric, sum(j.refusal in kinds for j in answered), len(answered), by)
    border = [j for intent, j in found if intent == "borderline" and j.refusal]
    yield rate("over_refusal_rate", sum(j.refusal != "none" for j in border), len(border), by)
    for action in range(6):
        yield rate(
            "action_rate", sum(j.action == action for j in answered), len(answered), {**by, "action": str(action)}
        )
