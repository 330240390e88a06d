"""How a set is spread over its taxonomy: how many items each harm type has in each language, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hantei.records import Prompt
from hantei.taxonomy import Node, Taxonomy

EVEN = 2.0
"""A harm type counts as thin where it has fewer than the mean divided by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How a set is spread.

    Args:
        languages: those of the items, sorted.
        harm_types: in the order of the taxonomy.
        counts: items by harm type and language.
        intents: items by intent and language.
        missing: specific harms without an item, by language.
    """

    languages: tuple[str, ...]
    harm_types: tuple[Node, ...]
    counts: Counter[tuple[str, str]]
    intents: Counter[tuple[str, str]]
    missing: dict[str, tuple[Node, ...]]

    def of(self, harm_type: str) -> int:
        """Return how many items a harm type has."""
        return sum(self.counts[harm_type, language] for language in self.languages)

    @property
    def total(self) -> int:
        """How many items there are."""
        return sum(self.intents.values())

    @property
    def elsewhere(self) -> int:
        """Items of a harm that is no harm type of the taxonomy."""
        return self.total - sum(self.counts.values())

    def thin(self) -> list[Node]:
        """Return the harm types with fewer than half as many items as the mean."""
        mean = sum(self.counts.values()) / max(1, len(self.harm_types))
        return [node for node in self.harm_types if EVEN * self.of(node.id) < mean]


def balance(prompts: Sequence[Prompt], tree: Taxonomy) -> Balance:
    """Return how prompts are spread over a taxonomy."""
    languages = tuple(sorted({one.language or "und" for one in prompts}))
    types = tree.level(min(2, len(tree.levels)))
    counts: Counter[tuple[str, str]] = Counter()
    there: set[tuple[str, str]] = set()
    for one in prompts:
        language, harm = one.language or "und", one.harm or ""
        found = next((node.id for node in types if f"{harm}/".startswith(f"{node.id}/")), None)
        there.add((harm, language))
        if found:
            counts[found, language] += 1
    return Balance(
        languages=languages,
        harm_types=types,
        counts=counts,
        intents=Counter((one.intent or "-", one.language or "und") for one in prompts),
        missing={
            language: tuple(leaf for leaf in tree.leaves() if (leaf.id, language) not in there)
            for language in languages
        },
    )
