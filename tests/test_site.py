"""The documentation as a site: it builds, no link in it leads nowhere, and every page is in its menu."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE = ("report", "comparison", "agreement", "datasheet")
"""What docs/make_gallery.py makes; here stands something else in its place."""


def pages(menu: object) -> set[str]:
    """Return the pages that a menu names."""
    if isinstance(menu, str):
        return {menu}
    inner = menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else []
    return {page for one in inner for page in pages(one)}


def test_every_page_is_in_the_menu_once() -> None:
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert pages(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]) == there


def test_the_site_builds_without_a_dead_link(tmp_path: Path) -> None:
    pytest.importorskip("zensical", reason="zensical is not installed")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("gallery", "*.py"))
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    gallery = tmp_path / "docs" / "gallery"
    gallery.mkdir()
    for name in MADE:
        (gallery / f"{name}.html").write_text("<p>made elsewhere</p>")
        (gallery / f"{name}.png").write_bytes(b"")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    home = (tmp_path / "build" / "site" / "index.html").read_text()
    assert "tutorials/is-my-model-safe" in home
    assert (tmp_path / "build" / "site" / "gallery" / "report.html").read_text() == "<p>made elsewhere</p>"
    assert not re.findall(r"""(?:src|href)=["']?https?://fonts""", home), "the page asks others for fonts"


def test_the_gallery_shows_what_is_made_for_it() -> None:
    shown = set(re.findall(r"gallery/(\w+)\.html", (ROOT / "docs" / "gallery.md").read_text()))
    made = set(re.findall(r'out / "(\w+)\.html"', (ROOT / "docs" / "make_gallery.py").read_text()))
    assert shown == made == set(MADE)
