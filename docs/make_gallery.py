"""Make the pages of docs/gallery.md, by the commands that a reader would give.

    python docs/make_gallery.py [--out docs/gallery]

Nothing is asked of the network. make_pictures.py takes the pictures.
"""

from __future__ import annotations

import argparse
import csv
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hantei import benchmarks

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the gallery: what makes it, in order, and the file that this leaves.

    ``steps`` are commands of hantei, and functions that take the folder and write a file into it as a reader has one.
    """

    name: str
    file: str
    steps: tuple[str | Callable[[Path], None], ...]


def write_labelled(folder: Path) -> None:
    """Write a file of the starter's answers in English with the labels that their authors intended."""
    prompts = {prompt.id: prompt.text for prompt in benchmarks.load_benchmark("starter")}
    answers = map(json.loads, benchmarks.starter_answers()[0].read_text(encoding="utf-8").splitlines())
    with (folder / "labelled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "system", "question", "answer", "unsafe"])
        for row in answers:
            label = int(row["intended"]["unsafe"])
            writer.writerow([row["prompt_id"], row["system"], prompts[row["prompt_id"]], row["response"], label])


def fill_in(folder: Path) -> None:
    """Label the chosen answers of labels.csv as labelled.csv does."""
    with (folder / "labelled.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["question"], row["answer"]): row["unsafe"] for row in csv.DictReader(file)}
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [{**row, "unsafe": known[row["prompt"], row["response"]]} for row in csv.DictReader(file)]
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def copy_of(file: str, name: str) -> Callable[[Path], None]:
    """Return a step that puts a file of the repository into the folder."""

    def step(folder: Path) -> None:
        shutil.copy(ROOT / file, folder / name)

    return step


PAGES = (
    Page("report", "runs/demo/report.html", ("demo",)),
    Page("worst", "worst.html", ("worst runs/demo -n 10 --out worst.html",)),
    Page("comparison", "comparison.html", ("compare runs/demo --out comparison.html",)),
    Page(
        "agreement",
        "agreement.html",
        (
            write_labelled,
            "judge labelled.csv --labels --out runs/labelled",
            "agreement runs/labelled --out agreement.html",
        ),
    ),
    Page(
        "estimate",
        "estimate.html",
        (
            "annotate runs/labelled --choose 100 --out labels.csv",
            fill_in,
            "estimate runs/labelled --labels labels.csv --out estimate.html",
        ),
    ),
    Page(
        "datasheet",
        "sheet/datasheet.html",
        ("judges measure builtin --data labelled.csv --no-injections --out sheet",),
    ),
    Page(
        "calibration",
        "runs/labelled/report.html",
        (
            "calibrate runs/labelled --labels human:given --out mine.json",
            "judge runs/labelled --judge 'builtin?calibration=mine.json'",
        ),
    ),
    Page("ranking", "ranking.html", ("judges rank runs/labelled --out ranking.html",)),
    Page(
        "ablation",
        "ablation.html",
        ("judges ablate builtin --variant 'builtin?calibration=mine.json' --data labelled.csv --page ablation.html",),
    ),
    Page(
        "critiques",
        "critiques.html",
        (
            copy_of("src/hantei/critiques/labelled/en.jsonl", "critiques.jsonl"),
            "critiques score critiques.jsonl --reference critiques.jsonl --matcher lexical --out critiques.html",
        ),
    ),
    Page("damages", "damages.html", ("critiques check --limit 3 --matcher lexical --out damages.html",)),
    Page(
        "correction",
        "runs/corrected/report.html",
        (
            copy_of("docs/example/answers.jsonl", "answers.jsonl"),
            copy_of("docs/example/recorded.jsonl", "recorded.jsonl"),
            "correct answers.jsonl --model replay/recorded.jsonl --judge 'builtin?encoder=none' --out runs/corrected",
        ),
    ),
    Page(
        "drafts",
        "drafts.html",
        (
            "benchmarks draft builds/mine --language en,ja --make twin --each 1",
            "benchmarks filter builds/mine --out drafts.html",
        ),
    ),
)


def hantei(command: str, folder: Path) -> None:
    """Run a command; one that exits with 1 has still written its page.

    Raises:
        SystemExit: it failed.
    """
    words = [sys.executable, "-m", "hantei", *shlex.split(command)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"hantei {command}: {done.stderr}")


def make(page: Page, folder: Path, out: Path) -> Path:
    """Make a page in a folder where those before it were made; return where it is now."""
    for step in page.steps:
        if isinstance(step, str):
            hantei(step, folder)
        else:
            step(folder)
    return Path(shutil.copy(folder / page.file, out / f"{page.name}.html"))


def main() -> None:
    """Make all pages."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "gallery")
    out = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for page in PAGES:
            print(make(page, Path(folder), out))


if __name__ == "__main__":
    main()
