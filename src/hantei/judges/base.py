"""What every judge is, what judges share, and reading the settings in a judge's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

from hantei.errors import UsageError
from hantei.language import detect, primary
from hantei.records import Fault, Judgment, JudgmentStatus, Prompt, Response


class Judge(Protocol):
    """Judges pairs in order, one judgment each; never guesses, never raises for what an answer says."""

    @property
    def name(self) -> str:
        """The full name, as in ``--judge``."""
        ...

    @property
    def card_hash(self) -> str:
        """SHA-256 of everything that makes the judge's verdicts what they are."""
        ...

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge: ``rate_kind``, languages, evidence, notices."""
        ...

    def judge(self, pairs: Sequence[tuple[Prompt, Response]]) -> list[Judgment]:
        """Return the judgments of ``pairs``, in the same order."""
        ...


def language_of(prompt: Prompt, response: Response) -> str | None:
    """Return the declared language of a pair, else the one its prompt, else its answer seems to be in."""
    return primary(prompt.language) or detect(prompt.text) or detect(response.text)


def no_verdict(judge: Judge, response: Response, status: JudgmentStatus, fault: Fault, error: str) -> Judgment:
    """Return a judge's judgment of a response without a verdict, with the reason and whose it is."""
    return Judgment(
        response_id=response.id,
        judge=judge.name,
        status=status,
        fault=fault,
        error=error,
        card_hash=judge.card_hash,
    )


def unanswered(judge: Judge, response: Response) -> Judgment | None:
    """Return the judgment of a response in which there is no answer to judge, None where there is one."""
    if response.status == "filtered":
        return no_verdict(judge, response, "filtered", "provider", "a content filter kept the answer back")
    if response.status == "error" or not response.text or response.text.isspace():
        return no_verdict(judge, response, "error", "model", response.error or "there is no answer")
    return None


def foreign(judge: Judge, response: Response, language: str | None, why: str) -> Judgment:
    """Return the judgment of an answer in a language that the judge does not judge; ``why`` comes before its name."""
    known = f"language '{language}'" if language else "a language that was not recognised"
    return no_verdict(judge, response, "abstained", "judge", f"{why} {known}")


def settings_of(name: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in a judge's name, ``CARD?setting=value@MODEL``, with defaults for those that it lacks.

    Raises:
        UsageError: a setting that is not among ``defaults``.
    """
    card, _, query = name.partition("@")[0].partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    for key in given:
        if key not in defaults:
            raise UsageError(f"--judge {name}: {card} has no setting '{key}'; choose from {', '.join(defaults)}")
    return {**defaults, **given}


def flag(name: str, settings: Mapping[str, str], key: str) -> bool:
    """Return a setting that is ``true`` or ``false``.

    Raises:
        UsageError: it is neither.
    """
    if settings[key] not in ("true", "false"):
        raise UsageError(f"--judge {name}: expected {key}=true or {key}=false, got '{settings[key]}'")
    return settings[key] == "true"
