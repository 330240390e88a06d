"""The experiments on the world: at the smallest size they prove the plumbing, at a larger one what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from hantei.training.world import experiments
from hantei.training.world.__main__ import Experiment, write_docs
from hantei.training.world.arms import ARMS, run_arm
from hantei.training.world.judges import first_judges
from hantei.training.world.scale import DOCS, PLUMBING
from hantei.training.world.tested import over_seeds

pytestmark = pytest.mark.filterwarnings("default")  # those of torch and TRL are theirs


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


def test_one_tiny_round(out: Path) -> None:
    judges = first_judges(out / "seed-0", PLUMBING, 0)
    found = run_arm("per dialogue", judges, out / "seed-0" / "arms", PLUMBING, 0)
    assert list(found) == ["M1", "M2", "M3"]
    assert all(len(one["f1"]) == PLUMBING.test for one in found.values())
    weights = [folder / "model.safetensors" for folder in judges]
    before = [file.stat().st_mtime_ns for file in weights]
    again = run_arm("per dialogue", first_judges(out / "seed-0", PLUMBING, 0), out / "seed-0" / "arms", PLUMBING, 0)
    assert [file.stat().st_mtime_ns for file in weights] == before  # nothing is done twice
    assert all(np.array_equal(again[name]["f1"], one["f1"]) for name, one in found.items())


@pytest.mark.parametrize("experiment", [experiments.copies, experiments.correction], ids=["copies", "correction"])
def test_tiny_experiments_fill_their_place_in_the_docs(experiment: Experiment, out: Path, tmp_path: Path) -> None:
    section = experiment(out, PLUMBING, range(1), lambda _line: None)
    page = tmp_path / "world.md"
    page.write_text(f"before\n<!-- {section.key} -->\nold\n<!-- end of {section.key} -->\nafter\n", encoding="utf-8")
    write_docs(section, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert all(
        (tmp_path / f"world-{section.key}-{place}.svg").is_file() for place in range(1, len(section.figures) + 1)
    )


@pytest.mark.long
def test_deciding_per_dialogue_gains_and_by_lot_does_not(out: Path, measured: Callable[[str, str], None]) -> None:
    scale = replace(DOCS, rounds=2)
    judges = first_judges(out / "long" / "seed-0", scale, 0)
    found = {arm: run_arm(arm, judges, out / "long" / "arms", scale, 0) for arm in ARMS if arm != "best of 4"}
    over = over_seeds([found["per dialogue"]["M4"]["f1"] - found["random"]["M4"]["f1"]])
    assert over.low is not None
    assert over.low > 0
    told = (f"{arm} {100 * float(one['M4']['f1'].mean()):.1f}" for arm, one in found.items())
    measured("F1 of M4's critiques on the small world, one seed", ", ".join(told))
