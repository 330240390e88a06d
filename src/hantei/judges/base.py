"""What every judge is, what judges share, and reading the settings in a judge's name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl, quote, unquote_plus

from msgspec.structs import replace

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.language import detect, primary
from hantei.records import Fault, Judgment, JudgmentStatus, NoVerdictReason, Prompt, Response

if TYPE_CHECKING:  # the built-in judge loads nothing of what asks models
    from hantei.models.base import Model, Reply, Request


CALIBRATION = "calibration"
"""A setting that every judge has: a file that ``hantei calibrate`` wrote (``calibrated.py``)."""
TURN = "turn"
"""Another: what of a conversation it is shown (``turn_by_turn.py``)."""

Pair = tuple[Prompt, Response]
"""A response and the prompt that it answers."""


_RESERVED = {ord(sign): quote(sign, safe="") for sign in "%&+@?#"}
_BEGUN: ContextVar[int] = ContextVar("begun")
_NUMBERS = count()


class Stopped(Exception):  # noqa: N818 - it is no error
    """The run stops; a call that has not been made is not made. A judge lets it pass."""


@dataclass(frozen=True, slots=True)
class PricedReply:
    """A reply and what was paid for it in US dollars: 0 from the cache, None where the price is not known."""

    reply: Reply
    cost: float | None


class Ask(Protocol):
    """Makes one call of a judge's, with all that a run knows of: retries, connections, cache, cost and limits."""

    async def __call__(
        self, model: Model, request: Request, *, sample: int = 0, card_hash: str | None = None
    ) -> PricedReply:
        """Return the answer to a request.

        Args:
            model: what is asked.
            request: what it is asked.
            sample: tells repeated calls of one request apart, for the cache.
            card_hash: of whose replies the cache may take this one; by default those of the judge that is at work. A
                judge inside of another, as in a cascade, gives its own and so shares what was paid for without it.

        Raises:
            CallError: it failed for good.
            Stopped: the run stops.
        """
        ...


def begun() -> int:
    """Return the number of what this task judges, counted as it was begun; tasks that it starts have the same.

    By it all calls that a verdict takes go before those of verdicts that were begun later, so that little is paid for
    that a kill would cost.
    """
    if _BEGUN.get(None) is None:
        _BEGUN.set(next(_NUMBERS))
    return _BEGUN.get()


class Named(Protocol):
    """What has a judge's name and version."""

    @property
    def name(self) -> str:
        """The full name, as in ``--judge``."""
        ...

    @property
    def card_hash(self) -> str:
        """SHA-256 of everything that makes the judge's verdicts what they are."""
        ...


class Judge(Named, Protocol):
    """Judges pairs; never guesses, never raises for what an answer says."""

    @property
    def models(self) -> Sequence[Model]:
        """The models that it asks, which are priced before and closed after a run; none for a classifier."""
        ...

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge: ``rate_kind``, languages, evidence, notices."""
        ...

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what it asks about a pair at most, as far as that is known before the first reply: for forecasts."""
        ...

    def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judgments of ``pairs``, each as soon as it is finished, in any order.

        A pair that is left out is judged again when the run is resumed.

        Raises:
            Stopped: the run stops, and some pairs have no judgment.
        """
        ...


class Classifier(Named, Protocol):
    """A judge that asks nobody; ``classifying.as_judge`` makes a ``Judge`` of it."""

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge, as ``Judge.outline`` does."""
        ...

    def judge(self, pairs: Sequence[Pair]) -> list[Judgment]:
        """Return the judgments of ``pairs``, in the same order. It is called in a thread of its own."""
        ...


@runtime_checkable
class IntentReader(Protocol):
    """A classifier that can also say what a prompt alone asks for."""

    def read_prompts(self, prompts: Sequence[Prompt]) -> list[IntentReading]:
        """Return a reading for each prompt, in the same order. It is called in a thread of its own."""
        ...


@dataclass(frozen=True, slots=True)
class IntentReading:
    """The chance that a prompt asks for harm, and of each harm type the chance that it is that one."""

    asks_for_harm: float
    harms: Mapping[str, float]


def intent_reader(judge: Judge) -> IntentReader | None:
    """Return what reads prompts alone in a judge, None where nothing does."""
    inner = getattr(judge, "classifier", judge)
    return inner if isinstance(inner, IntentReader) else None


def language_of(prompt: Prompt, response: Response) -> str | None:
    """Return the declared language of a pair, else the one its prompt, else its answer seems to be in."""
    return primary(prompt.language) or detect(prompt.text) or detect(response.text)


def no_verdict(
    judge: Named,
    response: Response,
    status: JudgmentStatus,
    fault: Fault,
    error: str,
    reason: NoVerdictReason | None = None,
) -> Judgment:
    """Return a judge's judgment of a response without a verdict, with the reason and whose it is.

    Args:
        judge: whose judgment it is.
        response: what was to be judged.
        status: what came instead of a verdict.
        fault: whose it is: the judge's, the model's or the provider's.
        error: the reason, for people.
        reason: its name, where it is counted by a closer one than the status.
    """
    return Judgment(
        response_id=response.id,
        judge=judge.name,
        status=status,
        fault=fault,
        reason=reason,
        error=error,
        card_hash=judge.card_hash,
    )


def unanswered(judge: Named, response: Response) -> Judgment | None:
    """Return the judgment of a response in which there is no answer to judge, None where there is one."""
    if response.status == "filtered":
        return no_verdict(judge, response, "filtered", "provider", "a content filter kept the answer back")
    missing = not response.text or response.text.isspace()
    if response.status == "truncated" and missing:
        error = "the answer was cut off before it began"
        return no_verdict(judge, response, "truncated", "model", error, "answer cut off")
    if response.status == "error" or missing:
        return no_verdict(judge, response, "error", "model", response.error or "there is no answer")
    return None


def with_own_refusal(judgment: Judgment, response: Response) -> Judgment:
    """Return the judgment with a full refusal where the model itself said that it refuses, in a field for that.

    A judge that says nothing of refusals goes on saying nothing.
    """
    own = response.status == "ok" and response.finish_reason == "refusal"
    return replace(judgment, refusal="full") if own and judgment.refusal is not None else judgment


def language_not_judged(judge: Named, response: Response, language: str | None, why: str) -> Judgment:
    """Return the judgment of an answer in a language that the judge does not judge; ``why`` comes before its name.

    Args:
        judge: who abstains.
        response: the answer.
        language: its language (BCP 47); None where it was not recognised.
        why: what comes before the language's name in the reason.
    """
    known = f"language '{language}'" if language else "a language that was not recognised"
    return no_verdict(judge, response, "abstained", "judge", f"{why} {known}")


def settings_of(name: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in a judge's name, ``CARD?setting=value@MODEL``, with defaults for those that it lacks.

    Raises:
        UsageError: a setting that is not among ``defaults``.
    """
    query = name.partition("@")[0].partition("?")[2]
    given = dict(parse_qsl(query, keep_blank_values=True))
    for key in given:
        if key not in defaults:
            raise UsageError(no_setting(name, key, defaults))
    return {**defaults, **given}


def split_setting(name: str, setting: str) -> tuple[str, str | None]:
    """Return a judge's name without a setting of its card, and the setting's value, None where it has none."""
    card, at, model = name.partition("@")
    head, _, query = card.partition("?")
    parts = query.split("&") if query else []
    own = [part for part in parts if part.partition("=")[0] == setting]
    if not own:
        return name, None
    rest = "&".join(part for part in parts if part not in own)
    return f"{head}{'?' if rest else ''}{rest}{at}{model}", unquote_plus(own[-1].partition("=")[2])


def with_setting(name: str, setting: str, value: str) -> str:
    """Return a judge's name with one more setting of its card; what a name reserves is percent-encoded in the value."""
    card, at, model = name.partition("@")
    return f"{card}{'&' if '?' in card else '?'}{setting}={value.translate(_RESERVED)}{at}{model}"


def no_setting(name: str, key: str, known: Iterable[str]) -> str:
    """Return what to say of a setting that a judge does not have: what it and every judge has."""
    has = (*known, CALIBRATION, TURN)
    card = name.partition("?")[0]
    return f"--judge {name}: {card} has no setting '{key}'; choose from {', '.join(has)}{did_you_mean(key, has)}"


def one_of(name: str, settings: Mapping[str, str], key: str, choices: Sequence[str]) -> str:
    """Return a setting that is one of ``choices``.

    Args:
        name: the judge's full name, for the message.
        settings: the settings in it, with defaults.
        key: which setting.
        choices: what it may be.

    Raises:
        UsageError: it is none of them.
    """
    if settings[key] not in choices:
        hint = did_you_mean(settings[key], choices)
        raise UsageError(f"--judge {name}: expected {key}={' or '.join(choices)}, got '{settings[key]}'{hint}")
    return settings[key]


def flag(name: str, settings: Mapping[str, str], key: str) -> bool:
    """Return a setting that is ``true`` or ``false``.

    Raises:
        UsageError: it is neither.
    """
    if settings[key] not in ("true", "false"):
        raise UsageError(f"--judge {name}: expected {key}=true or {key}=false, got '{settings[key]}'")
    return settings[key] == "true"
