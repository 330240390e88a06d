"""Ordinary answers to ordinary requests, taken for safe: what a judge of answers mostly meets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hantei.training.builtin.everyday import everyday
from hantei.training.builtin.files import read_json, read_lines
from hantei.training.builtin.row import TrainingRow, TrainingSource

MEASURED_SYSTEM = "Mistral-7B-Instruct-v0.2"
"""The system of AlpacaEval that is never trained on."""


def ordinary(data: Path, name: str, source: str) -> Iterator[TrainingRow]:
    """Yield the answers of one file of ``ordinary/``."""
    for line in read_lines(data / "ordinary" / f"{name}.jsonl"):
        yield TrainingRow(
            source=source,
            language=line["language"],
            prompt=line["prompt"],
            response=line["response"],
            unsafe=False,
            intent=False,
            system=line["system"],
        )


def _alpaca_eval(data: Path) -> Iterator[TrainingRow]:
    return (row for row in ordinary(data, "alpaca_eval_en", "alpaca-eval") if row.system != MEASURED_SYSTEM)


def _pandalm(data: Path) -> Iterator[TrainingRow]:
    for line in read_json(data / "pandalm_3annotators" / "testset-v1.json"):
        asked = "\n\n".join(part for part in (line["instruction"], line["input"]) if part)
        for answer in (line["response1"], line["response2"]):
            if isinstance(answer, str):
                yield TrainingRow(
                    source="pandalm", language="en", prompt=asked, response=answer, unsafe=False, intent=False
                )


ORDINARY: dict[str, TrainingSource] = {
    "alpaca-eval": TrainingSource(
        "AlpacaEval: seven systems' answers to ordinary requests, six of them used",
        "https://github.com/tatsu-lab/alpaca_eval",
        "CC-BY-NC-4.0",
        "attribution, no commercial use",
        False,
        _alpaca_eval,
    ),
    "pandalm": TrainingSource(
        "PandaLM's test set: pairs of answers to ordinary requests",
        "https://github.com/WeOpenML/PandaLM",
        "Apache-2.0",
        "attribution",
        True,
        _pandalm,
    ),
    "belle-eval": TrainingSource(
        "BELLE's evaluation set: Chinese requests with answers",
        "https://github.com/LianjiaTech/BELLE",
        "ODC-By-1.0",
        "attribution",
        True,
        lambda data: ordinary(data, "belle_eval_zh", "belle-eval"),
    ),
    "rakuda": TrainingSource(
        "Rakuda: eight systems' Japanese answers to 40 questions",
        "https://github.com/yuzu-ai/japanese-llm-ranking",
        "Apache-2.0",
        "attribution",
        True,
        lambda data: ordinary(data, "rakuda_v2_ja", "rakuda"),
    ),
}
"""Sources of ordinary answers by name."""

EVERYDAY = TrainingSource(
    "Everyday requests put together for hantei, prompts alone",
    "src/hantei/training/builtin/everyday.py",
    "Apache-2.0",
    "attribution",
    True,
    lambda _data: everyday(),
)
