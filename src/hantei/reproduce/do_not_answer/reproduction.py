"""All sections of the reproduction together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hantei.reports.section import Section
from hantei.reproduce.do_not_answer import cascade
from hantei.reproduce.do_not_answer.calibration import reliability
from hantei.reproduce.do_not_answer.differences import differences
from hantei.reproduce.do_not_answer.drift import drift
from hantei.reproduce.do_not_answer.judges import own_verdicts
from hantei.reproduce.do_not_answer.left_out import LeftOut, left_out, left_out_of
from hantei.reproduce.do_not_answer.lengths import lengths
from hantei.reproduce.do_not_answer.pooled import disagreements, harmful, pooled
from hantei.reproduce.do_not_answer.reading import NONE, JudgeLabels, Study, read_study
from hantei.reproduce.do_not_answer.sections import Tally, as_json
from hantei.reproduce.do_not_answer.tables import areas, by_action, by_model, instruction, safe
from hantei.reproduce.do_not_answer.verdicts import write_verdicts


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The sections in the order in which they are printed, and what a reader must know of them all."""

    sections: tuple[Section, ...]
    notes: tuple[str, ...]

    @property
    def tally(self) -> Tally:
        """How many numbers stand beside a printed one, and how many of them differ."""
        return Tally.of(self.sections)

    def verdict(self) -> str:
        """Return in one line how much agrees."""
        tally = self.tally
        agreeing = tally.compared - tally.of_rounded - tally.differing
        return (
            f"Of {tally.compared:,} printed numbers {agreeing:,} agree, {tally.of_rounded:,} agree only as the mean of "
            f"rounded cells, {tally.differing:,} differ."
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything for programs."""
        return {
            **self.tally.as_json(),
            "notes": list(self.notes),
            "sections": {section.key: as_json(section) for section in self.sections},
        }


def reproduce(
    data: Path,
    judges: Sequence[str] = (),
    tokenizer: Path | None = None,
    with_cascade: bool = False,
    verdicts: Path | None = None,
) -> Reproduction:
    """Compute the paper's tables from its recorded labels, and the same for judges of hantei's.

    Args:
        data: the folder of the release, or one that holds it as ``do_not_answer``.
        judges: ``builtin`` or ``encoder@hf/PATH``; see ``own_verdicts``.
        tokenizer: the folder of a Hugging Face tokenizer for lengths in tokens.
        with_cascade: whether to measure the cascade of ``builtin`` and GPT-4, for which the former is fitted 15
            times more.
        verdicts: a folder for what every judge said, a file a judge, as ``recorded@FILE`` reads it.

    Raises:
        UsageError: ``data`` does not hold the release, or a judge or tokenizer cannot be had.
        InputError: a file is missing or broken.
    """
    study = read_study(data)
    sizes = lengths(study, tokenizer)
    fitted = cache(lambda: left_out(study.folder, inner=with_cascade))
    own = own_verdicts(study, judges, fitted)
    sections = [
        by_model(study, "action", own),
        by_model(study, "harmful", own),
        safe(study, own),
        instruction(study),
        by_action(study),
        areas(study, own),
        pooled(study, own),
        harmful(study, own),
        disagreements(study, own),
        sizes,
        drift(study, own),
    ]
    sections += [differences(study, own)] if len(own) > 1 else []
    sections += [reliability(study, own)] if own else []
    sections += [cascade.section(one) for one in _cheap(study, own, fitted)] if with_cascade else []
    files = write_verdicts(verdicts, study, own) if verdicts else []
    written = [f"Verdicts for recorded@FILE: {', '.join(map(str, files))}."] if files else []
    return Reproduction(tuple(sections), (*study.notes, *(_how(judge) for judge in own), *written))


def _cheap(study: Study, own: Sequence[JudgeLabels], fitted: Callable[[], LeftOut]) -> list[LeftOut]:
    """Return the cheap halves to measure: the judges that say how likely each action is; without such builtin."""
    others = [left_out_of(study, judge) for judge in own if judge.name != "builtin"]
    able = [one for one in others if one is not None]
    return [fitted(), *able] if len(own) != len(others) or not able else able


def _how(judge: JudgeLabels) -> str:
    missing = [head for head in ("action", "harmful") if not (judge.labels(head) != NONE).any()]
    without = f"; it says nothing of: {', '.join(missing)}" if missing else ""
    return f"{judge.name}: {judge.how}{without}."
