"""Dev and test: divided by families, so that no twin, translation or sibling of a template stands across."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from hantei import taxonomy
from hantei.benchmarks.build.lineage import families
from hantei.records import Prompt

SplitName = Literal["dev", "test"]


def split(prompts: Sequence[Prompt], dev: float, seed: int = 0, among: Sequence[Prompt] = ()) -> dict[str, SplitName]:
    """Return the split of each prompt by id.

    Whole families go to one side, so that about the share ``dev`` of each harm type's prompts is there; a harm type
    with one family is tested.

    Args:
        prompts: what is divided.
        dev: the share for development, from 0 to below 1.
        seed: of the order in which families are taken.
        among: all drafts: two prompts may be relatives through one that was dropped or rejected.
    """
    members: dict[str, list[Prompt]] = defaultdict(list)
    family = families([*among, *prompts])
    for prompt in prompts:
        members[family[prompt.id]].append(prompt)
    by_harm: dict[str, list[str]] = defaultdict(list)
    for name in sorted(members, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest()):
        by_harm[_harm_type(members[name])].append(name)
    found: dict[str, SplitName] = {}
    for harm in sorted(by_harm):
        found |= _sides(by_harm[harm], {name: len(members[name]) for name in by_harm[harm]}, dev)
    return {prompt.id: found[family[prompt.id]] for prompt in prompts}


def _sides(names: Sequence[str], sizes: Mapping[str, int], dev: float) -> dict[str, SplitName]:
    """Return the side of each family of one harm type: dev while that brings it nearer to its share."""
    wanted, there = dev * sum(sizes.values()), 0
    sides: dict[str, SplitName] = {}
    for name in names:
        if abs(there + sizes[name] - wanted) < abs(there - wanted) and len(names) > 1:
            sides[name], there = "dev", there + sizes[name]
        else:
            sides[name] = "test"
    return sides


def _harm_type(family: Sequence[Prompt]) -> str:
    counts = Counter(taxonomy.harm_type(one.harm or "") or one.harm or "" for one in family)
    return min(counts, key=lambda harm: (-counts[harm], harm))
