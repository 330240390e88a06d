"""How long the answers are: whether cutting at 512 tokens can explain what Longformer gains over BERT.

The paper read up to 512 tokens with BERT and 2,048 with Longformer (arXiv 2308.13387), and finds Longformer ahead in
actions 2 and 5 (Table 11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hantei.arrays import Flags, Integers
from hantei.errors import UsageError
from hantei.reports.section import Section
from hantei.reproduce.do_not_answer.reading import TITLES, Study
from hantei.reproduce.do_not_answer.sections import SectionRows

LIMITS = (128, 256, 512)
_CLASSES = (2, 5)
_BATCH = 512
CountTokens = Callable[[Sequence[str], Sequence[str]], list[int]]


def lengths(study: Study, tokenizer: Path | None = None) -> Section:
    """Return the share of questions with answers over 128, 256 and 512 tokens, by model and for actions 2 and 5.

    Args:
        study: the release.
        tokenizer: the folder of a Hugging Face tokenizer; without one, words are counted.

    Raises:
        UsageError: transformers is not installed, or the folder holds no tokenizer.
    """
    unit = "words" if tokenizer is None else "tokens"
    measure = _words if tokenizer is None else _tokens(tokenizer)
    size = np.array([measure(study.questions, responses) for responses in study.responses])
    rows = SectionRows()
    for name, chosen in _groups(study):
        _add(rows, name, size[chosen])
    return rows.section(
        key="lengths",
        title=f"Length of question and answer in {unit}",
        header=("pairs", "n", "median", "longest", *(f"over {limit}" for limit in LIMITS)),
        remarks=[*_unit_notes(tokenizer), _verdict(study, size, unit)],
        data={"unit": unit, "rows": rows.data},
    )


def _groups(study: Study) -> Iterator[tuple[str, Flags]]:
    """Yield named choices of answers, (models, questions)."""
    action = study.people.action
    everything = np.ones(action.shape, dtype=np.bool_)
    for place, title in enumerate(TITLES.values()):
        yield f"answers of {title}", everything & (np.arange(len(action)) == place)[:, None]
    yield "all", everything
    for number in _CLASSES:
        yield f"action {number}", action == number
        yield f"action {number}, only Longformer finds it", (action == number) & _gained(study)


def _gained(study: Study) -> Flags:
    """Return where Longformer gives people's action and BERT does not."""
    action = study.people.action
    gained: Flags = (study.judge("Longformer").action == action) & (study.judge("BERT").action != action)
    return gained


def _add(rows: SectionRows, name: str, size: Integers) -> None:
    over = [int((size > limit).sum()) for limit in LIMITS]
    middle, longest = (float(np.median(size)), int(size.max())) if len(size) else (float("nan"), 0)
    cells = [f"{100 * count / len(size):.1f} ({count:,})" if len(size) else "-" for count in over]
    data = {"pairs": name, "n": len(size), "median": middle, "longest": longest}
    data |= {"over": dict(zip(map(str, LIMITS), over, strict=True))}
    rows.add([name, f"{len(size):,}", f"{middle:.0f}", f"{longest:,}", *cells], data)


def _unit_notes(tokenizer: Path | None) -> list[str]:
    if tokenizer is not None:
        return ["Percent of pairs, with how many; tokens of question and answer together, special ones included."]
    return [
        "Percent of pairs, with how many; words of question and answer together. A word is more than one token (some "
        "1.3 in English): --tokenizer PATH counts tokens as an encoder does."
    ]


def _verdict(study: Study, size: Integers, unit: str) -> str:
    """Say what share of the answers that only Longformer gets right BERT could not read whole."""
    action, limit = study.people.action, LIMITS[-1]
    gained = _gained(study) & np.isin(action, _CLASSES)
    cut = int((size[gained] > limit).sum())
    meaning = "a cut there can explain these at most" if cut else "a cut there explains none of them"
    return (
        f"Of the {int(gained.sum()):,} answers of actions 2 and 5 that Longformer recognises and BERT does not, {cut} "
        f"are over {limit} {unit}: {meaning}."
    )


def _words(questions: Sequence[str], answers: Sequence[str]) -> list[int]:
    return [len(question.split()) + len(answer.split()) for question, answer in zip(questions, answers, strict=True)]


def _tokens(folder: Path) -> CountTokens:
    if not folder.is_dir():
        raise UsageError(f"--tokenizer {folder}: expected the folder of a Hugging Face tokenizer")
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise UsageError("--tokenizer needs transformers: pip install 'hantei[encoder]'") from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise UsageError(f"--tokenizer {folder}: expected a Hugging Face tokenizer: {reason}") from None

    def measure(questions: Sequence[str], answers: Sequence[str]) -> list[int]:
        sizes: list[int] = []
        for start in range(0, len(questions), _BATCH):
            part = slice(start, start + _BATCH)
            # Not verbose, or it warns of texts beyond a limit that is not applied.
            read = tokenizer(list(questions[part]), list(answers[part]), truncation=False, verbose=False)
            sizes += [len(ids) for ids in read["input_ids"]]
        return sizes

    return measure
