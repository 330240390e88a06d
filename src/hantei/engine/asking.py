"""From prompts to requests, from replies to records: what a model is asked, and what its answer is written as."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hantei.judges.base import Answer
from hantei.models.base import CallError, Model, Request, Sampling
from hantei.records import Judgment, Message, Prompt, Response, response_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model and how it is asked. ``system_prompt`` stands before the prompt's own."""

    model: Model
    sampling: Sampling = field(default_factory=Sampling)
    system_prompt: str | None = None
    judge_reasoning: bool = False

    def request(self, prompt: Prompt, sample: int) -> Request:
        """Return the request for one sample of an answer; with a seed, each sample has its own."""
        sampling, messages = self.sampling, prompt.messages
        if sampling.seed is not None and sample:
            sampling = replace(sampling, seed=sampling.seed + sample)
        if self.system_prompt is not None:
            own = messages[0].role == "system"
            text = f"{self.system_prompt}\n\n{messages[0].content}" if own else self.system_prompt
            messages = (Message(role="system", content=text), *messages[own:])
        return Request(messages=messages, sampling=sampling)

    def response(self, prompt: Prompt, sample: int, answer: Answer) -> Response:
        """Return an answer as a record."""
        reply, system = answer.reply, self.model.name
        return Response(
            id=response_id(system, prompt.id, sample),
            prompt_id=prompt.id,
            system=system,
            sample=sample,
            status=reply.status,
            text=reply.text,
            reasoning=reply.reasoning,
            finish_reason=reply.finish_reason,
            usage=reply.usage,
            cost=answer.cost,
            latency_s=None if reply.latency_s is None else round(reply.latency_s, 4),
            served_model=reply.served_model,
        )

    def failure(self, prompt: Prompt, sample: int, error: CallError) -> Response:
        """Return a call that failed for good as a record: it is asked again when the run is resumed."""
        system = self.model.name
        identity = response_id(system, prompt.id, sample)
        return Response(
            id=identity, prompt_id=prompt.id, system=system, sample=sample, status="error", text="", error=str(error)
        )


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
