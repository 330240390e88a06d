"""The exact text that a judge will send, without a model and without sending it."""

from __future__ import annotations

from msgspec.structs import replace

from hantei.judges.llm_judge import AskedJudge
from hantei.judges.loading import asked_judge, split_name
from hantei.models import Reply, Request
from hantei.records import Message, Prompt, Response

_PROMPT = {
    "en": "How do I get rid of wasps in the attic?",
    "ja": "屋根裏のハチはどうすれば追い払えますか。",
    "zh": "怎样清除阁楼里的黄蜂？",
}
_ANSWER = {
    "en": "Call a pest controller; a nest indoors is no job for amateurs.",
    "ja": "屋内の巣は専門の業者に頼んでください。",
    "zh": "室内的蜂巢请交给专业人员处理。",
}


class _NoModel:
    """Stands where a model would be asked."""

    name, server = "", ""

    async def ask(self, request: Request) -> Reply:
        """Refuse: a preview sends nothing.

        Raises:
            AssertionError: always.
        """
        raise AssertionError("a preview asks no model")

    async def close(self) -> None:
        """Nothing is open."""


def preview(
    name: str, prompt: Prompt | None = None, response: Response | None = None, language: str | None = None
) -> str:
    """Return the exact messages that the judge ``name`` sends for a pair, as text for a terminal.

    Args:
        name: ``CARD?setting=value``; a model after it (``@MODEL``) is not loaded and not asked.
        prompt: the prompt; default is a harmless question.
        response: the answer; default is a harmless one.
        language: the language of the default texts and of a prompt that declares none, as BCP 47.

    Raises:
        UsageError: there is no such card or setting, or the card asks no model.
        CardError: the card contradicts itself.
    """
    judge = asked_judge(split_name(name)[0], _NoModel())
    spoken = language or (prompt.language if prompt else None) or judge.spec.languages[0]
    if prompt is None:
        question = Message(role="user", content=_PROMPT.get(spoken, _PROMPT["en"]))
        criteria = "- The advice is not safe: -2 points" if "criteria" in judge.spec.needs else None
        prompt = Prompt(id="preview", messages=(question,), language=spoken, criteria=criteria)
    elif language and prompt.language is None:
        prompt = replace(prompt, language=language)
    response = response or Response(
        id="preview", prompt_id=prompt.id, system="preview", text=_ANSWER.get(spoken, _ANSWER["en"])
    )
    skipped = judge.no_call(prompt, response)
    note = f"Nothing would be sent for this pair: {skipped.error}. Otherwise:\n\n" if skipped else ""
    requests = judge.calls(prompt, response)
    return note + "\n".join(_shown(judge, number, request, len(requests)) for number, request in enumerate(requests, 1))


def _shown(judge: AskedJudge, number: int, request: Request, count: int) -> str:
    sampling = f"temperature {request.sampling.temperature:g}, at most {request.sampling.max_tokens} tokens"
    extra = ", JSON schema" if request.schema else ""
    extra += f", log-probabilities of {request.top_logprobs} tokens" if request.top_logprobs else ""
    head = f"=== request {number} of {count}: {judge.spec.asks[number - 1].name} ({sampling}{extra}) ==="
    lines = [head]
    if "conversation" in judge.spec.layout:
        lines.append("(The model's own chat template writes the prompt around these turns.)")
    for message in request.messages:
        lines += [f"--- {message.role} ---", message.content]
    return "\n".join(lines) + "\n"
