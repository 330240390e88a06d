"""A run as a folder that Hugging Face ``datasets`` loads: one Parquet table, and a card that says what it is."""

from __future__ import annotations

import json
from pathlib import Path

from hantei.errors import UsageError
from hantei.exchange.table import export_parquet
from hantei.files import write_atomic
from hantei.runs.folder import Run

_TABLE = "data/answers.parquet"
_OURS = "Answers of language models and what judges said of them, written by hantei"
"""By which a folder's README.md is known as one that was written here."""


def export_hf(run: Run, out: Path) -> Path:
    """Write ``data/answers.parquet`` and ``README.md`` into the folder ``out``; return it.

    ``datasets.load_dataset(out)`` then gives one row an answer, with each judge's verdict in columns of its own.

    Raises:
        UsageError: pyarrow is not installed, or the folder holds a README.md or a table that is not hantei's.
        RunError, RecordError: the run folder is damaged.
    """
    table, readme = out / _TABLE, out / "README.md"
    taken = next((path for path in (readme, table) if path.exists()), None)
    if taken and _OURS not in _head(readme):
        raise UsageError(f"{taken} is not hantei's and would be written over: name another --out")
    table.parent.mkdir(parents=True, exist_ok=True)
    export_parquet(run, table)
    write_atomic(readme, [_card(run).encode("utf-8", "backslashreplace")])
    return out


def _head(readme: Path) -> str:
    """Return the beginning of a README, empty where there is none."""
    if not readme.is_file():
        return ""
    with readme.open(encoding="utf-8", errors="replace") as file:
        return file.read(10_000)


def _card(run: Run) -> str:
    languages, benchmarks = set(), set()
    for prompt in run.prompts():
        languages |= {prompt.language} - {None}
        benchmarks |= {prompt.benchmark} - {None}
    info = run.info()
    judges = [f"- `{name}` ({judge.rate_kind} rate)" for name, judge in info.judges.items()]
    front = [
        "---",
        f"pretty_name: {_quoted(f'hantei run {run.path.resolve().name}')}",
        "license: other",
        *_yaml_list("language", sorted(_primary(language) for language in languages if language)),
        *_yaml_list("tags", ["safety", "evaluation", "hantei"]),
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: test",
        f"    path: {_TABLE}",
        "---",
    ]
    text = [
        "",
        f"# hantei run {run.path.resolve().name}",
        "",
        f"{_OURS} {info.hantei}.",
        "The texts may be harmful. Prompts and answers are under the terms of the benchmarks and of the models that",
        "they come from: see to these before you publish this folder, and put the licence into the head of this file.",
        "",
        f"Benchmarks: {', '.join(sorted(name for name in benchmarks if name)) or 'none named'}.",
        "",
        "Judges:",
        "",
        *(judges or ["- none"]),
        "",
        "One row an answer. `prompt` and `response` are the texts; `JUDGE.unsafe`, `JUDGE.score`, `JUDGE.refusal` and",
        "so on are a judge's verdict, and `JUDGE.status` is not `ok` where there is none. `hantei` holds the whole",
        "records for `hantei import`.",
        "",
    ]
    return "\n".join([*front, *text])


def _primary(language: str) -> str:
    return language.split("-")[0].lower()


def _yaml_list(key: str, values: list[str]) -> list[str]:
    """Return a YAML list; every value is quoted, because a bare ``no`` (Norwegian) would be read as false."""
    return [f"{key}:", *(f"- {_quoted(value)}" for value in dict.fromkeys(values))] if values else []


def _quoted(text: str) -> str:
    return json.dumps(text)
