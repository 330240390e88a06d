"""A hantei judgment as an Inspect AI score, and an Inspect AI score as a judgment."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from hantei.errors import RecordError
from hantei.exchange.shared import number
from hantei.record_lines import Record, from_dict, to_dict
from hantei.records import Judgment, Prompt, Response

if TYPE_CHECKING:
    from inspect_ai.scorer import Score

KEY = "hantei"
"""Where an Inspect log keeps hantei's own records: in the metadata of a sample and of a score."""

_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_LABELS = {"unsafe": True, "safe": False}


def kept(record: Prompt | Response | Judgment) -> dict[str, Any] | str:
    """Return a record as an Inspect log can hold it: as an object, or as JSON where UTF-8 cannot hold its text."""
    data = to_dict(record)
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(data)
    return data


def restored(kind: type[Record], data: Any) -> Record:
    """Return the record that ``kept`` put into a log.

    Raises:
        RecordError: it is none.
    """
    try:
        data = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        data = None
    if not isinstance(data, Mapping):
        raise RecordError(f"not a {kind.__name__} record")
    return from_dict(kind, data)


def to_score(judgments: Sequence[Judgment]) -> Score:
    """Return a judge's judgments of one response as a score: the first one's value, all of them in its metadata.

    The value is 1 for unsafe and 0 for safe; where a judge says neither, its own score, refusal or action. Without a
    verdict it is NaN, which Inspect leaves out of every metric, and ``reason`` says why.
    """
    from inspect_ai.scorer import Score

    first = judgments[0]
    value, answer = _value(first)
    return Score(
        value=value,
        answer=answer,
        explanation=first.critique or first.comment or first.error,
        reason=None if first.status == "ok" else first.status,
        metadata={KEY: [kept(judgment) for judgment in judgments]},
    )


def _value(judgment: Judgment) -> tuple[float | str, str | None]:
    if judgment.unsafe is not None:
        return float(judgment.unsafe), "unsafe" if judgment.unsafe else "safe"
    if judgment.score is not None:
        return judgment.score, None
    if judgment.refusal is not None:
        return judgment.refusal, judgment.refusal
    return (math.nan if judgment.action is None else float(judgment.action)), None


def from_score(name: str, score: Score, answer: str) -> Iterator[Judgment]:
    """Yield the judgments that a score of one answer stands for.

    hantei's own come back as they were; a score that somebody edited since, and any other, becomes a judgment of
    ``inspect:NAME`` (of ``inspect:NAME/KEY`` for each key of a score with several values).

    Raises:
        RecordError: what is kept as hantei's is none of its records.
    """
    own = (score.metadata or {}).get(KEY)
    if isinstance(own, list):
        for data in own:
            yield replace(restored(Judgment, data), response_id=answer)
        if not score.history:
            return
    values = score.value if isinstance(score.value, Mapping) else {"": score.value}
    for key, value in values.items():
        judge = f"inspect:{name}/{key}" if key else f"inspect:{name}"
        said = Judgment(response_id=answer, judge=judge, critique=score.explanation, comment=score.answer)
        yield _foreign(said, value, score.reason)


def _foreign(said: Judgment, value: Any, reason: str | None) -> Judgment:
    """Return a judgment with another program's value: unsafe or safe only where it says just that."""
    if isinstance(value, str) and value.strip().lower() in _LABELS:
        return replace(said, unsafe=_LABELS[value.strip().lower()])
    if isinstance(value, str) and value in _GRADES:
        return replace(said, score=_GRADES[value], scale="inspect C P I N")
    score = None if isinstance(value, str) else number(value)
    if score is not None:
        return replace(said, score=score)
    if value is None or isinstance(value, int | float):
        return replace(said, status="unparsed", fault="judge", error=reason or "the scorer gave no value")
    return replace(said, comment=value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
