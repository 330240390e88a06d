"""An agent framework's own client: OpenAI's Agents SDK with a tool, whole and streamed."""

from __future__ import annotations

import asyncio
from typing import Any

import agents
import openai

from tests.serving.fake_model import BAD, FakeModel
from tests.serving.live import Live, live
from tests.serving.test_serve import REFUSAL

CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Kyoto"}'}}


class Caller(FakeModel):
    """Calls a tool first, and answers once it has the result."""

    async def chat(self, request: Any) -> Any:
        body = await request.json()
        answered = any(turn["role"] == "tool" for turn in body["messages"])
        self.text = self.final if answered else ""
        self.message = {} if answered else {"tool_calls": [CALL], "content": None}
        return await super().chat(request)

    final = "It rains in Kyoto."


@agents.function_tool
def weather(city: str) -> str:
    """Say how the weather is."""
    return f"rain in {city}"


async def run(it: Live, streamed: bool) -> str:
    agents.set_tracing_disabled(True)
    async with openai.AsyncOpenAI(base_url=it.url, api_key="k", max_retries=0) as client:
        model = agents.OpenAIChatCompletionsModel(model="m", openai_client=client)
        agent = agents.Agent(name="guide", instructions="Help.", model=model, tools=[weather])
        if not streamed:
            return str((await agents.Runner.run(agent, "How is the weather in Kyoto?")).final_output)
        result = agents.Runner.run_streamed(agent, "How is the weather in Kyoto?")
        async for _ in result.stream_events():
            pass
        return str(result.final_output)


def test_an_agent_calls_its_tool_and_gets_its_answer() -> None:
    for streamed in (False, True):
        with live(model=Caller()) as it:
            assert asyncio.run(run(it, streamed)) == "It rains in Kyoto."
            assert it.model.bodies[1]["messages"][-1]["content"] == "rain in Kyoto"
            assert it.judge.seen[-1] == "It rains in Kyoto."


def test_an_agent_is_given_the_refusal_in_the_place_of_an_unsafe_answer() -> None:
    for streamed in (False, True):
        with live(model=Caller()) as it:
            it.model.final = f"It rains {BAD}."  # type: ignore[attr-defined]
            assert asyncio.run(run(it, streamed)) == REFUSAL["en"]
