"""The plan of a run that asks a model: what decides its answers, the folder that it goes to, and its prompts in it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hantei.engine.asking import Asked
from hantei.errors import InputError, RunError, UsageError
from hantei.language import detect
from hantei.records import Prompt, to_line
from hantei.runs.folder import Run
from hantei.runs.index import Index
from hantei.runs.journal import Journal
from hantei.version import __version__

_GROUP = 512
_NAMES = {
    "model": "--model",
    "benchmark": "--benchmark",
    "sampling": "the sampling settings",
    "system_prompt": "--system-prompt",
    "samples": "--samples",
    "limit": "--limit",
    "judge_reasoning": "--judge-reasoning",
}


def make_plan(asked: Asked, benchmark: Mapping[str, Any], samples: int, limit: int | None) -> dict[str, Any]:
    """Return what decides a run's prompts, answers and what judges see of them."""
    return {
        "model": asked.model.name,
        "benchmark": dict(benchmark),
        "sampling": json.loads(json.dumps(asdict(asked.sampling))),
        "system_prompt": asked.system_prompt,
        "samples": samples,
        "limit": limit,
        "judge_reasoning": asked.judge_reasoning,
    }


def plan_hash(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a plan."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def differences(there: Mapping[str, Any], plan: Mapping[str, Any]) -> list[str]:
    """Return what differs between the plan of a folder and another, each as ``--samples was 1, now 3``."""
    return [
        f"{_NAMES[key]} was {_shown(there.get(key))}, now {_shown(value)}"
        for key, value in plan.items()
        if there.get(key) != value
    ]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and "files" in value:  # a benchmark may keep its name while its files change
        return f"{value.get('name')} (files {plan_hash(value)[:8]})"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def place(out: str | Path | None, plan: Mapping[str, Any]) -> Run:
    """Return the folder of a run: ``out``, else the newest under ``runs`` with this very plan, else a new one there.

    Raises:
        RunError: ``out`` holds something else, or a run of another plan; the message says what differs.
    """
    if out is not None:
        run = Run(Path(out))
        _check(run, plan)
        return run
    stem = re.sub(r"[^\w-]+", "-", f"{plan['model'].partition('?')[0]}-{plan['benchmark']['name']}").strip("-")[:80]
    for path in sorted(Path("runs").glob(f"????-??-??-{stem}*"), reverse=True):
        if (path / "run.json").exists() and not differences(Run(path).info().get("plan", {}), plan):
            return Run(path)
    base = Path("runs") / f"{datetime.now(UTC).date().isoformat()}-{stem}"
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return Run(path)


def _check(run: Run, plan: Mapping[str, Any]) -> None:
    if not run.path.exists():
        return
    if not (run.path / "run.json").exists():
        if any(run.path.iterdir()):
            raise RunError(f"{run.path} holds files but is no run folder: name another --out")
        run.path.rmdir()
        return
    info = run.info()
    if info.get("kind") != "run":
        raise RunError(f"{run.path} holds judged answers of files, not of a model that was asked: name another --out")
    changed = differences(info.get("plan", {}), plan)
    if changed:
        raise RunError(f"{run.path} was made by another plan: {'; '.join(changed)}. Name another --out to run this one")


def plant(run: Run, plan: Mapping[str, Any], prompts: Iterable[Prompt]) -> None:
    """Write ``prompts.jsonl`` and ``run.json`` of a new run; the folder appears by one rename when both are whole.

    Raises:
        InputError: the benchmark holds no prompt, or two of one id.
    """
    part = run.path.with_name(f".{run.path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        count = _write_prompts(Run(part), islice(prompts, plan["limit"]), plan["benchmark"]["name"])
        if not count:
            raise UsageError(f"--benchmark {plan['benchmark']['name']}: expected prompts, found none")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        info = {"hantei": __version__, "kind": "run", "created": created, "plan": plan, "plan_hash": plan_hash(plan)}
        Run(part).write_info({**info, "judges": {}})
        part.replace(run.path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_prompts(run: Run, prompts: Iterable[Prompt], name: str) -> int:
    count = offset = 0
    with Index(run.path / "ids.sqlite") as index, Journal(run.prompts_path) as journal:
        group: list[bytes] = []
        for count, prompt in enumerate(prompts, 1):
            if not index.add_prompt(prompt, offset):
                raise InputError(f"--benchmark {name}: prompt {count}: id '{prompt.id[:80]}' was there before")
            group.append(to_line(prompt if prompt.language else replace(prompt, language=detect(prompt.text))))
            offset += len(group[-1])
            if len(group) >= _GROUP:
                journal.append(group)
                group = []
        journal.append(group)
    return count
