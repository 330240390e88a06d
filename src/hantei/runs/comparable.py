"""Whether two runs can be compared: what other than the systems differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hantei.runs.info import JudgeInfo, RunInfo


def comparability_problems(
    names: Sequence[str], infos: Sequence[RunInfo], judges: Sequence[str], changed: int
) -> list[str]:
    """Return why runs measure something else than each other, each in a line; none where they can be compared.

    Args:
        names: what people call the runs.
        infos: what is in their ``run.json``.
        judges: the judges whose verdicts are compared.
        changed: prompts that have one id and different texts.
    """
    out = []
    for name, info in zip(names[1:], infos[1:], strict=True):
        both = f"{names[0]} and {name}"
        out += [*_judges(both, infos[0].judges, info.judges, judges), *_benchmarks(both, infos[0], info)]
        out += _policies(both, infos[0], info)
    if changed:
        out.append(f"{changed:,} prompts have the same id and another text: the benchmark was revised")
    return out


def _judges(
    both: str, first: Mapping[str, JudgeInfo], second: Mapping[str, JudgeInfo], judges: Sequence[str]
) -> Iterator[str]:
    for judge in judges:
        one, other = first[judge].card_hash, second[judge].card_hash
        if one != other:
            yield f"{both} were judged by different versions of {judge} (card {one[:8]}, {other[:8]})"


def _benchmarks(both: str, first: RunInfo, second: RunInfo) -> Iterator[str]:
    there, here = ({_name(one): one for one in info.plan.benchmarks} for info in (first, second))
    shared = there.keys() & here.keys()
    if there and here and not shared:
        yield f"{both} are of different benchmarks ({', '.join(there)}; {', '.join(here)})"
    for name in sorted(shared):
        if there[name] != here[name]:
            yield f"{both} are of different benchmarks or revisions ({name}: {_revision(there[name], here[name])})"


def _name(benchmark: Mapping[str, Any]) -> str:
    return str(benchmark.get("called") or benchmark.get("name"))


def _revision(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    for key in ("name", "split", "revision"):
        if one.get(key) != other.get(key):
            return f"{key} {one.get(key)}, {other.get(key)}"
    return "other files of the same name"


def _policies(both: str, first: RunInfo, second: RunInfo) -> Iterator[str]:
    if first.no_verdict != second.no_verdict:
        yield f"{both} treat rows without a verdict differently (--no-verdict {first.no_verdict}, {second.no_verdict})"
    for flag in ("turns", "repeats"):
        one, other = getattr(first.rule, flag), getattr(second.rule, flag)
        if one != other:
            yield f"{both} count verdicts differently (--count-{flag} {one}, {other})"
