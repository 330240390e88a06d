"""``hantei train safety-sft``: an answering model tuned by a recipe, from its data to a folder with a card.

The same call again goes on where it was cut off; a finished folder is left as it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hantei.errors import RunError, UsageError
from hantei.files import check_place, write_atomic
from hantei.models.extras import needed
from hantei.progress import Say
from hantei.reports.section import Section
from hantei.runs.lock import locked
from hantei.training.mixtures.example import Example
from hantei.training.mixtures.manifest import Manifest, SourceCount, as_json, make_manifest
from hantei.training.mixtures.mixture import Mixture, read_mixture
from hantei.training.mixtures.recipe import LoadedRecipe, load_recipe
from hantei.training.tuning.card import StageCard, card

DONE = "tuning.json"
"""The file that a finished folder has, written last."""
_OF_RECIPE = "recipe/"
_SHOWN = 3
Kept = TypeVar("Kept")


class TunedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished folder says of itself: recipe, base, stages with their figures, sources whose terms bind it."""

    recipe: str
    recipe_sha256: str
    base: str
    stages: tuple[StageCard, ...]
    sources: tuple[SourceCount, ...]


@dataclass(frozen=True, slots=True)
class Tuning:
    """A finished tuning: its folder, the folder or name of what it was tuned from, and what it says of itself.

    ``base`` is None where the model was made from nothing.
    """

    path: Path
    base: str | None
    model: TunedModel


def train(recipe: str | LoadedRecipe, out: Path, say: Say) -> Tuning:
    """Tune a model by a recipe.

    Args:
        recipe: the name of a recipe of hantei's, or a file.
        out: the model's folder; ``hf/OUT`` then names it.
        say: takes a line for people.

    Raises:
        UsageError: the recipe does not fit together, a benchmark has a training prompt, ``out`` is another one's, or
            a library is not installed.
        CardError: the recipe lacks a field or has one that does not fit.
        RunError: another training is at work in ``out``, or a file there is damaged.
    """
    loaded = load_recipe(recipe) if isinstance(recipe, str) else recipe
    if done := _done(out, loaded):
        return done
    needed("trl", "tune")
    first = os.environ.get("RANK", "0") == "0"  # of several processes one speaks, and holds the folder for all
    say = say if first else _silent
    check_place(out, folder=True, pipes=False)
    with locked(out) if first else nullcontext():
        start = made_base(loaded, out, say)
        return _tune(loaded, read_mixture(loaded), start, out, say)


def evaluate(recipe: str | LoadedRecipe, tuning: Tuning, say: Say) -> list[Section]:
    """Measure base and tuned model on the recipe's benchmarks, write it into the card, and return it as sections.

    Raises:
        UsageError: the recipe names no benchmark, the model has no base, or there are several processes.
        RunError: no call to a model works.
    """
    from hantei.training.before_after import evaluate as measure

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("--evaluate is for one process: train first, then the same command without accelerate launch")
    loaded = load_recipe(recipe) if isinstance(recipe, str) else recipe
    result, shown = measure(loaded, tuning.base, tuning.path, say)
    _write_card(loaded, tuning, result.table())
    return shown


def read_tuned(out: Path) -> TunedModel | None:
    """Return what a finished folder says of itself, None where none is.

    Raises:
        RunError: the file is damaged.
    """
    path = out / DONE
    return _kept(path, TunedModel) if path.is_file() else None


def _kept(path: Path, kind: type[Kept]) -> Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: is damaged ({error}): name another --out, or remove the folder") from None


def _tune(loaded: LoadedRecipe, mixture: Mixture[Example], start: Tuning | None, out: Path, say: Say) -> Tuning:
    from hantei.training.tuning.chat import ChatEncoder, shown
    from hantei.training.tuning.encoding import encode

    settings = loaded.recipe.sft
    base = _base(loaded, mixture, start)
    longest = base.longest(settings.max_length)
    encoded = encode(mixture.rows, ChatEncoder(base.tokenizer, base.ends), longest)
    for line in filter(None, [_told_dropped(mixture), encoded.told(longest)]):
        say(line)
    for index in _to_show([mixture.rows[index].source for index in encoded.kept]):
        say(f"Trained is what stands in [[ ]]:\n{shown(base.tokenizer, encoded.rows[index])}")
    copies = [mixture.copies[index] for index in encoded.kept]
    manifest = _manifest(loaded, mixture, encoded, copies)
    _keep_recipe(out, loaded)  # only now, so that a recipe that was refused can be mended
    write_atomic(out / "manifest.json", [as_json(manifest)])
    say(_summary(manifest))
    return _finish(loaded, manifest, start, base.name, _stages(loaded, base, encoded, copies, out, say), out)


def _stages(
    loaded: LoadedRecipe, base: Any, encoded: Any, copies: Sequence[int], out: Path, say: Say
) -> list[StageCard]:
    """Carry out the recipe's stages; where there are preferences, what they begin with is kept in ``out/sft``."""
    from hantei.training.tuning.dpo import prefer
    from hantei.training.tuning.sft import tune

    settings, seed = loaded.recipe.sft, loaded.recipe.seed
    first = out / "sft" if loaded.recipe.dpo else out
    kept = first / "stage.json"
    if kept.is_file():
        stage = _kept(kept, StageCard)
    else:
        tuned = tune(base, encoded.rows, copies, settings, seed=seed, out=first, say=say)
        stage = StageCard(name="Supervised fine-tuning", figures=tuned.figures())
        write_atomic(kept, [msgspec.json.encode(stage)])
    if not loaded.recipe.dpo:
        return [stage]
    shutil.rmtree(first / "work", ignore_errors=True)
    return [stage, StageCard(name="Preferences (DPO)", figures=prefer(loaded, first, out, say).figures())]


def _to_show(sources: Sequence[str]) -> list[int]:
    """Return which rows are shown: the first of each source in turn, as long as there are."""
    firsts = list({source: index for index, source in reversed(list(enumerate(sources)))}.values())
    others = [index for index in range(len(sources)) if index not in firsts][:_SHOWN]
    return sorted([*sorted(firsts), *others][:_SHOWN])


def made_base(loaded: LoadedRecipe, out: Path, say: Say) -> Tuning | None:
    """Return the base where it is what a recipe makes, and make it where it is named as that; else None.

    Raises:
        UsageError: the recipe says of such a base what belongs to its own.
    """
    name = loaded.recipe.model.base or ""
    if not name.startswith(_OF_RECIPE):
        own = read_tuned(Path(name)) if name else None
        return Tuning(Path(name), None, own) if own else None
    if loaded.recipe.model.revision or loaded.recipe.model.template:
        raise UsageError(f"recipe {loaded.name}, model: a base of another recipe has no revision and no template")
    say(f"First the base: {name}")
    beside = loaded.folder / f"{name.removeprefix(_OF_RECIPE)}.toml"
    found = load_recipe(str(beside) if beside.is_file() else name.removeprefix(_OF_RECIPE))
    return train(found, out / "base", say)


def _base(loaded: LoadedRecipe, mixture: Mixture[Example], start: Tuning | None) -> Any:
    from hantei.training.tuning.model import load_base, make_base, uses_bf16

    table, sft = loaded.recipe.model, loaded.recipe.sft
    if table.new:
        if sft.lora:
            raise UsageError(f"recipe {loaded.name}: adapters need a base; leave out [sft.lora] with [model.new]")
        texts = (turn.content for row in mixture.rows for turn in row.messages)
        return make_base(table.new, texts, table.template, loaded.recipe.seed)
    base = str(start.path) if start else str(table.base)
    return load_base(table, base, sft.lora, uses_bf16(sft.precision))


def _manifest(loaded: LoadedRecipe, mixture: Mixture[Example], encoded: Any, copies: Sequence[int]) -> Manifest:
    from hantei.training.tuning.sft import order_of

    tokens = [(0, 0)] * len(mixture.rows)
    for index, row in zip(encoded.kept, encoded.rows, strict=True):
        tokens[index] = (len(row.input_ids), row.trained)
    order = order_of(encoded.rows, copies, loaded.recipe.sft, loaded.recipe.seed)
    ids = [mixture.rows[encoded.kept[index]].id for index in order]
    return make_manifest(loaded, mixture, tokens, encoded.over_long, ids)


def _finish(
    loaded: LoadedRecipe, manifest: Manifest, start: Tuning | None, base: str, stages: list[StageCard], out: Path
) -> Tuning:
    inherited = [one for one in start.model.sources if one.inherit] if start else []
    told = f"{_OF_RECIPE}{start.model.recipe}" if start and base == str(out / "base") else base
    model = TunedModel(
        recipe=loaded.name,
        recipe_sha256=loaded.sha256,
        base=told,
        stages=tuple(stages),
        sources=(*manifest.sources, *inherited),
    )
    _write_card(loaded, Tuning(out, _base_of(loaded, out), model))
    shutil.rmtree(out / "work", ignore_errors=True)
    write_atomic(out / DONE, [msgspec.json.format(msgspec.json.encode(model))])
    return Tuning(out, _base_of(loaded, out), model)


def _write_card(loaded: LoadedRecipe, tuning: Tuning, measured: Sequence[Sequence[str]] = ()) -> None:
    text = card(loaded, tuning.model.sources, tuning.model.base, tuning.model.stages, measured)
    write_atomic(tuning.path / "README.md", [text.encode()])


def _done(out: Path, loaded: LoadedRecipe) -> Tuning | None:
    """Return a finished tuning by this very recipe.

    Raises:
        UsageError: the folder is another recipe's.
    """
    kept = out / "recipe.toml"
    if kept.is_file() and kept.read_text(encoding="utf-8") != loaded.text:
        raise UsageError(f"{out}: was begun with another recipe, which it holds as recipe.toml: name another --out")
    model = read_tuned(out)
    return Tuning(out, _base_of(loaded, out), model) if model else None


def _base_of(loaded: LoadedRecipe, out: Path) -> str | None:
    base = loaded.recipe.model.base
    return str(out / "base") if base and base.startswith(_OF_RECIPE) else base


def _keep_recipe(out: Path, loaded: LoadedRecipe) -> None:
    write_atomic(out / "recipe.toml", [loaded.text.encode()])


def _told_dropped(mixture: Mixture[Example]) -> str:
    if not mixture.dropped:
        return ""
    return f"{len(mixture.dropped)} rows are left out, as a benchmark of the recipe has their prompt; see manifest.json"


def _summary(manifest: Manifest) -> str:
    _, rows = manifest.table()
    lines = [
        f"  {row[0]}: {row[2]} rows x {row[3]} = {row[4]}, {row[5]} tokens ({row[6]} trained)" for row in rows[:-1]
    ]
    return "\n".join(["An epoch of the mixture:", *lines, f"  together {rows[-1][4]} rows, {rows[-1][5]} tokens"])


def _silent(_line: str) -> None:
    """Say nothing."""
