"""What a training leaves behind: the plan that it goes by, predictions of held-out rows, measures, and the card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from hantei import benchmarks
from hantei.errors import RunError
from hantei.files import write_atomic
from hantei.judges.encoder.heads import HEADS, slices
from hantei.record_lines import to_line
from hantei.records import REFUSALS, Judgment
from hantei.runs.folder import json_text
from hantei.training.builtin.scoring import EvaluationMeasure
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.rows import Rows, class_counts
from hantei.training.encoder.scores import HeldOut, predicted_classes
from hantei.version import __version__

PLAN, HELD_OUT, MEASURES = "training.json", "held_out.jsonl", "measures.json"
_LIBRARIES = ("torch", "transformers")


def versions() -> dict[str, str]:
    """Return the versions of hantei and of the libraries that decide the weights."""
    return {"hantei": __version__} | {name: version(name) for name in _LIBRARIES}


def plan_of(rows: Rows, options: TrainOptions) -> dict[str, Any]:
    """Return what decides the weights: options, files and a benchmark by checksum, versions."""
    benchmark = benchmarks.identity(options.benchmark) if options.benchmark else None
    files = [asdict(file) for file in rows.files]
    plan = {**options.plan(), "benchmark": benchmark, "files": files, "versions": versions()}
    found: dict[str, Any] = json.loads(json.dumps(plan))
    return found


def keep_plan(out: Path, plan: Mapping[str, Any]) -> None:
    """Write the plan into a new folder, or make sure that the training there is of the same plan.

    Raises:
        RunError: the folder holds another training, or something else.
    """
    file = out / PLAN
    if not file.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise RunError(f"{out}: holds something that is no training of an encoder; choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        write_atomic(file, [json_text(dict(plan))])
        return
    try:
        there = dict(json.loads(file.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise RunError(f"{file}: expected the plan of a training: {error}; choose another --out") from None
    changed = [f"{key} was {_short(there.get(key))}, now {_short(value)}" for key, value in plan.items()
               if there.get(key) != value]  # fmt: skip
    if changed:
        raise RunError(f"{out}: holds another training ({'; '.join(changed)}); choose another --out or delete it")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= 60:
        return text
    return f"{text[:40]}... ({hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]})"


def judge_name(out: Path) -> str:
    """Return the name of the judge in a folder: ``encoder@hf/PATH``, reserved characters percent-encoded."""
    return f"encoder@hf/{quote(str(out), safe='/.-_~')}"


def write_held_out(out: Path, rows: Rows, said: HeldOut) -> None:
    """Write one judgment for each held-out row, in the order of the rows."""
    order = np.argsort(said.rows, kind="stable")
    kept = HeldOut(said.rows[order], said.fold[order], said.probabilities[order])
    write_atomic(out / HELD_OUT, (to_line(judgment) for judgment in judgments(judge_name(out), rows, kept)))


def judgments(judge: str, rows: Rows, said: HeldOut) -> Iterator[Judgment]:
    """Yield what networks said of rows held out from them, as judgments by the rows' ids."""
    columns = slices(rows.heads)
    best = {head: predicted_classes(head, said.probabilities[:, place]) for head, place in columns.items()}
    for number, row in enumerate(said.rows.tolist()):
        chances = {head: np.round(said.probabilities[number, place], 6).tolist() for head, place in columns.items()}
        yield Judgment(
            response_id=rows.ids[row],
            judge=judge,
            unsafe=bool(best["unsafe"][number]) if "unsafe" in best else None,
            p_unsafe=chances["unsafe"][1] if "unsafe" in best else None,
            probabilities={
                head: dict(zip(HEADS[head], found, strict=True)) for head, found in chances.items() if head != "unsafe"
            },
            action=int(best["action"][number]) if "action" in best else None,
            refusal=REFUSALS[best["refusal"][number]] if "refusal" in best else None,
        )


def write_measures(out: Path, measures: Sequence[EvaluationMeasure]) -> None:
    """Write all measures as JSON."""
    write_atomic(out / MEASURES, [json_text([measured(measure) for measure in measures])])


def measured(measure: EvaluationMeasure) -> dict[str, Any]:
    """Return a measure as cards hold it."""
    keys = ("protocol", "data", "language", "head", "metric")
    interval = [round(measure.low, 4), round(measure.high, 4)]
    return {
        **{key: getattr(measure, key) for key in keys},
        "value": round(measure.value, 4),
        "interval": interval,
        "n": measure.n,
    }


def card(
    rows: Rows, options: TrainOptions, history: Mapping[str, Any], measures: Sequence[EvaluationMeasure]
) -> dict[str, Any]:
    """Return the card of a judge, but for what ``judges/encoder/folder`` adds.

    Args:
        rows: those that it was trained on, the validation share included.
        options: of the training.
        history: how the fit went.
        measures: of rows held out.
    """
    languages = rows.languages()
    return {
        "name": "encoder",
        "version": __version__,
        "title": f"{', '.join(rows.heads)} by a fine-tuned {options.model}",
        "description": f"An encoder fine-tuned from {options.model} on {len(rows):,} labelled answers; it reads the "
        f"{options.text}. It says what people who labelled its training rows would say: on answers unlike these, "
        "compare it with labels before you rely on it.",
        "licence": options.licence,
        "terms": "Those of the base model and of the training data; the licence above is as stated by who trained it.",
        "evidence": "measured on data held out from training, see measured",
        "rate_kind": "flagged",
        "languages": list(languages),
        "notices": [f"This judge was trained on labelled data whose licence is: {options.licence}."],
        "weak": list(_weak(rows, measures)),
        "training": {
            **{key: value for key, value in options.plan().items() if value is not None},
            **history,
            "versions": versions(),
            "rows_by_language": languages,
            "labels": _labels(rows),
        },
        "sources": list(_sources(rows)),
        "measured": [measured(measure) for measure in measures],
    }


def _sources(rows: Rows) -> Iterator[dict[str, Any]]:
    for number, file in enumerate(rows.files):
        used = int((rows.file == number).sum())
        yield {"title": f"{file.name}, {used:,} rows", **asdict(file), "rows": used}


def _labels(rows: Rows) -> dict[str, dict[str, int]]:
    return {
        head: dict(zip(HEADS[head], class_counts(label, len(HEADS[head])), strict=True))
        for head, label in rows.labels.items()
    }


def _weak(rows: Rows, measures: Sequence[EvaluationMeasure]) -> Iterator[str]:
    for head, counts in _labels(rows).items():
        rare = [f"{name} ({count})" for name, count in counts.items() if count < 50]
        if rare:
            yield f"Few rows to learn {head} from: {', '.join(rare)}."
    for measure in measures:
        if measure.metric == "recall of harmful" and measure.data in ("all together", "validation rows"):
            yield f"It finds {100 * measure.value:.0f}% of the answers that people call harmful ({measure.protocol})."
