"""The rows of all sources of a recipe, each with its number of copies, free of what the model is measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from hantei.errors import UsageError
from hantei.training.mixtures.contamination import Contaminated, contaminated
from hantei.training.mixtures.example import Example, TrainingPair
from hantei.training.mixtures.recipe import LoadedRecipe, MixtureSource
from hantei.training.mixtures.sources import ReadSource, RowMaker, examples, pairs, read_source

RowT = TypeVar("RowT", Example, TrainingPair)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Mixture(Generic[RowT]):
    """Rows in the order of their sources; ``copies`` says how often each stands in one epoch.

    ``dropped`` are rows left out because a benchmark has their prompt.
    """

    rows: list[RowT]
    copies: list[int]
    sources: list[ReadSource]
    dropped: dict[str, Contaminated]


def read_mixture(loaded: LoadedRecipe) -> Mixture[Example]:
    """Read the sources of a recipe's fine-tuning.

    Raises:
        UsageError: a source has no row, two rows have one id, or a benchmark has a training prompt.
        InputError: a source cannot be read.
        FetchError: a benchmark was not fetched yet.
    """
    return _read(loaded, loaded.recipe.sources, examples)


def read_pairs(loaded: LoadedRecipe) -> Mixture[TrainingPair]:
    """Read the sources of a recipe's stage of preferences.

    Raises:
        UsageError: as for ``read_mixture``; or the recipe has no such stage.
    """
    if loaded.recipe.dpo is None:
        raise UsageError(f"recipe {loaded.name}: expected a table [dpo], found none")
    return _read(loaded, loaded.recipe.dpo.sources, pairs)


def _read(
    loaded: LoadedRecipe, sources: Sequence[MixtureSource], made_of: Callable[[MixtureSource, Path], RowMaker]
) -> Mixture[RowT]:
    recipe = loaded.recipe
    wanted = [source for source in sources if source.copies]
    if not wanted:
        raise UsageError(f"recipe {loaded.name}: expected a source with copies, every one has 0")
    read = [read_source(source, loaded.folder, recipe.seed, made_of) for source in wanted]
    rows = [row for source in read for row in source.rows]
    _check_ids(rows)
    benchmarks = [loaded.benchmark(name) for name in recipe.evaluation.benchmarks]
    found = contaminated(rows, benchmarks, recipe.contamination.threshold)
    if found and recipe.contamination.found == "refuse":
        raise UsageError(_refusal(list(found.values())))
    copies = {source.source.name: source.source.copies for source in read}
    kept = [row for row in rows if row.id not in found]
    return Mixture(kept, [copies[row.source] for row in kept], read, found)  # type: ignore[arg-type]


def _check_ids(rows: Iterable[Example | TrainingPair]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise UsageError(f"two training rows have the id '{row.id[:80]}': ids are unique in a source")
        seen.add(row.id)


def _refusal(found: list[Contaminated]) -> str:
    shown = "; ".join(one.told() for one in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"{len(found)} training prompts are in a benchmark on which the model is measured: {shown}{more}. "
        'Take them out, or write found = "drop" under [contamination]'
    )
