"""docs/python.md runs, and its reference and notebook are true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    examples = list(EXAMPLES.finditer(page))
    assert len(examples) >= 10
    names: dict[str, object] = {}
    for example in examples:
        line = page[: example.start()].count("\n") + 1
        exec(compile("\n" * line + example[1], "docs/python.md", "exec"), names)  # noqa: S102 - the page's own code
    assert (tmp_path / "runs/bank/report.html").is_file()


def test_the_reference_is_current() -> None:
    pytest.importorskip("griffe")
    done = subprocess.run(
        [sys.executable, DOCS / "make_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("notebook", sorted((DOCS / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_a_run(notebook: Path, tmp_path: Path) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    book = nbformat.read(notebook, as_version=4)
    nbclient.NotebookClient(book, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output["data"]["text/html"]
        for cell in book.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert any("Rates by system" in html for html in shown)
    assert all(output.output_type != "error" for cell in book.cells for output in cell.get("outputs", ()))
