"""What a shell completes: names of judges, models, benchmarks and runs, and values. Imports wait until it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

_MODELS = ("openai/", "hf/", "replay/", "inspect/")


def of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what completes one of these values."""
    return lambda incomplete: _begun(known, incomplete)


def judges(incomplete: str) -> list[str]:
    """Return the judges whose names begin so; one that asks a model ends with ``@``."""
    from hantei.judges.card import card_names, load_card
    from hantei.registry import JUDGES

    own = [f"{name}@" if load_card(name).asks else name for name in _begun(card_names(), incomplete)]
    return [*own, *_begun(JUDGES.others(card_names()), incomplete)]


def cards(incomplete: str) -> list[str]:
    """Return the judges of hantei's whose names begin so."""
    from hantei.judges.card import card_names

    return _begun(card_names(), incomplete)


def models(incomplete: str) -> list[str]:
    """Return the models with a known price, and the providers, that begin so."""
    from hantei.models.prices import known_models
    from hantei.registry import MODELS

    return _begun((*_MODELS, *(f"{name}/" for name in MODELS.names()), *known_models()), incomplete)


def benchmarks(incomplete: str) -> list[str]:
    """Return the benchmarks that begin so; a shell completes files itself."""
    from hantei.benchmarks import card_names
    from hantei.registry import BENCHMARKS

    return _begun((*card_names(), *BENCHMARKS.others(card_names())), incomplete)


def attacks(incomplete: str) -> list[str]:
    """Return the attacks that begin so."""
    from hantei.benchmarks.attacks import attack_names

    return _begun(attack_names(), incomplete)


def taxonomies(incomplete: str) -> list[str]:
    """Return the taxonomies that begin so."""
    from hantei.taxonomy import names

    return _begun(names(), incomplete)


def _begun(known: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """Return the run folders here and under ``runs`` that begin so, the newest first."""
    found = [path.parent for pattern in ("*/run.json", "runs/*/run.json") for path in Path().glob(pattern)]
    return sorted((name for name in map(str, found) if name.startswith(incomplete)), reverse=True)
