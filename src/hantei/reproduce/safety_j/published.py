"""What the paper prints, and what of it cannot be computed again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec


class PublishedAccuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A judge's accuracy in percent on each of the sets, and their mean as printed.

    ``trained`` says what its makers tell of its training data.
    """

    judge: str
    cells: tuple[float, ...]
    mean: float
    trained: str = "not known"


class PublishedCritiques(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Precision, recall and F1 in percent of a judge's critiques, by language, means of critiques and units pooled."""

    judge: str
    en_macro: tuple[float, float, float]
    en_micro: tuple[float, float, float]
    zh_macro: tuple[float, float, float]
    zh_micro: tuple[float, float, float]


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``published.toml``: the sets in the order of the printed table, their languages and sizes, and both tables."""

    paper: str
    sets: tuple[str, ...]
    language: Mapping[str, str]
    answers: Mapping[str, int]
    accuracy: tuple[PublishedAccuracy, ...]
    critiques: tuple[PublishedCritiques, ...]


@cache
def published() -> Published:
    """Return what the paper prints."""
    text = (Path(__file__).parent / "published.toml").read_bytes()
    return msgspec.toml.decode(text, type=Published)


NOT_REPRODUCIBLE = (
    "WildSafety: its answers and labels were not released, so the mean of five sets cannot be computed. A mean of the "
    "sets that are there stands beside the published mean of the same sets.",
    "The published judges' own rows: their verdicts were not released. A run of the models gives them again "
    "(--judge safety-j@MODEL, shieldlm@MODEL), which needs a machine that holds 7 to 14 billion parameters; "
    "Perspective and the GPT models of 2024 may not answer as they did.",
    "Safety-J's versions 1 to 4: no accuracy of theirs was found.",
    "The meta-evaluation's own figures: the judges' critiques and the replies of the model that checked them "
    "(Qwen-72B-Chat) were not released.",
    "How well the meta-evaluation agrees with people: no figure was found.",
)
