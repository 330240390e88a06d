"""Each type name, of a class or of an alias, has one meaning in the whole tree: it is defined in one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_SOURCE = Path(__file__).parents[1] / "src" / "hantei"


def _targets(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


def _type_names(source: str) -> Iterator[str]:
    """Yield the names written in capitals and small letters: constants, all capitals, and functions are no types."""
    statements = ast.parse(source).body
    nested = (inner for node in statements if isinstance(node, ast.If) for inner in node.body)
    for name in (name for node in (*statements, *nested) for name in _targets(node)):
        bare = name.lstrip("_")
        if bare.isidentifier() and bare[0].isupper() and not bare.isupper():
            yield name


def _defined_twice(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the type names that several places define, with those places."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, source in sources.items():
        for name in _type_names(source):
            places[name].append(place)
    return {name: where for name, where in places.items() if len(where) > 1}


def _tree(files: Iterable[Path]) -> dict[str, str]:
    return {str(path.relative_to(_SOURCE)): path.read_text(encoding="utf-8") for path in files}


def test_each_type_name_is_defined_once() -> None:
    assert _defined_twice(_tree(sorted(_SOURCE.rglob("*.py")))) == {}


def test_what_is_defined_twice_is_found() -> None:
    sources = {
        "a.py": "class Row: ...\nclass Run: ...\nLIMIT = 3\n_Waiting = list[str]\n",
        "b.py": "Row = dict[str, str]\nLIMIT = 4\nclass _Waiting: ...\n",
    }
    assert _defined_twice(sources) == {"Row": ["a.py", "b.py"], "_Waiting": ["a.py", "b.py"]}
