"""Prompts that are there already: a benchmark's, or those that people wrote, as drafts or as seeds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from hantei.benchmarks.build.folder import BuildCard
from hantei.benchmarks.build.lineage import KEY, Lineage, draft, whole_text
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
    tree, there = build.tree(), {one.id: in_taxonomy(one, build) for one in load_benchmark(name)}
    for one in there.values():
        node = tree.find(one.harm or "")
        if node is None or not one.language:
            lacks = f"harm of {build.taxonomy}" if node is None else "language"
            raise UsageError(f"--prompts {name}, '{one.id[:80]}': expected a {lacks} in a column of that name")
    taken: dict[str, Prompt] = {}
    for one in there.values():
        for step in reversed(_line(one, there)):  # what others were made from first: their ids hold its id
            if step.id not in taken:
                node = tree.find(step.harm or "")
                taken[step.id] = _written(step, _lineage(replace(step, harm=node and node.id), source, there), taken)
    return [taken[key] for key in there]


def as_seeds(name: str, source: DraftSource, build: BuildCard) -> list[Prompt]:
    """Return the prompts of a benchmark or a file as seeds, each with its lineage, of which drafts inherit.

    Raises:
        UsageError: no such benchmark or file.
        InputError: the file cannot be read.
    """
    prompts = [in_taxonomy(one, build) for one in load_benchmark(name)]
    there = {one.id: one for one in prompts}
    return [replace(one, meta={**one.meta, KEY: msgspec.to_builtins(_lineage(one, source, there))}) for one in prompts]


def _lineage(one: Prompt, source: DraftSource, there: Mapping[str, Prompt]) -> Lineage:
    line = _line(one, there)
    kin = dict.fromkeys([*(step.id for step in line), *filter(None, [line[-1].parent])])
    return Lineage(harm=one.harm or "", source=source.name, kin=tuple(kin))


def _line(one: Prompt, there: Mapping[str, Prompt]) -> list[Prompt]:
    """Return a prompt, what it was made from, what that was made from, and so on, each once."""
    found: dict[str, Prompt] = {}
    while one.id not in found:
        found[one.id] = one
        one = there.get(one.parent or "", one)
    return list(found.values())


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
