"""Risk areas, harm types and specific harms, and how one benchmark's categories relate to another's.

Each taxonomy is one TOML file in ``data/``; ``data/crosswalk.toml`` leads from every other one to the 12 harm types of
Do-Not-Answer. A new taxonomy is one new file and its entries in the crosswalk: no code.
"""

from hantei.taxonomy.crosswalk import CrosswalkStep, MatchLevel, crosswalk_table, to_harm_types
from hantei.taxonomy.ids import harm_type, risk_area, title
from hantei.taxonomy.loading import load, names
from hantei.taxonomy.nodes import Node, Taxonomy
from hantei.taxonomy.tree import tree

__all__ = [
    "CrosswalkStep",
    "MatchLevel",
    "Node",
    "Taxonomy",
    "crosswalk_table",
    "harm_type",
    "load",
    "names",
    "risk_area",
    "title",
    "to_harm_types",
    "tree",
]
