"""Take the pictures that the documentation shows: of the gallery's pages, and of those that are served.

    python docs/make_gallery.py
    python docs/make_pictures.py [--also tuning=build/tiny/evaluation/index.html] [--only report]

Needs Chromium with its driver. ``--also`` takes pages that need data or minutes, and says where they are.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from make_gallery import PAGES, hantei

DOCS = Path(__file__).parent
SERVED = {
    "labelling": ("annotate runs/demo --people anna,ben", "anna"),
    "labelling-overview": ("annotate runs/demo --people anna,ben", "overview"),
    "reviewing": ("benchmarks review builds/mine --people anna,ben", "anna"),
}
"""Pages that are served: by what command, and whose link is opened."""
_BEFORE = (
    "demo",
    "benchmarks draft builds/mine --language en,ja --make twin --each 1",
    "benchmarks filter builds/mine",
)
ALSO = ("reproduction", "languages", "tuning", "sweep")
"""Pages that ``--also`` takes."""
_AT = {"worst": "#answers"}
"""Where a page is looked at, if not at its top."""
_WIDTH, _HEIGHT, _QUALITY = 1280, 960, 70
_PORT = 8931


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield the driver of a headless browser.

    Raises:
        SystemExit: there is none.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        raise SystemExit("needs chromium and chromedriver (Debian's chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(flag)
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


def picture(browser: Any, address: str, file: Path) -> None:
    """Take a picture of the top of a page."""
    size = {"width": _WIDTH, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [
        {"name": "prefers-color-scheme", "value": "light"},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    browser.get(address)
    browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 500))")  # what is fetched, shown
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file}: {file.stat().st_size:,} bytes")


def listens() -> bool:
    """Whether something answers at the port."""
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", _PORT))


@contextmanager
def served(command: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run a command that serves pages; yield the link of each person by name.

    Raises:
        SystemExit: it ended at once.
    """
    words = [sys.executable, "-m", "hantei", *command.split(), "--port", str(_PORT)]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        links: dict[str, str] = {}
        said = ""
        for line in process.stdout or ():
            said += line
            if found := re.match(r"([^:]+): (http\S+)$", line):
                links[found[1]] = found[2]
            if line.startswith("Ctrl-C"):
                break
        else:
            raise SystemExit(f"hantei {command}: ended at once: {said}")
        while not listens():
            time.sleep(0.05)
        try:
            yield links
        finally:
            process.terminate()


def main() -> None:
    """Take all pictures whose pages are there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--also", action="append", default=[], help=f"NAME=FILE of {', '.join(ALSO)}")
    parser.add_argument("--only", action="append", help="a picture's name; default: all")
    given = parser.parse_args()
    pages = {page.name: DOCS / "gallery" / f"{page.name}.html" for page in PAGES}
    pages |= {name: Path(file) for name, file in (one.split("=", 1) for one in given.also)}
    out = DOCS / "pictures"
    out.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as name:
        for page, file in pages.items():
            if given.only is None or page in given.only:
                picture(browser, file.resolve().as_uri() + _AT.get(page, ""), out / f"{page}.webp")
        wanted = {page: how for page, how in SERVED.items() if given.only is None or page in given.only}
        for command in _BEFORE if wanted else ():
            hantei(command, Path(name))
        for page, (command, person) in wanted.items():
            with served(command, Path(name)) as links:
                picture(browser, links[person], out / f"{page}.webp")


if __name__ == "__main__":
    main()
