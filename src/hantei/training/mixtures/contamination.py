"""Training prompts that are also, or nearly, prompts of a benchmark on which the model is to be measured.

A model that has seen the questions of its own examination is not measured. The check compares what users ask in the
training rows, turn by turn, with every prompt of every benchmark of the recipe: exactly, and by character trigrams.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hantei.benchmarks import load_benchmark
from hantei.near_duplicates import NearDuplicates
from hantei.records import Prompt
from hantei.training.mixtures.example import Example, TrainingPair


class Contaminated(NamedTuple):
    """A training row whose prompt stands in a benchmark; ``similarity`` is 1 where they have the same trigrams."""

    row: str
    benchmark: str
    prompt: str
    similarity: float

    def told(self) -> str:
        """Return it as a line for people."""
        return f"{self.row} is {self.similarity:.0%} {self.benchmark}'s prompt {self.prompt}"


def contaminated(
    rows: Iterable[Example | TrainingPair], benchmarks: Sequence[str], threshold: float
) -> dict[str, Contaminated]:
    """Return training rows that are in a benchmark, by their id, each with the nearest prompt.

    Raises:
        UsageError: there is no such benchmark.
        FetchError: it was not fetched yet, so nothing can be said.
    """
    asked = NearDuplicates(threshold)
    home: dict[str, tuple[str, str]] = {}
    for benchmark in benchmarks:
        for prompt in load_benchmark(benchmark):
            for question in _asked(prompt):
                key = f"{benchmark}\n{prompt.id}\n{len(home)}"
                home[key] = (benchmark, prompt.id)
                asked.add(key, question)
    found: dict[str, Contaminated] = {}
    seen: dict[str, Contaminated | None] = {}
    for row in rows:
        for question in row.questions:
            if question not in seen:
                nearest = next(iter(asked.find(question)), None)
                seen[question] = Contaminated("", *home[nearest.id], nearest.similarity) if nearest else None
            match = seen[question]
            if match and (row.id not in found or match.similarity > found[row.id].similarity):
                found[row.id] = match._replace(row=row.id)
    return found


def _asked(prompt: Prompt) -> Iterable[str]:
    """Return what the user says in a prompt, turn by turn."""
    return [turn.content for turn in prompt.messages if turn.role == "user"] or [prompt.text]
