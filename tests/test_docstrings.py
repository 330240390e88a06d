"""What no linter says of docstrings: a public function of four parameters or more explains each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[1] / "src" / "hantei"
MANY = 4
_COMMANDS = SRC / "cli"
"""Typer's help stands in the annotations of a command's parameters."""


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions of a module, and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and _public(n))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _public(node):
            yield node


def _public(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not node.name.startswith("_")


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return the names of a function's parameters, ``self`` and ``cls`` left out."""
    named = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return [name for name in named if name not in ("self", "cls")]


def test_parameters_of_public_functions_are_explained() -> None:
    lacking = []
    for path in SRC.rglob("*.py"):
        if _COMMANDS in path.parents:
            continue
        functions = public_functions(ast.parse(path.read_text(encoding="utf-8")))
        lacking += [
            f"{path.relative_to(SRC)}:{node.lineno} {node.name}: add Args: to its docstring"
            for node in functions
            if len(parameters(node)) >= MANY and "Args:" not in (ast.get_docstring(node) or "")
        ]
    assert not lacking, "\n".join(lacking)
