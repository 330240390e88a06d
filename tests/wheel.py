"""Builds the wheel, installs it into an empty environment, and runs the demo from it: what a new user gets."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_WEIGHTS = 6_000_000


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    weights = sum(
        size for name, size in sizes.items() if name.startswith("hantei/judges/builtin/") and name.endswith(".npz")
    )
    if not 0 < weights <= MAX_WEIGHTS:
        sys.exit(f"the weights have {weights:,} bytes; expected some, and at most {MAX_WEIGHTS:,}")
    for wanted in (
        "hantei/judges/builtin/LICENSE.weights",
        "hantei/judges/builtin/profile.npz",
        "hantei/judges/builtin/topics.npz",
        "hantei/py.typed",
        "hantei/benchmarks/starter/ja.jsonl",
        "hantei/benchmarks/starter/ordinary.ja.jsonl",
        "hantei/training/builtin/everyday/ja.toml",
    ):
        if wanted not in sizes:
            sys.exit(f"the wheel lacks {wanted}")
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, of them weights (unpacked) {weights:,}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", str(place / "dist"), str(ROOT), cwd=place)
        (wheel,) = (place / "dist").glob("*.whl")
        check_contents(wheel)
        venv.create(place / "venv", with_pip=True)
        run(str(place / "venv/bin/python"), "-m", "pip", "install", "--quiet", str(wheel), cwd=place)
        print(run(str(place / "venv/bin/hantei"), "demo", "--out", "runs/demo", cwd=place))
        report = place / "runs/demo/report.html"
        if not report.is_file():
            sys.exit("the demo wrote no report")
        print(f"the demo runs from the wheel; its report has {report.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
