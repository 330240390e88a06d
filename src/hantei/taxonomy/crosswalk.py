"""The way from every taxonomy to the 12 harm types of Do-Not-Answer, and how well each entry fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from hantei import cards
from hantei.errors import TaxonomyError, UsageError
from hantei.taxonomy.ids import harm_type
from hantei.taxonomy.loading import CROSSWALK, load, names, read_toml
from hantei.taxonomy.nodes import Taxonomy

MatchLevel = Literal["exact", "broad", "none"]
TARGET = "do-not-answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosswalkStep:
    """One step from a category to a harm type.

    ``exact``: everything that belongs to the category belongs to ``target``. ``broad``: the two overlap, and a count
    there is an approximation. ``none``: no harm type covers it, ``target`` is None and ``note`` says why.
    """

    target: str | None
    fit: MatchLevel
    note: str | None = None


Entries = Mapping[str, tuple[CrosswalkStep, ...]]


def to_harm_types(harm_id: str) -> list[CrosswalkStep]:
    """Return the harm types of Do-Not-Answer to which an id of any taxonomy leads.

    An id without an entry takes that of the nearest id above it. The list is empty where nothing is known: a taxonomy
    that is not ours, or a group too wide to say.

    Raises:
        TaxonomyError: the crosswalk contradicts itself.
    """
    name = harm_id.partition("/")[0]
    if name == TARGET:
        target = harm_type(harm_id)
        return [CrosswalkStep(target=target, fit="exact")] if target and load(TARGET).node(target) else []
    return list(_nearest(entries(name), harm_id))


@cache
def entries(name: str) -> Entries:
    """Return a taxonomy's part of the crosswalk by full id; empty for a taxonomy that is not ours.

    Raises:
        TaxonomyError: the crosswalk contradicts itself.
    """
    if name not in names():
        return {}
    return parse_entries(load(name), read_toml(CROSSWALK).get(name, {}))


def parse_entries(taxonomy: Taxonomy, data: Mapping[str, Mapping[str, Any]]) -> Entries:
    """Build a taxonomy's crossings from its table in the crosswalk file.

    Raises:
        TaxonomyError: an entry names an id that does not exist, its fit and its targets do not go together, or a leaf
            has no entry of its own or above it.
    """
    found: dict[str, tuple[CrosswalkStep, ...]] = {}
    for entry, fields in data.items():
        node = taxonomy.node(entry)
        if node is None:
            raise TaxonomyError(f"{CROSSWALK}, [{taxonomy.name}]: there is no '{entry}' in {taxonomy.name}.toml")
        found[node.id] = _crossings(f"{CROSSWALK}, [{taxonomy.name}], '{entry}'", fields)
    for leaf in taxonomy.leaves():
        if not _nearest(found, leaf.id):
            raise TaxonomyError(f"{CROSSWALK}, [{taxonomy.name}]: '{leaf.id}' has no entry: add one, or one above it")
    return found


def _nearest(found: Entries, harm_id: str) -> tuple[CrosswalkStep, ...]:
    while harm_id:
        if harm_id in found:
            return found[harm_id]
        harm_id = harm_id.rpartition("/")[0]
    return ()


class EntryTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the crosswalk's file: the harm types ``to`` which a category leads, and how well they fit."""

    fit: MatchLevel
    to: tuple[str, ...] = ()
    note: str | None = None


def _crossings(where: str, fields: Mapping[str, Any]) -> tuple[CrosswalkStep, ...]:
    entry = cards.typed(fields, EntryTable, where, TaxonomyError)
    harm_types = {node.id for node in load(TARGET).level(2)}
    for target in entry.to:
        if f"{TARGET}/{target}" not in harm_types:
            raise TaxonomyError(f"{where}: '{target}' is not one of the 12 harm types of {TARGET}")
    many, alone = len(entry.to), not entry.to and entry.note
    if {"exact": many != 1, "broad": not many, "none": not alone}[entry.fit]:
        raise TaxonomyError(f"{where}: expected one target for exact, at least one for broad, none and a note for none")
    return tuple(
        CrosswalkStep(target=f"{TARGET}/{target}" if target else None, fit=entry.fit, note=entry.note)
        for target in entry.to or [None]
    )


def crosswalk_table(name: str) -> str:
    """Return a taxonomy's crosswalk as plain text: each entry, its fit, the harm types it leads to, and the note.

    Raises:
        UsageError: there is no such taxonomy, or it is the one to which the others lead.
        TaxonomyError: the crosswalk contradicts itself.
    """
    taxonomy = load(name)
    if name == TARGET:
        raise UsageError(f"'{TARGET}' is where the crosswalk leads to: name another taxonomy")
    found = entries(name)
    shown = [node for node in taxonomy.nodes if node.id in found]
    width = max(len(node.id) for node in shown) - len(name) - 1
    lines = [
        f"{taxonomy.title['en']}: its categories among the 12 harm types of {load(TARGET).title['en']}",
        "exact: all of it belongs there   broad: overlaps, a count is an approximation   none: no harm type covers it",
        "",
    ]
    for node in shown:
        lines += _entry_lines(node.id.partition("/")[2].ljust(width), found[node.id])
    return "\n".join(lines)


def _entry_lines(label: str, crossings: tuple[CrosswalkStep, ...]) -> list[str]:
    target = load(TARGET)
    nodes = [target.node(crossing.target) for crossing in crossings if crossing.target]
    titles = "; ".join(node.title["en"] for node in nodes if node) or "-"
    lines = [f"{label}  {crossings[0].fit:<5}  {titles}"]
    if crossings[0].note:
        lines.append(f"{' ' * len(label)}         {crossings[0].note}")
    return lines
