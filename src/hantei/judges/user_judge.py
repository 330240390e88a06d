"""A judge of the user's own: what it must have, looked at before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature
from typing import Any

from hantei.errors import UsageError

_EXPECTED = "the name of a judge, or an object with name, card_hash, outline() and judge(pairs)"
_CLASSIFIES = "expected a plain def that returns a list with a Judgment for each pair"
_ASKS = "expected an async def that yields each Judgment as it is finished"


def check_own(judge: Any) -> None:
    """Look at an object that is given as a judge or a classifier; see ``hantei.judges.base``.

    Raises:
        UsageError: it lacks something, or its ``judge`` is of another kind; the message says what was expected.
    """
    if isinstance(judge, type):
        raise UsageError(f"judge {judge.__name__}: expected a judge, got its class: write {judge.__name__}()")
    if not callable(getattr(judge, "judge", None)):
        raise UsageError(f"judge: expected {_EXPECTED}; got {type(judge).__name__}")
    who = f"judge {type(judge).__name__}"
    for name, why in (("name", "what reports call it"), ("card_hash", "a text that changes when its verdicts do")):
        text = getattr(judge, name, None)
        if not isinstance(text, str) or not text:
            raise UsageError(f"{who}: expected {name} ({why}) as a text, got {_shown(text)}")
    if not callable(getattr(judge, "outline", None)) or not isinstance(judge.outline(), Mapping):
        raise UsageError(f"{who}: expected outline() to return a dictionary, such as {{'rate_kind': 'flagged'}}")
    if len(signature(judge.judge).parameters) > 1:
        _check_asking(who, judge)
    elif iscoroutinefunction(judge.judge) or isasyncgenfunction(judge.judge):
        raise UsageError(f"{who}: judge(pairs) is async: {_CLASSIFIES}, or judge(pairs, ask), {_ASKS}")
    elif isgeneratorfunction(judge.judge):
        raise UsageError(f"{who}: judge(pairs) yields: {_CLASSIFIES}")


def _check_asking(who: str, judge: Any) -> None:
    if isgeneratorfunction(judge.judge):
        raise UsageError(f"{who}: judge(pairs, ask) is a plain generator: {_ASKS}")
    if iscoroutinefunction(judge.judge):
        raise UsageError(f"{who}: judge(pairs, ask) returns once at its end: {_ASKS}")
    if not isinstance(getattr(judge, "models", None), list | tuple):
        raise UsageError(
            f"{who}: expected models, a list of what judge(pairs, ask) asks; one that asks none takes pairs"
        )
    if not callable(getattr(judge, "requests", None)):
        raise UsageError(f"{who}: expected requests(prompt, response), a list of what it asks of a pair, for forecasts")


def _shown(value: object) -> str:
    return "none" if value is None else "an empty one" if value == "" else type(value).__name__
