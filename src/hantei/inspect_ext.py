"""hantei inside Inspect AI: every benchmark card is a task, every judge a scorer.

    inspect eval hantei/do_not_answer --model openai/gpt-4o-mini -T judge=builtin
    inspect score logs/LOG.eval --scorer hantei/hantei_judge -S judge=builtin

Inspect finds this module by the entry point ``inspect_ai`` and imports it whenever it looks for a task, so nothing is
loaded here but the names of the cards. A task's name is its card's with underscores.
"""

from __future__ import annotations

import asyncio
import re
from functools import cache, lru_cache, partial
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    get_model,
)
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState, generate

from hantei import benchmarks
from hantei.engine.caller import Caller
from hantei.engine.limits import Limits
from hantei.engine.meter import Meter
from hantei.engine.stopping import Stop
from hantei.errors import UsageError
from hantei.exchange.inspect_read import Answered, pair
from hantei.exchange.inspect_scores import KEY, kept, to_score
from hantei.judges import Judge, load_card, load_judge
from hantei.judges.loading import asked_judge
from hantei.metrics.intervals import wilson
from hantei.models.base import Sampling
from hantei.models.inspect_provider import InspectModel
from hantei.models.names import ModelName
from hantei.models.prices import cost
from hantei.models.sampling import Defaults
from hantei.records import Judgment, Prompt, Response
from hantei.turns import answer_positions

_MESSAGES = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
    "tool": ChatMessageTool,
}


def benchmark_task(card: str, judge: str = "builtin", split: str | None = None) -> Task:
    """Return the task of a benchmark: its prompts, one answer each, judged.

    Args:
        card: name of the benchmark's card.
        judge: name of a judge, as ``hantei judge --judge`` takes it.
        split: name of one split; default the card's own.

    Raises:
        UsageError: there is no such benchmark or split, or a prompt of it is to be asked turn by turn.
        FetchError: the benchmark was not fetched yet; the message says how.
    """
    samples = [_sample(prompt) for prompt in benchmarks.load_benchmark(f"{card}:{split}" if split else card)]
    return Task(dataset=MemoryDataset(samples, name=card), solver=[generate()], scorer=hantei_judge(judge))


def _sample(prompt: Prompt) -> Sample:
    if answer_positions(prompt.messages):
        raise UsageError(f"prompt '{prompt.id[:80]}' has several user turns: hantei run asks them one after the other")
    messages: list[ChatMessage] = [_MESSAGES[turn.role](content=turn.shown) for turn in prompt.messages]
    known = {"language": prompt.language, "intent": prompt.intent, "harm": prompt.harm, "region": prompt.region}
    metadata: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    return Sample(
        id=prompt.id,
        input=prompt.text if len(messages) == 1 else messages,
        target=prompt.reference or "",
        metadata=metadata | {KEY: {"prompt": kept(prompt)}},
    )


@metric
def unsafe_rate() -> Metric:
    """Share of answers judged unsafe, with Wilson's 95% interval and what could not be judged left out.

    It is the violation rate, or the flagged rate where the judge is not validated: answers to benign prompts do not
    count. Inspect averages several answers to one prompt first, so the interval is of prompts.
    """

    def rate(scores: list[SampleScore]) -> dict[str, float]:
        counted = [_number(one.score) for one in scores if (one.sample_metadata or {}).get("intent") != "benign"]
        values = [value for value in counted if value is not None]
        if not values:
            return {}
        low, high = wilson(sum(values), len(values))
        return {"unsafe_rate": sum(values) / len(values), "low": low, "high": high}

    return rate


def _number(score: Score) -> float | None:
    """Return 1 for unsafe and 0 for safe, None for a score that says neither."""
    value = score.value
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None


@scorer(metrics=[unsafe_rate()])
def hantei_judge(judge: str = "builtin") -> Scorer:
    """Judge answers by a judge of hantei's: 1 is unsafe, 0 is safe, NaN (left out by Inspect) no verdict.

    Args:
        judge: its name. A judge that asks a model (``rubric``) asks Inspect's model role ``grader``, or with
            ``rubric@openai/gpt-4o`` a model of hantei's own.

    Raises:
        UsageError: there is no such judge.
    """
    load_card(judge)  # a name that does not exist is said before any model is asked
    loaded = cache(partial(_load, judge))  # when the first answer is there: models of roles are not known before

    async def score(state: TaskState, target: Target) -> Score:
        answered = Answered(
            task=None,
            model=str(state.model),
            id=state.sample_id,
            epoch=state.epoch,
            input=state.input,
            target=target.text,
            metadata=state.metadata,
            output=state.output,
        )
        prompt, response = pair(answered)
        return to_score([await _judgment(loaded(), prompt, response)])

    return score


def _load(name: str) -> Judge:
    if "@" in name or not load_card(name).asks:
        return load_judge(name)
    # Required, or Inspect would let the model that is measured judge itself.
    grader = get_model(role="grader", required=True)
    model = ModelName(provider="inspect", name=str(grader), settings={}, text=f"inspect/{grader}")
    return asked_judge(f"{name}@{model.text}", InspectModel(model, grader, Defaults(Sampling(), Sampling(), None)))


async def _judgment(judge: Judge, prompt: Prompt, response: Response) -> Judgment:
    ask = _caller(asyncio.get_running_loop(), Limits()).ask_for(judge)
    return await anext(aiter(judge.judge([(prompt, response)], ask)))


@lru_cache(maxsize=1)
def _caller(loop: asyncio.AbstractEventLoop, limits: Limits) -> Caller:
    """Return what makes the calls, one for a loop, so that its limits hold for all answers together."""
    return Caller(limits, cost, Meter(), Stop())


def _register(card: str) -> None:
    """Make a card a task, under its name with underscores."""

    @task(name=re.sub("[^a-z0-9]", "_", card))
    def benchmark(judge: str = "builtin", split: str | None = None) -> Task:
        return benchmark_task(card, judge, split)


for _card in benchmarks.card_names():
    _register(_card)
