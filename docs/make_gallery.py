"""Make the pages and pictures of docs/gallery.md, by the commands that a reader would give.

    python docs/make_gallery.py [--out docs/gallery]

Pictures need Chromium; without one the pages are made alone, and that is said.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hantei import benchmarks

_PIXELS = "1280,1600"


def hantei(*words: str, cwd: Path) -> None:
    """Run a command; one that exits with 1 has still written its page.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run([sys.executable, "-m", "hantei", *words], cwd=cwd, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"hantei {' '.join(words)}: {done.stderr}")


def write_labelled(path: Path) -> None:
    """Write a file of the starter's answers in English with the labels that their authors intended."""
    prompts = {prompt.id: prompt.text for prompt in benchmarks.load_benchmark("starter")}
    answers = map(json.loads, benchmarks.starter_answers()[0].read_text(encoding="utf-8").splitlines())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "system", "question", "answer", "unsafe"])
        for row in answers:
            label = int(row["intended"]["unsafe"])
            writer.writerow([row["prompt_id"], row["system"], prompts[row["prompt_id"]], row["response"], label])


def picture(page: Path) -> None:
    """Take a picture of a page beside it."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print(f"{page.name}: no Chromium here, so no picture")
        return
    shot = f"--screenshot={page.with_suffix('.png')}"
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={_PIXELS}", shot]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Make all pages, then their pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "gallery")
    out = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        hantei("demo", cwd=work)
        hantei("compare", "runs/demo", "--out", str(out / "comparison.html"), cwd=work)
        shutil.copy(work / "runs" / "demo" / "report.html", out / "report.html")
        write_labelled(work / "labelled.csv")
        hantei("judge", "labelled.csv", "--labels", "--out", "runs/labelled", cwd=work)
        hantei("agreement", "runs/labelled", "--out", str(out / "agreement.html"), cwd=work)
        hantei("judges", "measure", "builtin", "--data", "labelled.csv", "--no-injections", "--out", "sheet", cwd=work)
        shutil.copy(work / "sheet" / "datasheet.html", out / "datasheet.html")
    for page in sorted(out.glob("*.html")):
        picture(page)


if __name__ == "__main__":
    main()
