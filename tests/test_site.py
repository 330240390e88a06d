"""The documentation as a site: it builds, no link in it leads nowhere, and every page is in its menu."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")


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
    for name in linked("html"):
        (gallery / f"{name}.html").write_text("<p>made elsewhere</p>")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    home = (tmp_path / "build" / "site" / "index.html").read_text()
    assert "tutorials/is-my-model-safe" in home
    assert (tmp_path / "build" / "site" / "gallery" / "report.html").read_text() == "<p>made elsewhere</p>"
    assert not re.findall(r"""(?:src|href)=["']?https?://fonts""", home), "the page asks others for fonts"


def linked(ending: str) -> list[str]:
    """Return the names of the pages or pictures that docs/gallery.md shows, each once."""
    return list(dict.fromkeys(re.findall(rf"\(\w+/([\w-]+)\.{ending}\)", GALLERY)))


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """Return docs/make_gallery.py and docs/make_pictures.py."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    return import_module("make_gallery"), import_module("make_pictures")


def test_the_gallery_shows_what_is_made_for_it(scripts: tuple[ModuleType, ModuleType]) -> None:
    make_gallery, make_pictures = scripts
    made = [page.name for page in make_gallery.PAGES]
    assert linked("html") == made
    assert linked("webp") == [*made, *make_pictures.SERVED, *make_pictures.ALSO]
    assert {path.stem for path in (ROOT / "docs" / "pictures").iterdir()} == set(linked("webp"))


def test_a_page_of_the_gallery_is_made_by_its_commands(scripts: tuple[ModuleType, ModuleType], tmp_path: Path) -> None:
    make_gallery, _ = scripts
    (tmp_path / "out").mkdir()
    (page,) = [page for page in make_gallery.PAGES if page.name == "correction"]
    assert "Unsafe answers, corrected" in make_gallery.make(page, tmp_path, tmp_path / "out").read_text("utf-8")
