"""Recipes are read strictly: what is missing, unknown or not known by that name is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from hantei.errors import CardError, UsageError
from hantei.training.mixtures.recipe import RECIPES, load_recipe, parse_recipe, recipe_names

GOOD = 'title = "T"\n[model]\nbase = "x/y"\n[[sources]]\nname = "s"\nfile = "s.jsonl"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("file", "fil"), "sources[1].fil: no such field; did you mean 'file'?"),
        (GOOD + "copies = -1\n", "sources[1].copies: expected a whole number >= 0"),
        (
            GOOD + 'benchmark = "b"\n',
            "sources[1]: expected one of file, benchmark and dataset, got ['file', 'benchmark']",
        ),
        (GOOD + '[[sources]]\nname = "s"\nfile = "t"\n', "sources[1].name: 's' stands there twice"),
        (GOOD.replace('base = "x/y"', ""), "model: expected either a base or a table [model.new]"),
        (GOOD + "[sft]\nlearning_rat = 1\n", "sft.learning_rat: no such field; did you mean 'learning_rate'?"),
        (GOOD + '[sft]\nschedule = "cosin"\n', "sft.schedule: expected one of cosine, linear, constant, got 'cosin'"),
        (GOOD.replace('title = "T"', ""), "title: missing"),
        ("nothing", "not TOML"),
        (
            GOOD.replace('base = "x/y"', "[model.new]\nlayers = 1\nhidden = 32\nheads = 3\nvocabulary = 300"),
            "model.new.hidden: expected a multiple of 6 (2 x heads), got 32",
        ),
    ],
)
def test_a_slip_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(CardError) as caught:
        parse_recipe(text, "r.toml")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'tiny-cpu'"):
        load_recipe("tiny_cpu")


@pytest.mark.parametrize("name", recipe_names())
def test_what_ships_is_read_and_short(name: str) -> None:
    loaded = load_recipe(name)
    assert loaded.name == name
    assert len(loaded.text.splitlines()) < 60


def test_a_benchmark_beside_the_recipe_is_meant_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "own.jsonl").touch()
    loaded = load_recipe(str(tmp_path / "r.toml"))
    assert loaded.benchmark("own.jsonl") == str(tmp_path / "own.jsonl")
    assert loaded.benchmark("starter") == "starter"
    assert loaded.folder != RECIPES
