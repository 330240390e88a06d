"""The labelled answers that the built-in judge learns from, read from a folder of public data and from our own rows.

Each source gives only the labels that its annotators gave. Nothing is guessed, with two exceptions that follow from the
definitions: Do-Not-Answer's action 0 ("not willing to answer") is a full refusal and its action 5 ("directly follows
the instruction") is none; the actions between say nothing certain of refusal and stay without that label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hantei.errors import InputError, UsageError
from hantei.judges.builtin.labels import HARMS
from hantei.training.builtin.files import read_csv, read_json, read_lines
from hantei.training.builtin.framed import framed
from hantei.training.builtin.harms import DNA_HARMS, JADE_HARM_OF
from hantei.training.builtin.ordinary import EVERYDAY, ORDINARY
from hantei.training.builtin.red_team import RED_TEAM
from hantei.training.builtin.row import Licences, TrainingRow, TrainingSource

DNA_MODELS = ("GPT4", "ChatGPT", "Claude", "ChatGLM2", "llama2-7b-chat", "vicuna-7b")
"""The six systems that answered Do-Not-Answer, by the names in its files."""

CHAT_KINDS = (
    "Offending User",
    "Risk Ignorance",
    "Unauthorized Expertise",
    "Toxicity Agreement",
    "Biased Opinion",
)
"""DiaSafety's five kinds of context in which a chat partner's remark may be unsafe."""

XSTEST_MODELS = ("gpt4", "mistralinstruct")
"""The systems whose answers to XSTest are in the folder."""


def _do_not_answer(data: Path) -> Iterator[TrainingRow]:
    folder = data / "do_not_answer"
    for model in DNA_MODELS:
        for line in read_csv(folder / "human" / f"annotated_response_{model}.csv"):
            action = int(line["action"])
            yield TrainingRow(
                source="do-not-answer",
                language="en",
                prompt=line["question"],
                response=line["response"],
                unsafe=line["harmful"] == "1",
                action=action,
                refusal={0: 2, 5: 0}.get(action),
                intent=True,
                system=model,
            )
    for line in read_csv(folder / "prompts_en.csv"):
        harm = HARMS.index(DNA_HARMS[line["types_of_harm"]])
        yield TrainingRow(
            source="do-not-answer", language="en", prompt=line["question"], response=None, harm=harm, intent=True
        )


def _safety_j(file: str, source: str, language: str) -> Callable[[Path], Iterator[TrainingRow]]:
    def read(data: Path) -> Iterator[TrainingRow]:
        for line in read_json(data / "safety_j" / "label_level" / f"{file}.dev.json"):
            unsafe = {"Unsafe": True, "不安全": True, "Safe": False, "安全": False}[line["label"]]
            yield TrainingRow(
                source=source,
                language=language,
                prompt=line["query"],
                response=line["response"],
                unsafe=unsafe,
                intent=True,
            )

    return read


def _diasafety(data: Path) -> Iterator[TrainingRow]:
    for split in ("train", "val"):
        for line in read_json(data / "diasafety" / f"{split}.json"):
            yield TrainingRow(
                source="diasafety",
                language="en",
                prompt=line["context"],
                response=line["response"],
                unsafe=line["label"] == "Unsafe",
                system=split,
                kind=CHAT_KINDS.index(line["category"]),
            )


def _jade(data: Path) -> Iterator[TrainingRow]:
    for level in ("hard", "medium"):
        for line in read_csv(data / "jade" / f"jade_alignment_{level}_zh.csv", "gb18030"):
            for column, unsafe in (("违规回答", True), ("安全有用回答", False)):
                yield TrainingRow(
                    source="jade",
                    language="zh",
                    prompt=line["问题"],
                    response=line[column],
                    unsafe=unsafe,
                    intent=True,
                    system=column,
                )
    for name, language in (("zh", "zh"), ("easy_zh", "zh"), ("medium_zh", "zh"), ("en", "en")):
        for line in read_csv(data / "jade" / f"jade_benchmark_{name}.csv"):
            harm = JADE_HARM_OF.get(line["违规子类"].strip())
            number = None if harm is None else HARMS.index(harm)
            yield TrainingRow(
                source="jade", language=language, prompt=line["问题"], response=None, harm=number, intent=True
            )


def _xstest(data: Path) -> Iterator[TrainingRow]:
    labels = {"1_full_compliance": 0, "2_full_refusal": 2, "3_partial_refusal": 1}
    prompts = list(read_csv(data / "xstest" / "xstest_prompts.csv"))
    harmful = {line["prompt"]: {"safe": False, "unsafe": True}[line["label"]] for line in prompts}
    for model in XSTEST_MODELS:
        for line in read_csv(data / "xstest" / f"completions_{model}.csv"):
            yield TrainingRow(
                source="xstest",
                language="en",
                prompt=line["prompt"],
                response=line["completion"],
                refusal=labels[line["final_label"]],
                intent=harmful.get(line["prompt"]),
                system=model,
            )
    for prompt, risky in harmful.items():
        yield TrainingRow(source="xstest", language="en", prompt=prompt, response=None, intent=risky)


ROWS = Path(__file__).parent / "rows"
"""Rows written for this project."""


def written(folder: Path = ROWS) -> Iterator[TrainingRow]:
    """Yield the rows written for this project, file by file in the order of their names."""
    for file in sorted(folder.glob("*.jsonl")):
        for record in read_lines(file):
            yield TrainingRow(
                source="written",
                language=record["language"],
                prompt=record["prompt"],
                response=record["response"],
                unsafe=record["unsafe"],
                action=record["action"],
                refusal=("none", "partial", "full").index(record["refusal"]),
                harm=HARMS.index(record["harm"]) if record.get("harm") else None,
                intent=record["intent"] == "harmful",
                system=file.stem,
            )


SOURCES: dict[str, TrainingSource] = {
    "do-not-answer": TrainingSource(
        "Do-Not-Answer: six models' answers with people's labels",
        "https://github.com/Libr-AI/do-not-answer",
        "CC-BY-NC-SA-4.0",
        "attribution, no commercial use, adaptations under the same licence",
        False,
        _do_not_answer,
    ),
    "beavertails": TrainingSource(
        "BeaverTails answers, labelled for SAFETY-J",
        "https://github.com/GAIR-NLP/Safety-J",
        "none stated by SAFETY-J; BeaverTails is CC-BY-NC-4.0",
        "attribution, no commercial use",
        False,
        _safety_j("BeaverTails", "beavertails", "en"),
    ),
    "safety-j-jade": TrainingSource(
        "Answers to JADE's questions, labelled for SAFETY-J",
        "https://github.com/GAIR-NLP/Safety-J",
        "none stated by SAFETY-J; JADE is MIT",
        "the repository states no terms",
        False,
        _safety_j("Jade", "safety-j-jade", "zh"),
    ),
    "safety-j-flames": TrainingSource(
        "Answers to prompts of Flames, labelled for SAFETY-J",
        "https://github.com/GAIR-NLP/Safety-J",
        "none stated by SAFETY-J; Flames is Apache-2.0",
        "the repository states no terms",
        False,
        _safety_j("Flames", "safety-j-flames", "zh"),
    ),
    "diasafety": TrainingSource(
        "DiaSafety: dialogue responses, safe or unsafe in their context",
        "https://github.com/thu-coai/DiaSafety",
        "Apache-2.0",
        "attribution",
        True,
        _diasafety,
    ),
    "jade": TrainingSource(
        "JADE: prompts with their class, and alignment pairs of a violating and a safe answer",
        "https://github.com/whitzard-ai/jade-db",
        "MIT",
        "attribution",
        True,
        _jade,
    ),
    "xstest": TrainingSource(
        "XSTest: completions labelled as compliance, partial or full refusal",
        "https://github.com/paul-rottger/exaggerated-safety",
        "CC-BY-4.0",
        "attribution (stated for the prompts)",
        True,
        _xstest,
    ),
    "written": TrainingSource(
        "Rows written for hantei in Japanese, Chinese and English; the labels are their authors'",
        "src/hantei/training/builtin/rows",
        "Apache-2.0",
        "attribution",
        True,
        lambda _data: written(),
    ),
    **ORDINARY,
    **RED_TEAM,
    "everyday": EVERYDAY,
}
"""All sources by name, in the order in which they are read."""


_UNFRAMED = ("latent-jailbreak", "everyday")


def load_rows(data: Path) -> list[TrainingRow]:
    """Return all labelled rows under the folder ``data``, sources in the order of SOURCES.

    Raises:
        UsageError: ``data`` is no folder.
        InputError: a file is missing or lacks a column or label.
    """
    if not data.is_dir():
        raise UsageError(f"{data}: expected the folder of public training data; docs/builtin.md says what is in it")
    rows: list[TrainingRow] = []
    for name, source in SOURCES.items():
        try:
            rows.extend(source.read(data))
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"training source {name} under {data}: {error}; get the file again") from None
    rows = [row for row in rows if row.response is None or row.response.strip()]
    return [*rows, *framed(row for row in rows if row.source not in _UNFRAMED)]


def may_train(row: TrainingRow, licences: Licences) -> bool:
    """Return whether a row's terms let it be trained on: ``permissive`` takes what allows every use if it is named."""
    return licences == "all" or SOURCES[row.source].permissive
