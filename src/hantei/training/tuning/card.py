"""The card of a tuned model: data with their licences, the terms that it inherits, the recipe, what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hantei.training.mixtures.manifest import SourceCount
from hantei.training.mixtures.recipe import LoadedRecipe


class StageCard(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a tuning as its card tells it: what it is called, and its figures by name."""

    name: str
    figures: dict[str, str]


def card(
    loaded: LoadedRecipe,
    sources: Sequence[SourceCount],
    base: str,
    stages: Sequence[StageCard],
    measured: Sequence[Sequence[str]] = (),
) -> str:
    """Return the card as Markdown, with the header that Hugging Face reads.

    Args:
        loaded: the recipe.
        sources: what was trained on, and those of the base whose terms bind it.
        base: what was tuned.
        stages: what was done, and its figures.
        measured: a table of what was measured before and after, with its header.
    """
    parts = [
        _header(base, sources),
        f"# {_plain(loaded.recipe.title)}",
        f"Tuned from `{base}` with hantei's recipe `{loaded.name}` (sha256 `{loaded.sha256[:16]}`).",
        *_terms(sources),
        "## Data",
        _table(["source", "kind", "rows", "copies", "tokens of an epoch", "licence"], [_row(one) for one in sources]),
        "## Training",
        *(f"**{stage.name}**\n\n" + _table(["", ""], [list(one) for one in stage.figures.items()]) for stage in stages),
        *(["## Before and after", _table(measured[0], measured[1:])] if measured else ["Not measured yet."]),
        "## Recipe",
        f"```toml\n{loaded.text.strip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _header(base: str, sources: Sequence[SourceCount]) -> str:
    import json

    licences = dict.fromkeys(one.licence for one in sources)
    fields: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["hantei", "safety"],
        "license": "other",
        "license_name": "; ".join(licences),
    }
    if not base.startswith(("/", ".", "from nothing")):
        fields["base_model"] = base
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---"])


def _terms(sources: Sequence[SourceCount]) -> list[str]:
    """Return the terms that what is derived from the data carries on."""
    bound = {one.name: one for one in sources if one.inherit}
    if not bound:
        return []
    lines = [f"- **{_plain(one.name)}** ({_plain(one.licence)}): {_plain(one.terms)}" for one in bound.values()]
    return [
        "## Terms that this model inherits",
        "Whoever uses it or passes it on is bound by them:\n\n" + "\n".join(lines),
    ]


def _row(one: SourceCount) -> list[str]:
    return [one.name, one.kind, f"{one.rows:,}", str(one.copies), f"{one.tokens:,}", one.licence]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Return a text that stays in its cell."""
    return " ".join(text.replace("|", "\\|").split())
