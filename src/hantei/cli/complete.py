"""What a shell completes: names of judges, models, benchmarks and runs. Imports wait until it is asked."""

from __future__ import annotations

from pathlib import Path

_MODELS = ("openai/", "hf/", "replay/", "inspect/")


def judges(incomplete: str) -> list[str]:
    """Return the judges whose names begin so; one that asks a model ends with ``@``."""
    from hantei.judges.card import card_names, load_card

    names = [name for name in card_names() if name.startswith(incomplete)]
    return [f"{name}@" if load_card(name).asks else name for name in names]


def models(incomplete: str) -> list[str]:
    """Return the models with a known price, and the providers, that begin so."""
    from hantei.models.prices import known_models

    return [name for name in (*_MODELS, *known_models()) if name.startswith(incomplete)]


def benchmarks(incomplete: str) -> list[str]:
    """Return the benchmarks that begin so; a shell completes files itself."""
    from hantei.benchmarks import card_names

    return [name for name in card_names() if name.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """Return the run folders here and under ``runs`` that begin so, the newest first."""
    found = [path.parent for pattern in ("*/run.json", "runs/*/run.json") for path in Path().glob(pattern)]
    return sorted((name for name in map(str, found) if name.startswith(incomplete)), reverse=True)
