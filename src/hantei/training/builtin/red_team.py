"""Answers to jailbreaks with people's labels, and risky prompts without answers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from hantei.training.builtin.files import read_csv, read_json
from hantei.training.builtin.row import TrainingRow, TrainingSource


def _latent_jailbreak(data: Path) -> Iterator[TrainingRow]:
    for file in sorted((data / "latent_jailbreak_p1").glob("*/*.json")):
        for lines in read_json(file).values():
            for line in lines:
                yield TrainingRow(
                    source="latent-jailbreak",
                    language="en",
                    prompt=line["context"],
                    response=line["response"],
                    unsafe=line["safety"] == "unsafe",
                    intent=True,
                    system=file.parent.name,
                )


def _gptfuzz(data: Path) -> Iterator[TrainingRow]:
    folder = data / "gptfuzz_labeled"
    questions = [line["text"] for line in read_csv(folder / "question_list.csv")]
    for part in ("train", "evaluate"):
        for line in read_csv(folder / f"{part}.csv"):
            if line["Response"].strip():
                yield TrainingRow(
                    source="gptfuzz",
                    language="en",
                    prompt=questions[int(line["question"])],
                    response=line["Response"],
                    unsafe=line["label"].strip() == "1",
                    intent=True,
                    system=part,
                )


def _multijail(data: Path) -> Iterator[TrainingRow]:
    for line in read_csv(data / "multijail" / "MultiJail.csv"):
        for language in ("en", "zh"):
            if asked := line[language].strip():
                yield TrainingRow(source="multijail", language=language, prompt=asked, response=None, intent=True)


_XSAFETY = {"crimes_and_illegal_activities": True, "unsafe_instruction_topic": True, "commonsense": False}


def _xsafety(data: Path) -> Iterator[TrainingRow]:
    """Yield the prompts of the kinds that are surely risky, or surely not."""
    for language in ("en", "ja", "zh"):
        for file in sorted((data / "xsafety" / language).glob("*.csv")):
            kind = file.stem.lower().removesuffix("_en").removesuffix("_n")
            if kind not in _XSAFETY:
                continue
            with file.open(encoding="utf-8-sig", newline="") as lines:
                for line in csv.reader(lines):
                    if line and (asked := line[0].strip().strip('"').strip()):
                        yield TrainingRow(
                            source="xsafety", language=language, prompt=asked, response=None, intent=_XSAFETY[kind]
                        )


RED_TEAM: dict[str, TrainingSource] = {
    "latent-jailbreak": TrainingSource(
        "Latent Jailbreak: answers to tasks with an instruction hidden in them",
        "https://github.com/qiuhuachuan/latent-jailbreak",
        "MIT",
        "attribution",
        True,
        _latent_jailbreak,
    ),
    "gptfuzz": TrainingSource(
        "GPTFuzz: answers to jailbreaks, labelled as complying or not",
        "https://github.com/sherdencooper/GPTFuzz",
        "MIT",
        "attribution",
        True,
        _gptfuzz,
    ),
    "multijail": TrainingSource(
        "MultiJail: risky prompts in several languages",
        "https://github.com/DAMO-NLP-SG/multilingual-safety-for-LLMs",
        "Apache-2.0",
        "attribution",
        True,
        _multijail,
    ),
    "xsafety": TrainingSource(
        "XSafety: prompts by kind; crimes and unsafe instructions taken for risky, common sense for not",
        "https://github.com/Jarviswang94/Multilingual_safety_benchmark",
        "Apache-2.0",
        "attribution",
        True,
        _xsafety,
    ),
}
"""Sources of answers to jailbreaks, and of risky prompts, by name."""
