"""Preference rounds on the world in several arms, all from the same first judges and with the same number of steps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hantei.progress import Say
from hantei.training.preferences import RoundOptions, Setting
from hantei.training.preferences.rounds import run_rounds
from hantei.training.world.checker import WorldChecker
from hantei.training.world.dialogues import dialogues
from hantei.training.world.form import WorldForm
from hantei.training.world.scale import ExperimentScale
from hantei.training.world.tested import Tested, tested

ARMS: Mapping[str, Mapping[str, Any]] = {
    "per model": {},
    "per dialogue": {"decide": "dialogue"},
    "random": {"decide": "random"},
    "best of 4": {"method": "best-of-n", "samples": 4},
}
"""What each arm chooses otherwise than the published one."""


def run_arm(
    arm: str, judges: tuple[Path, Path], out: Path, scale: ExperimentScale, seed: int, say: Say = lambda _line: None
) -> dict[str, Tested]:
    """Run an arm's rounds, and measure every judge of it on the test dialogues; what is there is not done again.

    Args:
        arm: one of ``ARMS``.
        judges: M1 and M2.
        out: what the arm's folder lies in.
        scale: how many dialogues, pairs and rounds.
        seed: decides dialogues, order and sampling.
        say: takes lines for people.

    Returns:
        What each judge is worth, by its name.
    """
    folder = folder_of(out, arm)
    options = replace(scale.options(seed), **ARMS[arm])
    _take_over(out, folder)
    rounds = run_rounds(setting(judges, scale, seed, options), folder, options, say)
    made = [folder / "judges" / one.judge for one in rounds.state.rounds]
    known = zip((*judges, *made), (out.parent,) * len(judges) + (folder,) * len(made), strict=True)
    test = [one.labelled for one in dialogues(scale.test, "test", 0)]
    return {
        judge.name: tested(judge, test, options, place / "tested" / f"{judge.name}.jsonl") for judge, place in known
    }


def folder_of(out: Path, arm: str) -> Path:
    """Return the folder of an arm's rounds."""
    return out / arm.replace(" ", "-")


def setting(judges: tuple[Path, Path], scale: ExperimentScale, seed: int, options: RoundOptions) -> Setting:
    """Return what an arm's rounds are run on.

    A method that needs no pairs takes as many dialogues as others take pairs, so that all arms have the same steps.

    Args:
        judges: M1 and M2.
        scale: how many dialogues.
        seed: decides which.
        options: the arm's choices.
    """
    count = scale.pairs if options.method in ("best-of-n", "rloo") else scale.train
    return Setting(
        judges=judges,
        train=tuple(one.labelled for one in dialogues(count, "train", 10 * seed + 5)),
        validation=tuple(one.labelled for one in dialogues(scale.validation, "validation", seed)),
        form=WorldForm(),
        checker=WorldChecker(),
    )


def _take_over(out: Path, folder: Path) -> None:
    """Take what the first judges wrote from another arm of the same seed, where each draws the same replies."""
    for file in out.glob("*/written/M[12].*.jsonl"):
        own = folder / "written" / file.name
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, own)
