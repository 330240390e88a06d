"""The experiments of docs/world.md: each runs what is not there yet, and returns its numbers as a section."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hantei.progress import Say
from hantei.reports.section import Section
from hantei.training.preferences.pairs import PreferencePair
from hantei.training.world.arms import ARMS, folder_of, run_arm
from hantei.training.world.copies import answering_base, copies_curve
from hantei.training.world.correcting import corrections, untuned
from hantei.training.world.editing import editor
from hantei.training.world.judges import first_judges
from hantei.training.world.report import copies_section, correction_section, rounds_section
from hantei.training.world.scale import ExperimentScale


def rounds(out: Path, scale: ExperimentScale, seeds: Sequence[int], say: Say) -> Section:
    """Run the preference rounds of all arms.

    Args:
        out: where models and replies are kept.
        scale: how large all is.
        seeds: for each of which all is done.
        say: takes lines for people.
    """
    found = {}
    for seed in seeds:
        folder = out / f"seed-{seed}"
        judges = first_judges(folder, scale, seed)
        for arm in ARMS:
            found[arm, seed] = run_arm(arm, judges, folder / "arms", scale, seed, say)
    pairs = {arm: [_pairs(out, arm, seeds, number) for number in range(1, scale.rounds + 1)] for arm in ARMS}
    return rounds_section({arm: [found[arm, seed] for seed in seeds] for arm in ARMS}, pairs)


def _pairs(out: Path, arm: str, seeds: Sequence[int], number: int) -> list[PreferencePair]:
    """Return the pairs of one round of an arm, of all seeds together."""
    files = (folder_of(out / f"seed-{seed}" / "arms", arm) / "rounds" / str(number) / "pairs.jsonl" for seed in seeds)
    lines = (line for file in files if file.is_file() for line in file.read_bytes().splitlines())
    return [msgspec.json.decode(line, type=PreferencePair) for line in lines]


def copies(out: Path, scale: ExperimentScale, seeds: Sequence[int], say: Say) -> Section:
    """Tune the answering model with more and more copies of safety data.

    Args:
        out: where models and replies are kept.
        scale: how large all is.
        seeds: for each of which all is done.
        say: takes lines for people.
    """
    found = []
    for seed in seeds:
        folder = out / f"seed-{seed}"
        found.append(copies_curve(answering_base(folder, scale, seed), folder / "copies", scale, seed, say))
    return copies_section(found)


def correction(out: Path, scale: ExperimentScale, seeds: Sequence[int], say: Say) -> Section:
    """Correct the answering model's unsafe answers by several kinds of critiques, and tune it on what comes of it.

    The judges whose critiques are fed in are M1 and the last one of the arm that decides per dialogue.

    Args:
        out: where models and replies are kept.
        scale: how large all is.
        seeds: for each of which all is done.
        say: takes lines for people.
    """
    found, before = [], []
    for seed in seeds:
        folder = out / f"seed-{seed}"
        judges = first_judges(folder, scale, seed)
        run_arm("per dialogue", judges, folder / "arms", scale, seed, say)
        last = folder_of(folder / "arms", "per dialogue") / "judges" / f"M{len(judges) + scale.rounds}"
        base = answering_base(folder, scale, seed)
        models = {"answers": base, "edits": editor(base, folder, scale, seed)}
        found.append(corrections(models, {"M1": judges[0], last.name: last}, folder / "correction", scale, seed, say))
        before.append(untuned(base, folder / "correction", scale, seed))
    return correction_section(found, before)
