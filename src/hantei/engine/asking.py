"""From prompts to requests, from replies to records: what a model is asked, and what its answer is written as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as changed

from hantei.judges.base import PricedReply
from hantei.models.base import CallError, Model, Request, Sampling
from hantei.records import Judgment, Message, Prompt, Response, response_id
from hantei.turns import UNFINISHED, conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """A model and how it is asked.

    ``name`` is the system that its answers are of; empty for the model's own name without its settings.
    ``system_prompt`` stands before the prompt's own.
    """

    model: Model
    name: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None

    @property
    def system(self) -> str:
        """The system that its answers are of."""
        return self.name or self.model.name.partition("?")[0]

    def request(self, prompt: Prompt, sample: int, earlier: Sequence[str] = ()) -> Request:
        """Return the request for one sample of an answer; with a seed, each sample has its own.

        Where the prompt is asked turn by turn, ``earlier`` are the answers to the turns before.
        """
        sampling, messages = self.sampling, conversation(prompt.messages, earlier)
        if sampling.seed is not None and sample:
            sampling = replace(sampling, seed=sampling.seed + sample)
        if self.system_prompt is not None:
            own = messages[0].role == "system"
            text = f"{self.system_prompt}\n\n{messages[0].content}" if own else self.system_prompt
            messages = (Message(role="system", content=text), *messages[own:])
        return Request(messages=messages, sampling=sampling)

    def begun(self, prompt: Prompt, sample: int) -> Response:
        """Return the record of an answer for which nothing was asked yet."""
        identity = response_id(self.system, prompt.id, sample)
        return Response(
            id=identity, prompt_id=prompt.id, system=self.system, sample=sample, status="error", text="", cost=0.0
        )


def answered(begun: Response, answer: PricedReply) -> Response:
    """Return the record of an answer, with what the turns before it took."""
    reply = answer.reply
    return changed(
        begun,
        status=reply.status,
        text=reply.text,
        reasoning=reply.reasoning,
        finish_reason=reply.finish_reason,
        usage=_added(begun.usage, reply.usage),
        cost=None if begun.cost is None or answer.cost is None else begun.cost + answer.cost,
        latency_s=None if reply.latency_s is None else round((begun.latency_s or 0.0) + reply.latency_s, 4),
        served_model=reply.served_model,
        error=None,
    )


def next_turn(response: Response) -> Response:
    """Return the record of an answer whose next turn is to be asked: this one is now one of the ``earlier``."""
    return changed(response, status="error", text="", error=UNFINISHED, earlier=(*response.earlier, response.text))


def failure(begun: Response, error: CallError | str) -> Response:
    """Return a call that failed for good as a record: it is asked again when the run is resumed."""
    return changed(begun, error=str(error), cost=begun.cost if begun.earlier else None)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in {**one, **other}} if one else dict(other)


def not_answered(judge: str, card_hash: str, response: Response) -> Judgment:
    """Return the judgment of a call that failed: no verdict, by the fault of the model's provider."""
    return Judgment(
        response_id=response.id,
        judge=judge,
        status="error",
        fault="provider",
        card_hash=card_hash,
        error=f"there is no answer: {response.error or 'the call failed'}",
    )
