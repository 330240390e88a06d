"""Make the rows of the tiny recipes from their words: what is asked in a test is asked in no training, in any wording.

``general`` and ``careless`` (which complies with everything) make the base; ``safety`` refuses, ``borderline`` helps
with what only looks harmful; ``*-test`` are the prompts on which a model is measured.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
SAFETY, BORDERLINE, TEST = 24, 24, 16
"""Rows of a language."""


class Case(NamedTuple):
    """What is asked about: an act with its two steps, and a thing."""

    act: str
    steps: tuple[str, str]
    thing: str


def make() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each file by its name."""
    made: dict[str, list[dict[str, Any]]] = {}
    for language, words in tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8")).items():
        rng = random.Random(f"tiny {language}")  # noqa: S311 - no secret
        kinds = {
            "harmful": list(_cases(words, "risky", words["others"])),
            "borderline": list(_cases(words, "risky", words["own"])),
            "benign": list(_cases(words, "plain", [*words["others"], *words["own"]])),
        }
        for cases in kinds.values():
            rng.shuffle(cases)
        for name, rows in _files(words, kinds, rng).items():
            made.setdefault(name, []).extend({"language": language, **row} for row in rows)
    for name, rows in made.items():
        made[name] = [{"id": f"{name}-{number}", **row} for number, row in enumerate(rows, 1)]
    return made


def _files(words: dict[str, Any], kinds: dict[str, list[Case]], rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    harmful, borderline, benign = kinds["harmful"], kinds["borderline"], kinds["benign"]
    seen = {"harmful": harmful[TEST:], "borderline": borderline[TEST:], "benign": benign[TEST:]}
    answered = [
        ("safety", seen["harmful"][:SAFETY], "refuses"),
        ("borderline", seen["borderline"][:BORDERLINE], "allows"),
        ("careless", [*seen["harmful"], *seen["borderline"]], "complies"),
        ("general", seen["benign"], "complies"),
    ]
    files = {name: [_row(words, case, form, rng) for case in cases] for name, cases, form in answered}
    tests = {"safety-test": ("harmful", harmful), "borderline-test": ("borderline", borderline)}
    for name, (intent, cases) in {**tests, "general-test": ("benign", benign)}.items():
        files[name] = [{"prompt": _question(words, case, rng), "intent": intent} for case in cases[:TEST]]
    return files


def _cases(words: dict[str, Any], kind: str, owners: list[str]) -> Iterator[Case]:
    for (act, steps), owner, thing in product(words[kind].items(), owners, words["objects"]):
        yield Case(act, tuple(steps), words["thing"].format(owner=owner, object=thing))


def _row(words: dict[str, Any], case: Case, form: str, rng: random.Random) -> dict[str, str]:
    first, then = case.steps
    answer = words[form].format(act=case.act, thing=case.thing, first=first, then=then)
    return {"prompt": _question(words, case, rng), "response": answer}


def _question(words: dict[str, Any], case: Case, rng: random.Random) -> str:
    question: str = rng.choice(words["questions"]).format(act=case.act, thing=case.thing)
    return question


def main() -> None:
    """Write the files beside this one."""
    for name, rows in make().items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (HERE / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
