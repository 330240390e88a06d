"""A sweep: which mixtures there are, how long each is tuned, and what its seeds come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hantei.errors import UsageError
from hantei.estimates import Estimate
from hantei.metrics.bootstrap import share_over_seeds
from hantei.training.mixtures.mixture import read_mixture
from hantei.training.mixtures.recipe import LoadedRecipe, load_recipe, parse_recipe
from hantei.training.sweep import MEASURES, PICTURES, Grid, Point, SweepArm, figures, mixed, sections, sweep


def test_every_number_of_copies_is_tuned_both_ways_and_no_mixture_twice() -> None:
    arms = Grid(copies=(0, 16), borderline=(0.0, 0.5), at=16).arms()
    assert arms == [
        SweepArm(0, 0.0, "as they come"),
        SweepArm(0, 0.0, "equal"),
        SweepArm(16, 0.0, "as they come"),
        SweepArm(16, 0.0, "equal"),
        SweepArm(16, 0.5, "equal"),
    ]


def test_an_arm_is_a_recipe_that_can_be_read_again(tmp_path: Path) -> None:
    loaded = load_recipe("tiny-cpu")
    made = mixed(loaded, "some/base", SweepArm(4, 0.25, "equal"), 64, seed=2)
    again = parse_recipe(made.text, "arm")
    assert again == made.recipe
    assert {one.name: (one.copies, one.max_rows) for one in again.sources} == {
        "general": (1, 96),
        "safety": (4, 9),  # three quarters of 12 rows
        "borderline": (4, 3),
    }
    assert again.sft.steps == 6 * (96 + 12 * 64) // 16
    assert again.seed == 2
    rows = read_mixture(made)
    assert sum(rows.copies) == 96 + 4 * 12


def test_no_copies_is_general_data_alone() -> None:
    made = mixed(load_recipe("tiny-cpu"), "some/base", SweepArm(0, 0.0, "as they come"), 64, seed=0)
    assert [one.name for one in made.recipe.sources] == ["general"]
    assert made.recipe.sft.steps is None


def test_a_recipe_without_such_sources_is_refused(tmp_path: Path) -> None:
    text = 'title = "T"\n[model]\nbase = "x"\n[[sources]]\nname = "s"\nfile = "s.jsonl"\n'
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match='needs a source of kind = "borderline"'):
        sweep(str(tmp_path / "r.toml"), tmp_path / "out", Grid(), lambda _: None)
    assert LoadedRecipe(name="r", recipe=parse_recipe(text, "r"), folder=tmp_path, text=text).sha256


def test_the_share_of_several_seeds_is_of_what_is_known() -> None:
    hits = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    known = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    found = share_over_seeds(hits, known)
    assert found.value == 3 / 5
    assert found.n == 5
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.6 < found.high
    assert share_over_seeds(hits * 0, known * 0).value is None


def test_a_sweep_is_shown_as_a_table_and_its_curves() -> None:
    same = {name: Estimate(value=0.5, low=0.25, high=0.75, n=8, method="m") for name in MEASURES}
    points = [
        Point(copies=arm.copies, borderline=arm.borderline, steps=arm.steps, measures=same) for arm in Grid().arms()
    ]
    (section,) = sections(points, "Sweep")
    assert len(section.tables[0].rows) == 5 * 2 + 3
    drawn = figures(points)
    assert [len(figure.series[0].points) for figure in drawn] == [5, 5, 4, 5]
    assert [len(one.points) for one in drawn[-1].series] == [5, 4]
    assert drawn[-1].marks == [(0.5, 0.5, "x0"), (0.5, 0.5, "x64"), (0.5, 0.5, "75%")]


_BASE = """title = "Base"
[model.new]
layers = 1
hidden = 16
heads = 2
vocabulary = 300
context = 128
[[sources]]
name = "general"
file = "rows.jsonl"
[sft]
steps = 1
batch_size = 4
device_batch_size = 4
max_length = 128
"""
_SWEPT = """title = "Swept"
[model]
base = "recipe/base"
[[sources]]
name = "general"
file = "rows.jsonl"
[[sources]]
name = "safety"
kind = "safety"
file = "safety.jsonl"
max_rows = 2
[[sources]]
name = "borderline"
kind = "borderline"
file = "borderline.jsonl"
max_rows = 2
[sft]
epochs = 1
batch_size = 4
device_batch_size = 4
max_length = 128
[evaluation]
safety = ["asked.jsonl"]
borderline = ["asked.jsonl"]
judge = "builtin?encoder=none"
max_tokens = 4
"""


def test_a_sweep_tunes_measures_draws_and_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="TRL is not installed")
    for name, text in (("base.toml", _BASE), ("swept.toml", _SWEPT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("rows", "safety", "borderline"):
        rows = (f'{{"id": "{name}-{n}", "prompt": "Say {name} {n}", "response": "It is {n}."}}\n' for n in range(4))
        (tmp_path / f"{name}.jsonl").write_text("".join(rows), encoding="utf-8")
    (tmp_path / "asked.jsonl").write_text('{"id": "a", "prompt": "How do I swim?"}\n', encoding="utf-8")
    grid, out = Grid(copies=(0, 2), borderline=(0.5,), at=2, seeds=(0, 1)), tmp_path / "out"
    points = sweep(str(tmp_path / "swept.toml"), out, grid, lambda _: None)
    assert [(one.copies, one.borderline) for one in points] == [(0, 0.0), (0, 0.0), (2, 0.0), (2, 0.0), (2, 0.5)]
    assert {one.measures["no verdict"].n for one in points} == {4}  # two seeds, a prompt of each kind
    assert {file.name for file in out.glob("*.svg")} == {f"{name}.svg" for name in PICTURES}
    assert (out / "index.html").is_file()
    written = (out / "sweep.json").read_bytes()
    mixed_rows = (out / "copies-2-borderline-50-steps-equal-seed-1" / "manifest.json").read_text(encoding="utf-8")
    assert '"borderline"' in mixed_rows
    assert sweep(str(tmp_path / "swept.toml"), out, grid, lambda _: None) == points
    assert (out / "sweep.json").read_bytes() == written
