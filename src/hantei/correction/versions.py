"""The versions of an answer that was corrected: what each is called, and which comes after which.

    m/p7/0 --> m+critique-1/p7/0 --> m+critique-2/p7/0      its critique went back to the model
           --> m+again-1/p7/0    --> m+again-2/p7/0         baseline: asked again without a critique
           --> m+refusal/p7/0                               baseline: a refusal

A version is a response whose ``parent`` is the one that it corrects; ``meta`` says which ``version`` it is, of which
``round``, and the id of the ``original``.
"""

from __future__ import annotations

from typing import Literal

from hantei.records import Response, response_id

Version = Literal["critique", "again", "refusal"]
ASKED: tuple[Version, ...] = ("critique", "again")
"""The versions for which the model is asked."""
VERSIONS: tuple[Version, ...] = (*ASKED, "refusal")


def is_original(response: Response) -> bool:
    """Whether a response is one that was there before, no version of another."""
    return response.parent is None


def version_of(response: Response) -> str | None:
    """Return which version a response is, None for an original."""
    return None if is_original(response) else str(response.meta.get("version"))


def round_of(response: Response) -> int:
    """Return the round in which a version was made, from 1; 0 for an original."""
    return 0 if is_original(response) else int(response.meta.get("round", 0))


def original_of(response: Response) -> str:
    """Return the id of the original that a response is a version of; its own where it is one."""
    return response.id if is_original(response) else str(response.meta.get("original"))


def followers(response: Response, rounds: int) -> list[Response]:
    """Return the versions that come after an unsafe response, not asked for yet; none after the last round."""
    if is_original(response):
        return [begun(response, version, 1) for version in VERSIONS]
    version = version_of(response)
    if version == "refusal" or round_of(response) >= rounds:
        return []
    return [begun(response, version, round_of(response) + 1)]  # type: ignore[arg-type]  # one of the two that are left


def begun(parent: Response, version: Version, number: int) -> Response:
    """Return the record of a version for which nothing was asked yet."""
    original = original_of(parent)
    base = str(parent.meta["system"]) if not is_original(parent) else parent.system
    system = f"{base}+{version}" if version == "refusal" else f"{base}+{version}-{number}"
    return Response(
        id=response_id(system, parent.prompt_id, parent.sample),
        prompt_id=parent.prompt_id,
        system=system,
        sample=parent.sample,
        earlier=parent.earlier,
        status="error",
        text="",
        cost=0.0,
        parent=parent.id,
        meta={"version": version, "round": number, "original": original, "system": base},
    )
