"""Judging a single answer, in memory: no run folder, no files, one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from hantei.engine.caller import Caller
from hantei.engine.judge_worker import checked, told
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.engine.stopping import Stop
from hantei.errors import RunError, UsageError
from hantei.event_loop import awaited, in_own_loop
from hantei.inputs import check_language
from hantei.judges import Judge
from hantei.judges.base import Pair, Stopped, language_of
from hantei.judges.classifying import ClassifierJudge
from hantei.models.base import Prepared
from hantei.models.prices import pricing
from hantei.records import Judgment, Message, Prompt, Response
from hantei.tasks.task import Judging, loaded_judge

Asked = str | Prompt | Sequence[Message | Mapping[str, Any]]
"""What was asked: a text, a prompt with all that is known of it, or the messages of a conversation."""

_ID = "1"


def judge_one(
    prompt: Asked,
    response: str | Response,
    judge: Judging = "builtin",
    language: str | None = None,
    limits: Limits | None = None,
) -> Judgment:
    """Return a judge's judgment of one answer; nothing is written.

    A judge that is named is loaded once where it asks no model, so that a server may call this for every answer.

    Args:
        prompt: the question as a text, the messages of a conversation, or a ``Prompt``.
        response: the answer, as a text or a ``Response``.
        judge: the judge, as for ``judge``.
        language: of the exchange (BCP 47: ``en``, ``ja``, ``zh-Hans``); told by the texts where it is not given.
        limits: on calls, where the judge asks a model.

    Raises:
        UsageError: no such judge, its key is not set, or the language is none.
        RunError: no call to the judge's model works, or a judge of your own raises or returns no judgment.
    """
    pair = _pair(prompt, response, language)
    loaded = _loaded(judge)
    if isinstance(loaded, ClassifierJudge):
        with told(loaded.name):
            judgments = loaded.classifier.judge([pair])
        loaded.check(judgments, 1)
        judgment = checked(loaded.name, judgments[0])
    else:
        judgment = in_own_loop(_judged(loaded, pair, limits or Limits()))
    if judgment.status == "abstained" and language_of(*pair) is None:
        return replace(judgment, error=f"{judgment.error}; say which it is, as in language='en'")
    return judgment


ajudge_one = awaited(judge_one)


def _loaded(judge: Judging) -> Judge:
    return _by_name(judge) or loaded_judge(judge) if isinstance(judge, str) else loaded_judge(judge)


@lru_cache(maxsize=4)
def _by_name(name: str) -> Judge | None:
    """Return a classifier by its name, kept for the next answer; None for any other judge, which is of one loop."""
    loaded = loaded_judge(name)
    return loaded if isinstance(loaded, ClassifierJudge) else None


def _pair(prompt: Asked, response: str | Response, language: str | None) -> Pair:
    """Return prompt and response as records that belong together.

    Raises:
        UsageError: they are neither texts nor records, or the language is none.
    """
    asked = prompt if isinstance(prompt, Prompt) else Prompt(id=_ID, messages=_messages(prompt))
    if language is not None:
        asked = replace(asked, language=check_language(language))
    if isinstance(response, Response):
        return asked, response
    if not isinstance(response, str):
        raise UsageError(f"response: expected a text or a Response, got {type(response).__name__}")
    return asked, Response(id=_ID, prompt_id=asked.id, system="", text=response)


def _messages(prompt: str | Sequence[Message | Mapping[str, Any]]) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        return (Message(role="user", content=prompt),)
    try:
        messages = msgspec.convert(prompt, tuple[Message, ...])
    except msgspec.ValidationError as error:
        raise UsageError(f"prompt: expected a text, a Prompt, or messages with role and content: {error}") from None
    if not messages:
        raise UsageError("prompt: expected a text, a Prompt, or messages with role and content, got none")
    return messages


async def _judged(judge: Judge, pair: Pair, limits: Limits) -> Judgment:
    """Return the judgment of a judge that may ask models.

    Raises:
        RunError: it came to none.
    """
    for model in judge.models:
        if isinstance(model, Prepared):
            model.check_ready()
    stop = Stop()
    caller = Caller(limits, pricing(None), Meter(), stop)
    try:
        with stop.on_interrupt(limits.grace_s), told(judge.name):
            async for judgment in judge.judge([pair], caller.ask_for(judge)):
                if judgment.response_id == pair[1].id and judgment.turn is None:
                    return _or_raised(judgment, caller)
    except Stopped:
        raise (stop.error or RunError(f"stopped: {stop.reason}")) from None
    finally:
        caller.close()
        for model in judge.models:
            await model.close()
    raise RunError(f"judge {judge.name}: gave no judgment")


def _or_raised(judgment: Judgment, caller: Caller) -> Judgment:
    error = caller.nothing_worked() if judgment.status == "error" else None
    if error:
        raise error
    return judgment
