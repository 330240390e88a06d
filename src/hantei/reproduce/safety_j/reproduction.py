"""All sections of the reproduction together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hantei.engine.limits import Limits
from hantei.progress import Say
from hantei.reports import to_json
from hantei.reports.section import Section
from hantei.reports.sections_page import write_sections
from hantei.reproduce.safety_j.conversations import compare_turns
from hantei.reproduce.safety_j.critiques import score_judges
from hantei.reproduce.safety_j.judging import judge_sets
from hantei.reproduce.safety_j.left_out import left_out
from hantei.reproduce.safety_j.published import published
from hantei.reproduce.safety_j.sets import read_sets
from hantei.reproduce.safety_j.tables import sections, turns

RUNS = Path("runs/safety-j")
"""Where the judgings are, so that the same command pays for nothing twice."""


@dataclass(frozen=True, slots=True)
class SafetyJReproduction:
    """The sections in the order in which they are printed."""

    sections: tuple[Section, ...]

    def as_json(self) -> dict[str, Any]:
        """Return everything for programs."""
        return {"sections": [to_json.section(one) for one in self.sections]}

    def write_page(self, path: Path) -> None:
        """Write the sections as a page.

        Raises:
            UsageError: the file cannot be written there.
        """
        write_sections(path, "SAFETY-J", "published tables, computed again", published().paper, self.sections)


def reproduce(
    data: Path,
    judges: Sequence[str] = (),
    without_set: bool = False,
    with_turns: bool = False,
    runs: Path = RUNS,
    limits: Limits | None = None,
    say: Say = lambda _line: None,
    model: str | None = None,
) -> SafetyJReproduction:
    """Compute the paper's table of accuracy for judges of hantei's, beside what it prints.

    Args:
        data: the folder of the release with ``label_level``, or one that holds it as ``safety_j``.
        judges: their names, as ``builtin`` or ``safety-j@MODEL``.
        without_set: whether to fit the built-in judge again without each set; ``data`` is then its training data.
        with_turns: whether to judge public conversations below ``data`` with and without their earlier turns, too.
        runs: where the judgings are kept and gone on with.
        limits: of what is asked.
        say: takes lines for people.
        model: who checks critiques by their units, beside the rules; None for nobody.

    Raises:
        UsageError: ``data`` does not hold the release, or no such judge.
        InputError: a file is missing or broken.
        RunError: a judging belongs to another plan, is in use, or was stopped.
    """
    sets = read_sets(data)
    judged = [judge_sets(name, sets, runs, limits or Limits(), say) for name in dict.fromkeys(judges)]
    judged += [left_out(data)] if without_set else []
    scored = score_judges(data, list(dict.fromkeys(judges)), runs, limits or Limits(), say, model)
    found = sections(sets, judged, scored)
    if with_turns:
        compared = [one for name in judges for one in compare_turns(name, data, runs, limits or Limits(), say)]
        found = (*found, turns(compared))
    return SafetyJReproduction(found)
