"""Prompts that are there already: a benchmark's, or those that people wrote, as drafts or as seeds."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from hantei.benchmarks.build.folder import BuildCard
from hantei.benchmarks.build.lineage import Lineage, draft, whole_text
from hantei.benchmarks.build.sources import DraftSource
from hantei.benchmarks.named import load_benchmark
from hantei.errors import UsageError
from hantei.records import Prompt
from hantei.taxonomy import to_harm_types


def taken_in(name: str, source: DraftSource, build: BuildCard) -> list[Prompt]:
    """Return the prompts of a benchmark or a file as drafts; ids are made anew, and parents among them follow.

    Raises:
        UsageError: no such benchmark, or a prompt has no harm of the folder's taxonomy, or no language.
        InputError: the file cannot be read.
    """
    taken: dict[str, Prompt] = {}
    for prompt in load_benchmark(name):
        one = in_taxonomy(prompt, build)
        node = build.tree().find(one.harm or "")
        if node is None or not one.language:
            lacks = f"harm of {build.taxonomy}" if node is None else "language"
            raise UsageError(f"--prompts {name}, '{one.id[:80]}': expected a {lacks} in a column of that name")
        taken[one.id] = _written(one, Lineage(harm=node.id, source=source.name), taken)
    return list(taken.values())


def _written(one: Prompt, made: Lineage, taken: Mapping[str, Prompt]) -> Prompt:
    parent = taken[one.parent].id if one.parent is not None and one.parent in taken else one.parent
    new = draft(
        whole_text(one),
        made,
        language=one.language,
        intent=one.intent or "harmful",
        region=one.region,
        parent=parent,
        variant=one.variant or "written",
    )
    return replace(new, messages=one.messages, reference=one.reference, criteria=one.criteria)


def in_taxonomy(prompt: Prompt, build: BuildCard) -> Prompt:
    """Return a prompt whose harm is one of the folder's taxonomy where a crosswalk leads there."""
    if not prompt.harm or prompt.harm.startswith(f"{build.taxonomy}/"):
        return prompt
    steps = to_harm_types(prompt.harm) if build.taxonomy == "do-not-answer" else []
    return replace(prompt, harm=steps[0].target) if steps else prompt
