"""What a run will take: calls, tokens from the lengths of the texts, and money where a price is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from hantei.engine.asking import AskedModel
from hantei.engine.caller import PriceLookup
from hantei.engine.meter import dollars
from hantei.errors import UsageError
from hantei.judges.base import Judge, Pair
from hantei.models.base import Model, Request
from hantei.models.names import parse_name
from hantei.models.sampling import defaults
from hantei.records import Prompt, Response
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.judged_text import pair_to_be_judged
from hantei.runs.judging import PairReader
from hantei.runs.pending import prompt_offsets, to_answer, to_judge
from hantei.turns import answer_positions

_SAMPLE = 200
"""Prompts that are measured; they stand for the others."""

_ANSWER_TOKENS = 400
_VERDICT_TOKENS = 200
"""What an answer and a verdict are taken to be long where no ``max_tokens`` bounds them more tightly."""

_MESSAGE_TOKENS = 4
"""What a chat template adds for each message, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one model is about to be asked: calls, tokens in and out. ``cost`` is None where the price is not known."""

    who: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left to ask, by model; retries are not in it."""

    loads: tuple[Load, ...]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(load.calls for load in self.loads)

    @property
    def cost(self) -> float | None:
        """The cost in US dollars, None where the price of any model is not known."""
        costs = [load.cost for load in self.loads]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def lines(self) -> list[str]:
        """Return the forecast as people read it, one line a model."""
        return [
            f"{load.who}: {load.calls:,} calls, about {load.input_tokens:,} tokens in and {load.output_tokens:,} out, "
            + ("cost unknown (no price for it)" if load.cost is None else f"about {dollars(load.cost)}")
            for load in self.loads
        ]


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for four ASCII characters, one for each other character.

    A rule of thumb (English runs at four characters a token, Japanese and Chinese at about one), not a tokenizer.
    """
    ascii_count = len(text.encode("ascii", "ignore"))
    return (ascii_count + 3) // 4 + len(text) - ascii_count


def forecast(
    run: Run, index: Index, asked: Sequence[AskedModel], judges: Sequence[Judge], price: PriceLookup
) -> Forecast:
    """Return what is left to ask in a run, from a sample spread evenly over it.

    Args:
        run: the folder.
        index: its index, filled.
        asked: the models that are asked, in the order of the index; none where the answers exist.
        judges: who judges; what they ask about answers that are not there yet is measured with made-up ones.
        price: model's name and usage to US dollars.
    """
    loads: list[Load] = []
    pairs = [] if asked else _answered(run, index)
    prompts = _sample(run, index) if asked else []
    for place, model in enumerate(asked):
        load, answers = _asked_load(model, prompts, to_answer(index, place), price)
        loads.append(load)
        pairs += answers
    for judge in judges:
        if judge.models:
            loads += _judge_loads(judge, pairs, to_judge(index, index.judge_no(judge.name)), price)
    return Forecast(tuple(loads))


def _asked_load(asked: AskedModel, prompts: Sequence[Prompt], left: int, price: PriceLookup) -> tuple[Load, list[Pair]]:
    """Return what a model is about to be asked for ``left`` answers, and made-up ones to a sample of the prompts."""
    send = _sender(asked.model)
    first = send(asked.request(prompts[0], 0))
    answer = min(first.sampling.max_tokens or _ANSWER_TOKENS, _ANSWER_TOKENS)
    pairs = [(prompt, _made_up(prompt, answer)) for prompt in prompts]
    requests = [send(turn) for prompt, response in pairs for turn in _turns(asked, prompt, response.earlier)]
    calls = round(left * len(requests) / len(prompts))
    load = _load(asked.system, calls, _input(requests) / len(requests), answer, price, asked.model.name)
    return load, [pair_to_be_judged(prompt, response) for prompt, response in pairs]


def _judge_loads(judge: Judge, pairs: Sequence[Pair], verdicts: int, price: PriceLookup) -> Iterator[Load]:
    """Yield what each model of a judge is about to be asked, at most: what a cascade spares is not known before."""
    senders = {model.name: _sender(model) for model in judge.models}
    requests: dict[str, list[Request]] = {name: [] for name in senders}
    for prompt, response in pairs:
        for model, request in judge.requests(prompt, response):
            requests[model.name].append(senders[model.name](request))
    for model_name, own in requests.items():
        who = f"{judge.name}, at most" if len(requests) == 1 else f"{judge.name} asking {model_name}, at most"
        outputs = [min(request.sampling.max_tokens or _VERDICT_TOKENS, _VERDICT_TOKENS) for request in own]
        calls, each = round(verdicts * len(own) / max(1, len(pairs))), max(1, len(own))
        yield _load(who, calls, _input(own) / each, sum(outputs) / each, price, model_name)


def _sender(model: Model) -> Callable[[Request], Request]:
    """Return what makes of a request the one that is sent, by the settings in the model's name."""
    try:
        own = defaults(parse_name(model.name), None)
    except UsageError:  # a model of the user's own, under a name without settings
        return lambda request: request
    return lambda request: replace(request, messages=own.messages(request), sampling=own.sampling(request.sampling))


def _made_up(prompt: Prompt, tokens: int) -> Response:
    """Return an answer of this length to measure a judge's request with."""
    text = "word " * (tokens * 4 // 5 + 1)
    earlier = (text,) * len(answer_positions(prompt.messages))
    return Response(id="forecast", prompt_id=prompt.id, system="forecast", text=text, earlier=earlier)


def _turns(asked: AskedModel, prompt: Prompt, answers: Sequence[str]) -> Iterator[Request]:
    """Yield what is asked about a prompt, turn by turn."""
    for turn in range(len(answers) + 1):
        yield asked.request(prompt, 0, answers[:turn])


def _load(who: str, calls: int, tokens_in: float, tokens_out: float, price: PriceLookup, model: str) -> Load:
    total = {"input": round(calls * tokens_in), "output": round(calls * tokens_out)}
    cost = 0.0 if calls == 0 else price(model, total)
    return Load(who=who, calls=calls, input_tokens=total["input"], output_tokens=total["output"], cost=cost)


def _input(requests: Sequence[Request]) -> int:
    messages = [message for request in requests for message in request.messages]
    return sum(count_tokens(message.content) + _MESSAGE_TOKENS for message in messages)


def _sample(run: Run, index: Index) -> list[Prompt]:
    with PairReader(run) as reader:
        return [reader.prompt(offset) for offset in prompt_offsets(index, _SAMPLE)]


def _answered(run: Run, index: Index) -> list[Pair]:
    """Return a sample of the answers that are there, with their prompts."""
    step = max(1, index.counts()["responses"] // _SAMPLE)
    with PairReader(run) as reader:
        places = islice(index.pairs(), 0, _SAMPLE * step, step)
        return [pair_to_be_judged(*reader.read(place)) for place in places]
