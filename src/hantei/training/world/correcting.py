"""Does a better critique correct better? Unsafe answers in the world, corrected by several kinds of critiques."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hantei.api import correct
from hantei.arrays import Doubles
from hantei.correction.versions import is_original, original_of, version_of
from hantei.exchange.preferences import export_preferences
from hantei.progress import Say
from hantei.records import Judgment
from hantei.runs.folder import Run
from hantei.tasks.correcting import Correction
from hantei.training.preferences.pairs import PreferencePair
from hantei.training.preferences.trainers import PreferenceTraining
from hantei.training.preferences.writing import write_critiques
from hantei.training.world.answering import AnswerForm, answers, asked, rates
from hantei.training.world.critiques import noisy, worded
from hantei.training.world.dialogues import SYSTEM, WorldDialogue
from hantei.training.world.editing import TEMPLATE
from hantei.training.world.facts import Unit
from hantei.training.world.form import WorldForm
from hantei.training.world.reading import WorldJudge, facts_of
from hantei.training.world.scale import ExperimentScale

GENERIC = (Unit("consequence", "harm"),)
"""What a generic critique says of every answer."""

VERSIONS = ("critique", "again", "refusal")
OUTCOMES = ("made safe", "refused", "incoherent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What came of corrections by one kind of critique.

    Args:
        outcomes: by version and outcome, for each prompt whether it holds; nan where its answer was not unsafe.
        pairs: preferences that were written.
        tuned: rates of the answering model that was tuned on them (see ``answering.rates``).
    """

    outcomes: Mapping[tuple[str, str], Doubles]
    pairs: int
    tuned: Mapping[str, Doubles]


def corrections(
    models: Mapping[str, Path], judges: Mapping[str, Path], out: Path, scale: ExperimentScale, seed: int, say: Say
) -> dict[str, Corrected]:
    """Return what came of correcting, by kind of critique.

    Args:
        models: the model that ``answers`` and the one that ``edits``.
        judges: folders of judges whose critiques are a kind each, by name.
        out: what folders lie in.
        scale: how models are tuned.
        seed: of noise and sampling.
        say: takes lines for people.
    """
    options = scale.options(seed)
    answered = answers(models["answers"], asked(tested=False, seed=1, most=scale.asked), options, out / "answers.jsonl")
    known = [one for one in map(_known, answered) if one]
    kinds = critiques(known, seed)
    kinds |= {name: _written(judge, known, out, scale, seed) for name, judge in judges.items()}
    runs = {kind: _corrected(known, said, models["edits"], out / kind, say) for kind, said in kinds.items()}
    pairs = {kind: _pairs(run, out / f"{kind}.preferences.jsonl") for kind, run in runs.items()}
    fewest = min(map(len, pairs.values()))
    found = {}
    for kind, run in runs.items():
        tuned = _tuned(models["answers"], pairs[kind][:fewest], known, out / f"tuned-{kind}", scale, seed)
        tested = answers(
            tuned, asked(tested=True, seed=0, most=scale.asked), options, out / f"tuned-{kind}.answers.jsonl"
        )
        found[kind] = Corrected(outcomes=outcomes(run, answered), pairs=len(pairs[kind]), tuned=rates(tested))
    return found


def untuned(model: Path, out: Path, scale: ExperimentScale, seed: int) -> dict[str, Doubles]:
    """Return the rates of the answering model as it was.

    Args:
        model: its folder.
        out: where its answers are kept.
        scale: how many prompts it is asked.
        seed: of sampling.
    """
    prompts = asked(tested=True, seed=0, most=scale.asked)
    return rates(answers(model, prompts, scale.options(seed), out / "untuned.answers.jsonl"))


def critiques(known: Sequence[WorldDialogue], seed: int) -> dict[str, dict[str, str]]:
    """Return whole, damaged and generic critiques of dialogues, by the ids of their responses."""
    rng = random.Random(f"critiques {seed}")  # noqa: S311 - it draws a world, no secret
    return {
        "whole": {one.response.id: worded(one.facts.units, one.language) for one in known},
        "damaged": {one.response.id: worded(noisy(one.facts, rng)[0], one.language) for one in known},
        "generic": {one.response.id: worded(GENERIC, one.language) for one in known},
    }


def outcomes(run: Run, answered: Sequence[WorldDialogue]) -> dict[tuple[str, str], Doubles]:
    """Return what came of each version of the answer to each prompt."""
    said = {judgment.response_id: judgment for judgment in run.judgments(WorldJudge().name)}
    place = {one.response.id: number for number, one in enumerate(answered)}
    found = {(version, what): np.full(len(answered), np.nan) for version in VERSIONS for what in OUTCOMES}
    for response in run.responses():
        if not is_original(response):
            for what, holds in _outcome(said.get(response.id)).items():
                found[str(version_of(response)), what][place[original_of(response)]] = holds
    return found


def _outcome(judgment: Judgment | None) -> dict[str, bool]:
    if judgment is None or judgment.unsafe is None:
        return {"made safe": False, "refused": False, "incoherent": True}
    return {"made safe": not judgment.unsafe, "refused": judgment.refusal == "full", "incoherent": False}


def _known(one: WorldDialogue) -> WorldDialogue | None:
    facts = facts_of(one.prompt, one.response)
    return replace(one, facts=facts) if facts else None


def _written(
    judge: Path, known: Sequence[WorldDialogue], out: Path, scale: ExperimentScale, seed: int
) -> dict[str, str]:
    """Return what a judge's critiques say, without those that could not be read."""
    dialogues = [one.labelled for one in known]
    written = write_critiques(judge, dialogues, WorldForm(), scale.options(seed), out / f"{judge.name}.critiques.jsonl")
    return {one.response.id: said.critique for one, said in zip(known, written, strict=True) if said.critique}


def _corrected(known: Sequence[WorldDialogue], said: Mapping[str, str], editor: Path, out: Path, say: Say) -> Run:
    """Have the unsafe ones of answers corrected, once each, by hantei's own correction."""
    rows = [
        {
            "id": one.prompt.id,
            "prompt": one.prompt.text,
            "response": one.response.text,
            "language": one.language,
            "model": SYSTEM,
        }
        for one in known
    ]
    correction = Correction(rounds=1, template=TEMPLATE)
    model = f"hf/{editor.resolve()}?temperature=1&batch_size=128&max_tokens=80"
    return correct(rows, model=model, judge=WorldJudge(said), out=out, correction=correction, say=say)


def _pairs(run: Run, file: Path) -> list[PreferencePair]:
    """Return the preferences that a run of corrections gives."""
    export_preferences(run, file)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        PreferencePair(
            id=row["rejected_id"],
            chosen=row["chosen"][0]["content"],
            rejected=row["rejected"][0]["content"],
            chosen_by="correction",
            rejected_by=SYSTEM,
            chosen_f1=None,
            rejected_f1=None,
            chosen_tokens=0,
            rejected_tokens=0,
            tokens=0,
        )
        for row in rows
    ]


def _tuned(
    model: Path,
    pairs: Sequence[PreferencePair],
    known: Sequence[WorldDialogue],
    out: Path,
    scale: ExperimentScale,
    seed: int,
) -> Path:
    """Return the folder of an answering model tuned on preferences by DPO; without any it stays as it is.

    Args:
        model: the answering model.
        pairs: the preferences.
        known: the dialogues that they are about.
        out: the folder.
        scale: how it is tuned.
        seed: of the order.
    """
    if not pairs:
        return model
    if not out.exists():
        options = replace(scale.options(seed), epochs=2)
        training = PreferenceTraining(
            start=model, out=out, work=out.with_suffix(".work"), options=options, form=AnswerForm()
        )
        training.on_pairs(pairs, {one.response.id: one.labelled for one in known})
    return out
