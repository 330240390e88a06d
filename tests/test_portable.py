"""Nothing that is imported needs a module that only POSIX systems have; Windows could not even print the help."""

import ast
from collections.abc import Iterator
from pathlib import Path

import hantei

SOURCE = Path(hantei.__file__).parent
POSIX_ONLY = {"curses", "fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def at_import(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a file imports when it is itself imported: all but those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif not isinstance(node, FUNCTIONS):
            yield from at_import(node)


def test_a_late_import_is_told_from_one_at_import() -> None:
    tree = ast.parse("import os\nif os.name:\n    import fcntl.x\nclass A:\n    def f(self):\n        import pwd\n")
    assert list(at_import(tree)) == ["os", "fcntl"]


def test_no_file_imports_what_only_posix_has() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in at_import(ast.parse(path.read_text(encoding="utf-8")))
        if name in POSIX_ONLY
    }
    assert not found
