"""A recipe: one TOML file that says which model is tuned on what, how, and on what it is measured.

Recipes that come with hantei are in ``training/recipes``; any other is a path. Paths in one are relative to its file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from hantei import cards
from hantei.cards import NonBlank
from hantei.errors import CardError, UsageError

RECIPES = Path(__file__).parents[1] / "recipes"
SourceKind = Literal["general", "safety", "borderline"]
WholeNumber = Annotated[int, Meta(ge=0)]
Size = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
Fraction = Annotated[float, Meta(ge=0, lt=1)]


class MixtureSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that are trained on.

    They come from one of ``file`` (any table or conversation file), ``benchmark`` (a card's split, whose references are
    the answers), and ``dataset`` (a Hugging Face data set, or a folder of one, with ``config``, ``split`` and
    ``revision``). ``copies`` is how often each row stands in one epoch: 16 is 16 copies of every row, and no ratio.
    ``columns`` names fields as ``--map`` does, ``filter`` keeps rows whose column has this value, or one of a list.
    ``max_rows`` keeps so many, drawn with the recipe's seed. ``form`` is ``oasst`` for OpenAssistant's trees of
    messages. ``inherit`` says that what is trained on these rows carries their terms.
    """

    name: Annotated[str, Meta(pattern=r"^[^/\s]+$")]
    kind: SourceKind = "general"
    file: NonBlank | None = None
    benchmark: NonBlank | None = None
    dataset: NonBlank | None = None
    config: str | None = None
    split: str = "train"
    revision: str | None = None
    copies: WholeNumber = 1
    columns: dict[str, str] = {}
    filter: dict[str, str | int | bool | list[str | int]] = {}
    language: str | None = None
    max_rows: Size | None = None
    form: Literal["rows", "oasst"] = "rows"
    licence: str | None = None
    terms: str | None = None
    inherit: bool = False


class NewModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A small Llama that is made from nothing, with a tokenizer of the mixture's own text."""

    layers: Size
    hidden: Size
    heads: Size
    vocabulary: Annotated[int, Meta(ge=300)]
    context: Size = 512


class ModelTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model to tune: ``base`` is a Hugging Face name or a folder, ``recipe/NAME`` what another recipe makes.

    ``template`` is one of hantei's chat templates, for a base whose tokenizer has none.
    """

    base: NonBlank | None = None
    revision: str | None = None
    new: NewModel | None = None
    template: str | None = None
    trust_remote_code: bool = False


class Lora(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low-rank adapters in the place of full tuning; ``four_bit`` is QLoRA, for which CUDA and an extra are needed."""

    rank: Size = 16
    alpha: Size = 32
    dropout: Fraction = 0.0
    modules: str | list[str] = "all-linear"
    four_bit: bool = False


class Sft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Supervised fine-tuning: the loss is on what the assistant says, and on the token that ends its turn.

    ``batch_size`` rows make one step of the optimizer, ``device_batch_size`` of them at a time on one device.
    ``steps`` replaces ``epochs``. ``save_every`` counts steps between checkpoints; a tenth of them by default.
    """

    learning_rate: Positive = 2e-5
    min_learning_rate: Annotated[float, Meta(ge=0)] = 0.0
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup_steps: WholeNumber = 0
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    max_grad_norm: Positive = 1.0
    epochs: Size = 1
    steps: Size | None = None
    batch_size: Size = 64
    device_batch_size: Size = 8
    max_length: Size = 2048
    group_by_length: bool = True
    gradient_checkpointing: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    save_every: Size | None = None
    lora: Lora | None = None


class Dpo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage of preferences after the fine-tuning: rows of a prompt, the chosen and the rejected answer.

    ``beta`` is how closely the model is held to where the stage began.
    """

    sources: Annotated[tuple[MixtureSource, ...], Meta(min_length=1)]
    learning_rate: Positive = 9e-7
    min_learning_rate: Annotated[float, Meta(ge=0)] = 0.0
    epochs: Size = 1
    batch_size: Size = 64
    device_batch_size: Size = 4
    max_length: Size = 2048
    beta: Positive = 0.1
    gradient_checkpointing: bool = False


class Contamination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done with a training prompt that is also, or nearly, one of a benchmark on which the model is measured.

    ``threshold`` is the least share of common character trigrams of a near-duplicate.
    """

    threshold: Annotated[float, Meta(gt=0, le=1)] = 0.7
    found: Literal["refuse", "drop"] = "refuse"


class EvaluationPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what base and tuned model are measured: benchmarks or files of prompts, the judge of each kind, how much."""

    safety: tuple[NonBlank, ...] = ()
    borderline: tuple[NonBlank, ...] = ()
    general: tuple[NonBlank, ...] = ()
    judge: NonBlank = "builtin"
    general_judge: NonBlank | None = None
    samples: Size = 1
    temperature: Annotated[float, Meta(ge=0)] = 0.0
    max_tokens: Size = 512

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(name for _, name in self.by_kind()))

    def by_kind(self) -> list[tuple[str, str]]:
        """Return each kind with each of its benchmarks."""
        return [(kind, name) for kind in ("safety", "borderline", "general") for name in getattr(self, kind)]


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recipe's file says; ``seed`` decides order, draws and fresh weights."""

    title: NonBlank
    model: ModelTable
    sources: Annotated[tuple[MixtureSource, ...], Meta(min_length=1)]
    seed: WholeNumber = 0
    sft: Sft = Sft()
    dpo: Dpo | None = None
    contamination: Contamination = Contamination()
    evaluation: EvaluationPlan = EvaluationPlan()


class LoadedRecipe(Struct, frozen=True, kw_only=True):
    """A recipe, its name, the folder that its paths are relative to, its text, and the text's hash."""

    name: str
    recipe: Recipe
    folder: Path
    text: str

    @property
    def sha256(self) -> str:
        """The hash of the recipe's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def benchmark(self, name: str) -> str:
        """Return a benchmark's name, or the path of its file where it is one beside the recipe."""
        beside = self.folder / name
        return str(beside) if beside.is_file() else name


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come with hantei."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str) -> LoadedRecipe:
    """Read a recipe by its name or path.

    Raises:
        UsageError: there is none.
        CardError: it is not TOML, lacks a field, or one does not fit.
    """
    path = RECIPES / f"{name_or_path}.toml" if name_or_path in recipe_names() else Path(name_or_path)
    if not path.is_file():
        hint = cards.did_you_mean(name_or_path[:80], recipe_names())
        known = ", ".join(recipe_names())
        raise UsageError(f"{name_or_path[:200]}: expected a recipe's file or one of {known}{hint}")
    text = path.read_text(encoding="utf-8", errors="replace")
    return LoadedRecipe(name=path.stem, recipe=parse_recipe(text, str(path)), folder=path.parent, text=text)


def parse_recipe(text: str, what: str) -> Recipe:
    """Return a recipe from its TOML; ``what`` names it in messages.

    Raises:
        CardError: it is not TOML, lacks a field, or one does not fit.
    """
    recipe = cards.typed(cards.parse(text, what), Recipe, what)
    if (recipe.model.base is None) == (recipe.model.new is None):
        raise CardError(f"{what}, model: expected either a base or a table [model.new]")
    if (new := recipe.model.new) and new.hidden % (2 * new.heads):
        raise CardError(
            f"{what}, model.new.hidden: expected a multiple of {2 * new.heads} (2 x heads), got {new.hidden}"
        )
    for place, sources in (("sources", recipe.sources), ("dpo.sources", recipe.dpo.sources if recipe.dpo else ())):
        _check_sources(f"{what}, {place}", sources)
    return recipe


def _check_sources(where: str, sources: tuple[MixtureSource, ...]) -> None:
    names = [source.name for source in sources]
    for number, source in enumerate(sources, 1):
        given = [kind for kind in ("file", "benchmark", "dataset") if getattr(source, kind) is not None]
        if len(given) != 1:
            raise CardError(f"{where}[{number}]: expected one of file, benchmark and dataset, got {given or 'none'}")
        if names.count(source.name) > 1:
            raise CardError(f"{where}[{number}].name: '{source.name}' stands there twice")
