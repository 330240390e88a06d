"""Comparing scores of critiques with what people say of the same critiques."""

from __future__ import annotations

from pathlib import Path

from hantei.critiques.human_labels import checked_by_people, human_scores, labels_of_people
from hantei.reports.rooms.critique_people import critique_people
from hantei.reports.section import Section
from hantei.runs.folder import load_run
from hantei.tasks.critiquing import ScoredCritiques


def compare_with_people(source: Path, pattern: str, scored: ScoredCritiques) -> Section:
    """Return what the people whom ``pattern`` names say of a run's critiques, and how their checker agrees with it.

    Raises:
        UsageError: the source is no run, or nobody of that name labelled critiques in it.
    """
    labels = labels_of_people(load_run(source), pattern)
    mode = scored.scores[0].mode
    return critique_people(
        human_scores(labels), checked_by_people(labels, scored.checked, scored.checker, mode), scored.checker
    )
