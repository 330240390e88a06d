"""What a call costs, by a dated table; a price that is not in it is unknown, never 0."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from hantei import cards
from hantei.cards import NonBlank
from hantei.errors import InputError, UsageError
from hantei.models.names import parse_name

Dollars = Annotated[float, Meta(ge=0, lt=1e6)]


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars a million tokens of ``input`` and ``output`` of a ``model``, as ``source`` said on ``date``."""

    model: NonBlank
    input: Dollars
    output: Dollars
    date: dt.date
    source: NonBlank


class _PriceFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of prices: entries ``[[price]]``."""

    price: Annotated[tuple[Price, ...], Meta(min_length=1)]


Prices = Mapping[str, Price]
"""Prices by model: ``openai/NAME``, ``anthropic/NAME`` and the like for Inspect's, or a full name with settings."""


@cache
def known_prices() -> Prices:
    """Return the table that comes with hantei."""
    return _read(files("hantei.models").joinpath("prices.toml").read_text("utf-8"), "prices.toml")


def known_models() -> list[str]:
    """Return the names of models whose price is known."""
    return sorted(known_prices())


def load_prices(path: Path) -> Prices:
    """Return the table of a user's own file, which takes the place of hantei's.

    Raises:
        UsageError: no such file.
        InputError: not TOML, or an entry lacks a field or holds one that does not fit.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file; expected a TOML file of prices")
    try:
        return _read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected TOML in UTF-8") from None


def find_price(model_name: str, prices: Prices | None = None) -> Price | None:
    """Return a model's price, None where it is not known.

    A full name finds its own entry, else that of the name without settings. What runs elsewhere (``base_url``) or in
    this process costs what only its user knows: hantei's own table holds for a provider's own address alone.

    Raises:
        UsageError: ``model_name`` is no model's name.
    """
    table = known_prices() if prices is None else prices
    name = parse_name(model_name)
    if name.text in table:
        return table[name.text]
    if name.provider == "inspect":
        return table.get(name.text.partition("?")[0]) or table.get(name.name)
    if prices is None and (name.provider != "openai" or "base_url" in name.settings):
        return None
    return table.get(f"{name.provider}/{name.name}")


def cost(model_name: str, usage: Mapping[str, int], prices: Prices | None = None) -> float | None:
    """Return what a call costs in US dollars, None where the price or a count of tokens is not known.

    Raises:
        UsageError: ``model_name`` is no model's name.
    """
    price = find_price(model_name, prices)
    if price is None or "input" not in usage or "output" not in usage:
        return None
    return (usage["input"] * price.input + usage["output"] * price.output) / 1_000_000


def pricing(path: Path | None = None) -> Callable[[str, Mapping[str, int]], float | None]:
    """Return a function from a model's name and the tokens of a call to US dollars, None where not known.

    Raises:
        UsageError: ``path``, a user's own table, does not exist.
        InputError: it is no table of prices.
    """
    table = load_prices(path) if path else None
    known: dict[str, bool] = {}

    def price(model: str, usage: Mapping[str, int]) -> float | None:
        if model not in known:  # a model without a price is looked up once, not for each call
            known[model] = _has_price(model, table)
        return cost(model, usage, table) if known[model] else None

    return price


def no_price_for(model: str, path: Path | None) -> str:
    """Return what to do about a model that has no price, in hantei's table or in a user's own (``path``).

    Raises:
        UsageError: ``path`` does not exist.
        InputError: it is no table of prices.
    """
    plain = model.partition("?")[0]
    if path is None:
        return f"give one in a file with --prices, in an entry with model = '{plain}'"
    return f"{path} has no entry with model = '{plain}'{cards.did_you_mean(plain, load_prices(path))}"


def _has_price(model: str, table: Prices | None) -> bool:
    try:
        return find_price(model, table) is not None
    except UsageError:  # a model of the user's own, under a name of its own
        return False


def _read(text: str, where: str) -> dict[str, Price]:
    file = cards.typed(cards.parse(text, where, InputError), _PriceFile, where, InputError)
    table: dict[str, Price] = {}
    for number, price in enumerate(file.price, 1):
        if "/" not in price.model:
            full = f"expected the model's full name, as in 'openai/{price.model}', got '{price.model}'"
            raise InputError(f"{where}, price[{number}].model: {full}")
        if price.model in table:
            raise InputError(f"{where}, price[{number}]: '{price.model}' stands in an earlier entry; keep one")
        table[price.model] = price
    return table
