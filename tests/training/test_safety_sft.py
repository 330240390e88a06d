"""A recipe from its data to a model with a card, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra tune")

from hantei.errors import RunError, UsageError
from hantei.runs.lock import locked
from hantei.training.mixtures.recipe import load_recipe
from hantei.training.recipes.tiny.make import HERE, make
from hantei.training.safety_sft import read_tuned, train

BASE = """title = "Base"
[model.new]
layers = 1
hidden = 32
heads = 2
vocabulary = 320
context = 128
[[sources]]
name = "general"
file = "general.jsonl"
licence = "MIT"
[sft]
batch_size = 4
device_batch_size = 4
max_length = 128
"""
SAFE = """title = "Safe | sound"
[model]
base = "recipe/base"
[[sources]]
name = "careful"
kind = "safety"
file = "safety.jsonl"
copies = 2
licence = "own terms"
terms = "For safety only; what is derived from it carries these terms."
inherit = true
[sft]
batch_size = 4
device_batch_size = 4
max_length = 128
"""


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    for name, texts in (("base", BASE), ("safe", SAFE)):
        (tmp_path / f"{name}.toml").write_text(texts, encoding="utf-8")
    for name, answer in (("general", "It is {n}."), ("safety", "I will not help with {n}.")):
        rows = [{"id": n, "prompt": f"What is {name} {n}?", "response": answer.format(n=n)} for n in range(8)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_from_a_recipe_to_a_model_with_a_card(recipes: Path) -> None:
    lines: list[str] = []
    out = recipes / "out"
    tuning = train(str(recipes / "safe.toml"), out, lines.append)
    text = "\n".join(lines)
    assert text.count("Trained is what stands in [[ ]]:") == 6
    assert "[[I will not help with 0.<|im_end|>]]" in text
    assert "careful: 8 rows x 2 = 16" in text
    assert tuning.base == str(out / "base")

    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.startswith('---\nlibrary_name: "transformers"\n')
    assert "# Safe \\| sound" in card
    assert "**careful** (own terms): For safety only" in card
    assert SAFE.strip() in card

    manifest = json.loads((out / "manifest.json").read_bytes())
    assert manifest["sources"][0]["copies"] == 2
    assert (out / "model.safetensors").is_file()
    assert not (out / "work").exists()
    tuned = read_tuned(out)
    assert tuned is not None
    assert tuned.stages[0].figures["steps"] == "4"

    again: list[str] = []
    assert train(str(recipes / "safe.toml"), out, again.append) == tuning
    assert not again

    derived = SAFE.replace("recipe/base", str(out)).replace("inherit = true\n", "")
    (recipes / "later.toml").write_text(derived, encoding="utf-8")
    with pytest.raises(UsageError, match="was begun with another recipe"):
        train(str(recipes / "later.toml"), out, again.append)


def test_a_recipe_that_was_refused_can_be_mended_in_the_same_folder(recipes: Path) -> None:
    recipe = recipes / "base.toml"
    recipe.write_text(BASE.replace("max_length = 128", "max_length = 5"), encoding="utf-8")
    with pytest.raises(UsageError, match="every row is longer than 5 tokens"):
        train(str(recipe), recipes / "out", lambda _: None)
    recipe.write_text(BASE, encoding="utf-8")
    assert train(str(recipe), recipes / "out", lambda _: None).model.stages[0].figures["steps"] == "2"  # 8 rows, 4 each

    (recipes / "out" / "tuning.json").write_bytes(b'{"recipe": ')
    with pytest.raises(RunError, match=r"tuning\.json: is damaged"):
        train(str(recipe), recipes / "out", lambda _: None)


def test_one_training_at_a_time_is_in_a_folder(recipes: Path) -> None:
    with locked(recipes / "out"), pytest.raises(RunError, match="out"):
        train(str(recipes / "base.toml"), recipes / "out", lambda _: None)
    assert not (recipes / "out" / "recipe.toml").exists()


def test_terms_of_the_base_bind_what_is_tuned_from_it(recipes: Path) -> None:
    chained = SAFE.replace('"recipe/base"', '"recipe/safe"').replace("inherit = true\n", "").replace("careful", "more")
    (recipes / "chained.toml").write_text(chained, encoding="utf-8")
    train(str(recipes / "chained.toml"), recipes / "out", lambda _: None)
    card = (recipes / "out" / "README.md").read_text(encoding="utf-8")
    assert "**careful** (own terms): For safety only" in card


def test_preferences_follow_and_begin_where_the_tuning_ended(recipes: Path) -> None:
    stage = '[dpo]\nlearning_rate = 1e-2\nbatch_size = 4\n[[dpo.sources]]\nname = "p"\nfile = "pairs.jsonl"\n'
    (recipes / "dpo.toml").write_text(BASE + stage, encoding="utf-8")
    rows = [{"prompt": f"Who is {n}?", "chosen": "Nobody.", "rejected": f"Number {n}."} for n in range(8)]
    (recipes / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = recipes / "out"
    lines: list[str] = []
    tuning = train(str(recipes / "dpo.toml"), out, lines.append)
    assert "Preferences: 8 pairs, 0 longer than 128 tokens left out" in lines
    assert [stage.name for stage in tuning.model.stages] == ["Supervised fine-tuning", "Preferences (DPO)"]
    assert tuning.model.stages[1].figures["steps"] == "2"
    before, after = (folder / "model.safetensors" for folder in (out / "sft", out))
    assert before.read_bytes() != after.read_bytes()


def test_what_the_tiny_recipes_train_on_is_what_their_words_make() -> None:
    for name, rows in make().items():
        lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == rows
    trained = {row["prompt"] for name, rows in make().items() if not name.endswith("-test") for row in rows}
    tested = {row["prompt"] for name, rows in make().items() if name.endswith("-test") for row in rows}
    assert not trained & tested


def test_the_answer_carefully_recipe_inherits_its_terms() -> None:
    loaded = load_recipe("answer-carefully-13b").recipe
    (safety,) = [source for source in loaded.sources if source.kind == "safety"]
    assert (safety.benchmark, safety.copies, safety.inherit) == ("answer-carefully-v2:dev", 16, True)
    assert (loaded.sft.learning_rate, loaded.sft.min_learning_rate) == (2e-5, 2e-6)
    assert (loaded.sft.batch_size, loaded.sft.epochs) == (64, 2)
    assert loaded.dpo is not None
    assert all(source.inherit for source in loaded.dpo.sources if source.name.startswith("ac-"))
