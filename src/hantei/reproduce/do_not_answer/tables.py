"""Tables 4, 5, 6, 10 and 11 and the radar of risk areas, computed from the recorded labels beside what is printed.

Source: arXiv 2308.13387. Scores are macro averages over the classes that occur, means over the six models are
unweighted, and standard deviations are those of a sample (n - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hantei.arrays import Doubles
from hantei.records import ACTIONS
from hantei.reports.figures import Radar
from hantei.reports.section import Cell, Number, Section, numbers
from hantei.reproduce.do_not_answer.counts import ScoreTables, draws, estimate, scores, tables
from hantei.reproduce.do_not_answer.published import PaperCell, mean_of_rounded, published
from hantei.reproduce.do_not_answer.reading import AREAS, NONE, TITLES, JudgeLabels, Study
from hantei.reproduce.do_not_answer.sections import SectionRows, difference

CLASSES = {"action": 6, "harmful": 2}
METRICS = ("accuracy", "precision", "recall", "F1")
_BY_MODEL = {
    "action": ("table-4", "Table 4: what the answer does, six actions"),
    "harmful": ("table-5", "Table 5: harmful or not"),
}
_PRINTED = ("GPT-4", "Longformer")
_ORDER = ("llama2-7b-chat", "ChatGPT", "Claude", "GPT4", "vicuna-7b", "ChatGLM2")
MARKS = "computed (printed); ~ agrees only where the mean is taken of the rounded cells, ! differs from the paper"
_PAIRED = (
    f"Percent, means over the six models; {MARKS}. Intervals draw questions, the same ones for both judges, and are "
    "not corrected for their number."
)


def counted(study: Study, judge: JudgeLabels, head: str, times: Doubles) -> Doubles:
    """Return how often each of a judge's guesses met each of people's labels, (draws, models, classes, classes).

    Args:
        study: the answers with labels of people.
        judge: whose guesses are compared with the labels.
        head: ``action`` or ``harmful``.
        times: how often each draw takes each question, (draws, questions).
    """
    return tables(study.people.labels(head), judge.labels(head), CLASSES[head], times)


def scored(study: Study, judge: JudgeLabels, head: str, times: Doubles) -> ScoreTables:
    """Return a judge's scores by draw and model, (draws, 6); nan for a model of which it judged nothing.

    Args:
        study: the answers with labels of people.
        judge: whose guesses are compared with the labels.
        head: ``action`` or ``harmful``.
        times: how often each draw takes each question, (draws, questions).
    """
    return scores(counted(study, judge, head, times))


def by_model(study: Study, head: str, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return Table 4 (``action``) or Table 5 (``harmful``), with the same columns for ``more`` judges."""
    rows = SectionRows()
    for judge in [*(study.judge(name) for name in _PRINTED), *more]:
        if (judge.labels(head) != NONE).any():
            _judge_rows(rows, study, judge, head)
    key, title = _BY_MODEL[head]
    return rows.section(
        key=key,
        title=title,
        header=("judge", "answers of", "n", *METRICS),
        remarks=[f"Percent, macro averages; {MARKS}.", *_rounded_notes(rows)],
    )


def _judge_rows(rows: SectionRows, study: Study, judge: JudgeLabels, head: str) -> None:
    """Add a judge's scores on each model's answers, their mean and their standard deviation."""
    printed = published()[head].get(judge.name, {})
    percents = 100 * scored(study, judge, head, np.ones((1, len(study.ids)))).means()[0]
    sizes = (judge.labels(head) != NONE).sum(axis=1).tolist()
    for place, model in enumerate(TITLES):
        if sizes[place]:
            cells = [PaperCell(v, p) for v, p in zip(percents[place].tolist(), _printed(printed, place), strict=True)]
            _add(rows, judge, TITLES[model], sizes[place], cells)
    covered = percents[np.array(sizes) > 0]
    mean = [
        PaperCell(float(column.mean()), one, mean_of_rounded(column.tolist()))
        for column, one in zip(covered.T, printed.get("mean", [None] * 4), strict=True)
    ]
    _add(rows, judge, "mean", sum(sizes), mean)
    if len(covered) > 1:
        spread = covered.std(axis=0, ddof=1).tolist()
        std = [PaperCell(v, p) for v, p in zip(spread, printed.get("std", [None] * 4), strict=True)]
        _add(rows, judge, "std", sum(sizes), std)


def _printed(printed: dict[str, list[list[float]]], place: int) -> Sequence[float | None]:
    return printed["cells"][place] if printed else [None] * len(METRICS)


def _add(rows: SectionRows, judge: JudgeLabels, of: str, n: int, cells: Sequence[PaperCell]) -> None:
    data = {"judge": judge.name, "how": judge.how, "of": of, "n": n}
    data |= {metric: cell.data() for metric, cell in zip(METRICS, cells, strict=True)}
    rows.add([judge.name, of, f"{n:,}", *(cell.cell() for cell in cells)], data)


def _rounded_notes(rows: SectionRows) -> list[str]:
    """Say of each printed mean that only the rounded cells give what both ways of averaging give."""
    return [
        f"{row['judge']}, mean {metric}: {row[metric]['value']:.3f} from exact values, "
        f"{row[metric]['mean_of_rounded_cells']:.3f} from the rounded cells, printed {row[metric]['published']:.1f}."
        for row in rows.data
        for metric in METRICS
        if row[metric]["agrees"] == "of rounded cells"
    ]


def safe(study: Study, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return Table 6: the share of answers that people and judges call harmless."""
    judges = [study.people, *(study.judge(name) for name in _PRINTED)]
    judges += [judge for judge in more if (judge.harmful != NONE).any()]
    rows = SectionRows()
    for model in _ORDER:
        place = list(TITLES).index(model)
        cells = [_safe(judge, place) for judge in judges]
        data = {"of": TITLES[model]} | {j.name: c and c.data() for j, c in zip(judges, cells, strict=True)}
        rows.add([TITLES[model], *(cell.cell() if cell else "-" for cell in cells)], data)
    return rows.section(
        key="table-6",
        title="Table 6: share of harmless answers",
        header=("answers of", *(judge.name for judge in judges)),
        remarks=[f"Percent; {MARKS}."],
    )


def _safe(judge: JudgeLabels, place: int) -> PaperCell | None:
    known = judge.harmful[place][judge.harmful[place] != NONE]
    printed = published()["safe"].get(judge.name)
    return PaperCell(100 * float((known == 0).mean()), printed[place] if printed else None) if len(known) else None


def instruction(study: Study) -> Section:
    """Return Table 10: what Longformer gains from seeing the instruction, with paired intervals."""
    times = draws(len(study.ids))
    judges = [study.judge(name) for name in ("Longformer", "Longformer, answer only")]
    rows = SectionRows()
    for head in CLASSES:
        means = [scored(study, judge, head, times).means().mean(axis=1) for judge in judges]
        for place, metric in enumerate(METRICS):
            _gain_row(rows, head, metric, *(one[:, place] for one in means))
    sure = [f"{row['head']} {row['metric']}" for row in rows.data if row["low"] > 0]
    return rows.section(
        key="table-10",
        title="Table 10: what the instruction adds to the answer",
        header=("head", "metric", "with", "answer only", "difference", "95% interval"),
        remarks=[_PAIRED, _surely(sure, len(rows.cells), "Differences")],
    )


def _gain_row(rows: SectionRows, head: str, metric: str, both: Doubles, alone: Doubles) -> None:
    gain = estimate(both - alone)
    value, low, high = (100 * one for one in numbers(gain))
    figure = PaperCell(value, published()["instruction"][head][METRICS.index(metric)])
    means = 100 * float(both[0]), 100 * float(alone[0])
    data = {"head": head, "metric": metric, "with": means[0], "without": means[1], **figure.data()}
    data |= {"low": low, "high": high}
    rows.add([head, metric, *(f"{mean:.2f}" for mean in means), figure.cell(True), difference(gain)], data)


def by_action(study: Study) -> Section:
    """Return Table 11: Longformer less BERT by action, F1 and recall, with paired intervals."""
    times = draws(len(study.ids))
    long, short = (scored(study, study.judge(name), "action", times) for name in ("Longformer", "BERT"))
    rows = SectionRows()
    for action in range(len(ACTIONS)):
        _action_row(rows, action, long, short)
    sure = [f"{ACTIONS[row['action']]} ({row['action']})" for row in rows.data if row["f1"]["low"] > 0]
    return rows.section(
        key="table-11",
        title="Table 11: Longformer less BERT by action",
        header=("action", "BERT F1", "Longformer F1", "difference", "95% interval", "of recall", "95% interval"),
        remarks=[_PAIRED, _surely(sure, len(rows.cells), "Differences of F1")],
    )


def _action_row(rows: SectionRows, action: int, long: ScoreTables, short: ScoreTables) -> None:
    printed = published()["by_action"]
    f1 = estimate((long.class_f1 - short.class_f1).mean(axis=1)[:, action])
    recall = estimate((long.class_recall - short.class_recall).mean(axis=1)[:, action])
    of_f1, of_recall = ([100 * number for number in numbers(one)] for one in (f1, recall))
    figures = [
        PaperCell(of_f1[0], printed["f1"][action]),
        PaperCell(of_recall[0], printed["recall"].get(str(action))),
    ]
    means = [100 * float(one.class_f1[0, :, action].mean()) for one in (short, long)]
    data: dict[str, Any] = {"action": action, "bert_f1": means[0], "longformer_f1": means[1]}
    data["f1"] = {**figures[0].data(), "low": of_f1[1], "high": of_f1[2]}
    data["recall"] = {**figures[1].data(), "low": of_recall[1], "high": of_recall[2]}
    cells: list[Cell] = [f"{ACTIONS[action]} ({action})", *(f"{mean:.2f}" for mean in means)]
    cells += [figures[0].cell(True), difference(f1), figures[1].cell(True), difference(recall)]
    rows.add(cells, data)


def _surely(sure: Sequence[str], of: int, what: str) -> str:
    if not sure:
        return f"{what} that are surely above zero (whole interval): none of {of}."
    return f"{what} that are surely above zero (whole interval): {', '.join(sure)}; the other {of - len(sure)} are not."


def areas(study: Study, more: Sequence[JudgeLabels] = ()) -> Section:
    """Return the radar: the share of harmful answers by risk area and model, as people and ``more`` judges say."""
    sizes = np.bincount(study.area, minlength=len(AREAS)).tolist()
    rows = SectionRows()
    for judge in (study.people, *(judge for judge in more if (judge.harmful != NONE).any())):
        for place, model in enumerate(TITLES):
            _area_row(rows, study, judge, place, TITLES[model])
    return rows.section(
        key="areas",
        title="Radar: share of harmful answers by risk area",
        header=("judge", "answers of", *(f"{name}, n={n}" for name, n in zip(AREAS.values(), sizes, strict=True))),
        remarks=["Percent of an area's answers; in brackets how many of them, computed / in the paper's notebook."],
        figures=[_radar(rows)],
    )


def _area_row(rows: SectionRows, study: Study, judge: JudgeLabels, place: int, title: str) -> None:
    known = judge.harmful[place] != NONE
    if not known.any():
        return
    hits = np.bincount(study.area[known & (judge.harmful[place] == 1)], minlength=len(AREAS))
    sizes = np.bincount(study.area[known], minlength=len(AREAS))
    printed = published()["areas"]["harmful"][place] if judge is study.people else [None] * len(AREAS)
    figures = [
        PaperCell(float(hit), None if one is None else float(one)) for hit, one in zip(hits, printed, strict=True)
    ]
    shares = (hits / np.maximum(sizes, 1)).tolist()
    cells = [_area_cell(share, figure) for share, figure in zip(shares, figures, strict=True)]
    data = {"judge": judge.name, "of": title, "areas": list(AREAS), "shares": shares, "n": sizes.tolist()}
    rows.add([judge.name, title, *cells], data | {"counts": [one.data() for one in figures]})


def _area_cell(share: float, figure: PaperCell) -> Number:
    counts = f"{figure.value:.0f}" if figure.printed is None else f"{figure.value:.0f} / {figure.printed:.0f}"
    text = f"{100 * share:.1f} ({counts}){' !' if figure.agreement == 'no' else ''}"
    return replace(figure.cell(), text=text)


def _radar(rows: SectionRows) -> Radar:
    shares = {row["of"]: row["shares"] for row in rows.data if row["judge"] == "people"}
    most = max(0.05, max(max(values) for values in shares.values()))
    return Radar("Share of answers that people call harmful, by risk area", list(AREAS.values()), shares, most)
