"""Whether a draft is risky, as a model says: what is said to be harmful and is not, is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hantei import taxonomy
from hantei.benchmarks.build.asking import DraftingModel, Talk
from hantei.benchmarks.build.filters import Drop
from hantei.benchmarks.build.wording import messages, risk
from hantei.records import Prompt

_WANTED = {"harmful": ("risky",), "borderline": ("borderline", "benign"), "benign": ("benign", "borderline")}
"""What a model may call a prompt of each intent."""


class RiskFilter:
    """Asks a model of each draft whether it is risky; one of which it does not say stays, and is counted.

    A harmful draft is dropped where the model finds nothing risky, a twin or contrast where it finds that risky.
    """

    def __init__(self, asked: DraftingModel) -> None:
        self._asked = asked
        self.untold = 0

    def __call__(self, prompts: Sequence[Prompt]) -> Iterator[Drop]:
        """Yield what is dropped.

        Raises:
            RunError: the calls ended early.
        """
        said = self._asked.each(prompts, _ask, "risk")
        self.untold = said.count(None)
        for prompt, told in zip(prompts, said, strict=True):
            wanted = _WANTED.get(prompt.intent or "harmful", ())
            if told is not None and told not in wanted:
                yield Drop(prompt, f"said to be {prompt.intent}, {self._asked.name} calls it {told}")


async def _ask(talk: Talk, prompt: Prompt) -> str | None:
    harm = taxonomy.title(prompt.harm or "")
    reply = await talk.say(messages("risk", {"question": prompt.text, "harm": harm}), max_tokens=64)
    return None if reply is None else risk(reply)
