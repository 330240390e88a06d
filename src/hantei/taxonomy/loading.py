"""Reading taxonomies from their TOML files, and checking that none contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from hantei import cards
from hantei.errors import TaxonomyError, UsageError
from hantei.taxonomy.nodes import Node, Taxonomy

CROSSWALK = "crosswalk.toml"


def names() -> list[str]:
    """Return the names of the taxonomies that come with the package, sorted."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    found = (entry.name for entry in (files("hantei.taxonomy") / "data").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml") and name != CROSSWALK))


@cache
def load(name: str) -> Taxonomy:
    """Return a taxonomy by its name.

    Raises:
        UsageError: there is no such taxonomy.
        TaxonomyError: its file contradicts itself.
    """
    if name not in names():
        hint = cards.did_you_mean(name, names())
        raise UsageError(f"no taxonomy '{name}': expected one of {', '.join(names())}{hint}")
    return parse(read_toml(f"{name}.toml"), where=f"{name}.toml")


def read_toml(file: str) -> dict[str, Any]:
    """Return a file of the taxonomy folder as a dictionary.

    Raises:
        TaxonomyError: it is not TOML.
    """
    return cards.parse((files("hantei.taxonomy") / "data" / file).read_text(encoding="utf-8"), file, TaxonomyError)


class NodeTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[nodes]]`` as a taxonomy's file holds it; ``Node`` says what the fields mean."""

    id: str
    title: dict[str, str]
    source: tuple[str, ...] = ()
    description: str | None = None


class TaxonomyFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A taxonomy's file; ``Taxonomy`` says what the fields mean."""

    name: str
    title: dict[str, str]
    source: str
    url: str
    licence: str
    levels: tuple[str, ...]
    nodes: tuple[NodeTable, ...]
    note: str | None = None


def parse(data: Mapping[str, Any], where: str) -> Taxonomy:
    """Build a taxonomy from what its file holds; ``where`` names the file in messages.

    Raises:
        TaxonomyError: a field is missing or unknown, an id stands twice, has no parent or is too deep, or a node has
            no English title.
    """
    file = cards.typed(data, TaxonomyFile, where, TaxonomyError)
    taxonomy = Taxonomy(
        name=file.name,
        title=file.title,
        source=file.source,
        url=file.url,
        licence=file.licence,
        levels=file.levels,
        nodes=tuple(_node(file.name, table) for table in file.nodes),
        note=file.note,
    )
    _check(taxonomy, where)
    return taxonomy


def _node(taxonomy: str, table: NodeTable) -> Node:
    return Node(id=f"{taxonomy}/{table.id}", title=table.title, source=table.source, description=table.description)


def _check(taxonomy: Taxonomy, where: str) -> None:
    seen = {taxonomy.name}
    for node in taxonomy.nodes:
        if node.id in seen:
            raise TaxonomyError(f"{where}: the id '{node.id}' stands twice: give one of them another")
        if node.parent not in seen:
            raise TaxonomyError(f"{where}: '{node.id}' has no parent before it: expected '{node.parent}' above it")
        if node.depth > len(taxonomy.levels):
            raise TaxonomyError(f"{where}: '{node.id}' is deeper than the {len(taxonomy.levels)} levels named")
        if "en" not in node.title:
            raise TaxonomyError(f"{where}: '{node.id}' has no English title: add title = {{en = ...}}")
        seen.add(node.id)
