"""Training an encoder from labelled files, from reading them to the folder of the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hantei.arrays import Doubles, Floats, Integers
from hantei.errors import UsageError
from hantei.files import write_atomic
from hantei.judges.encoder.folder import EncoderSpec, save
from hantei.judges.encoder.network import EncoderNetwork
from hantei.judges.encoder.pretrained import load_base, longest_input
from hantei.judges.profile import Profile
from hantei.models.http_errors import clean
from hantei.progress import Say
from hantei.training.builtin.scoring import EvaluationMeasure
from hantei.training.encoder.checkpoint import Checkpoint, Standing
from hantei.training.encoder.checkpoint import save as save_checkpoint
from hantei.training.encoder.corpus import Corpus, tokenize
from hantei.training.encoder.fit import Fitter, TrainingJob, predict, seed_of
from hantei.training.encoder.loss import make_loss
from hantei.training.encoder.machine import Machine, this_machine
from hantei.training.encoder.options import TrainOptions
from hantei.training.encoder.output import card, keep_plan, plan_of, write_held_out, write_measures
from hantei.training.encoder.rows import Rows, describe, read_rows
from hantei.training.encoder.scores import HeldOut, measures, probabilities, temperatures
from hantei.training.encoder.splits import Fold, file_name, folds, limited, protocol, validation


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """What a training gave: the folder, the heads, and the measures on rows that were held out.

    ``standing`` says how the fit on all rows went; it is None where only folds were run. ``first`` is False in all but
    one of several processes that train together: that one speaks for them.
    """

    path: Path
    heads: tuple[str, ...]
    measures: tuple[EvaluationMeasure, ...]
    standing: Standing | None
    first: bool = True


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What every fit of one call shares."""

    rows: Rows
    corpus: Corpus
    options: TrainOptions
    machine: Machine
    work: Path
    say: Say

    def network(self) -> EncoderNetwork:
        """Return the base with fresh heads, the same for every fit with one seed."""
        base, _ = load_base(self.options.model)
        torch.manual_seed(seed_of(self.options.seed))
        return EncoderNetwork(base.float(), self.rows.heads, self.options.pooling)

    def fit(self, name: str, file: str, train: Integers) -> _Fit:
        """Fit on ``train`` less a validation share; a fit that was cut off goes on."""
        learn, check = validation(self.rows, limited(train, self.options), self.options)
        network, checkpoint = self.network(), self.work / f"{file}.checkpoint.safetensors"
        loss = make_loss({head: label[learn] for head, label in self.rows.labels.items()}, self.options)
        job = TrainingJob(name, learn, check)
        fitter = Fitter(network, self.corpus, loss, job, self.options, self.machine, checkpoint, self.say)
        end = fitter.fit()
        logits = self.predict(network, check)
        heat = temperatures(logits, {head: label[check] for head, label in self.rows.labels.items()})
        return _Fit(network, job, end, heat, logits, checkpoint)

    def predict(self, network: EncoderNetwork, rows: Integers) -> Floats:
        return predict(network, self.corpus, rows, self.options.batch_tokens, self.machine)


@dataclass(frozen=True, slots=True)
class _Fit:
    network: EncoderNetwork
    job: TrainingJob
    end: Checkpoint
    temperature: dict[str, float]
    validation_logits: Floats
    checkpoint: Path


def run(files: Sequence[Path], out: Path, options: TrainOptions, say: Say) -> TrainedEncoder:
    """Train as ``hantei.training.encoder.train`` says.

    Args:
        files: answers with labels of people.
        out: the judge's folder.
        options: how it is trained.
        say: takes a line for people.
    """
    rows = read_rows(files, options)
    machine = this_machine(options.precision)
    base, tokenizer = load_base(options.model)
    _check_length(base.config, options.max_tokens)
    if machine.first:
        keep_plan(out, plan_of(rows, options))
    machine.wait()
    say = say if machine.first else _silent
    for line in describe(rows):
        say(line)
    corpus = tokenize(rows, tokenizer, options)
    workshop = _Workshop(rows, corpus, options, machine, out / "work", say)
    found = _cross_validate(workshop, out) if options.folds else []
    standing = None
    if options.final and not options.only_folds:
        standing, found = _final(workshop, out, tokenizer, found)
    if machine.first:
        write_measures(out, found)
    return TrainedEncoder(out, rows.heads, tuple(found), standing, machine.first)


def _silent(_line: str) -> None:
    return None


def _cross_validate(workshop: _Workshop, out: Path) -> list[EvaluationMeasure]:
    chosen = folds(workshop.rows, workshop.options)
    parts = [HeldOut(fold.held_out, np.full(len(fold.held_out), number), _fold(workshop, fold))
             for number, fold in enumerate(chosen)]  # fmt: skip
    said = HeldOut(*(np.concatenate([getattr(part, name) for part in parts]) for name in HeldOut.__slots__))
    if workshop.machine.first:
        write_held_out(out, workshop.rows, said)
    names = [fold.name for fold in chosen]
    return list(measures(workshop.rows, said, names, protocol(workshop.options)))


def _fold(workshop: _Workshop, fold: Fold) -> Doubles:
    """Return the probabilities of the rows that a fold leaves out, from its finished file where there is one."""
    kind = f"{workshop.options.folds}"
    name, shown = file_name(kind, fold.name), clean(fold.name)
    finished = workshop.work / f"{name}.npy"
    if finished.is_file():
        workshop.say(f"{shown}: finished before")
        found: Doubles = np.load(finished, allow_pickle=False)
        return found
    fit = workshop.fit(shown, name, fold.train)
    said = probabilities(workshop.predict(fit.network, fold.held_out), fit.temperature)
    if workshop.machine.first:
        write_atomic(finished, [_npy(said)])
        fit.checkpoint.unlink(missing_ok=True)
    workshop.machine.wait()
    return said


def _npy(array: Doubles) -> bytes:
    file = BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _final(
    workshop: _Workshop, out: Path, tokenizer: Any, held_out: list[EvaluationMeasure]
) -> tuple[Standing, list[EvaluationMeasure]]:
    """Train on all rows and write the judge. Without folds it is measured on the rows that chose its epoch."""
    rows, options = workshop.rows, workshop.options
    fit = workshop.fit("all rows", "all-rows", np.arange(len(rows)))
    found = held_out
    if not found:
        said = HeldOut(
            fit.job.validation,
            np.zeros(len(fit.job.validation), dtype=np.int64),
            probabilities(fit.validation_logits, fit.temperature),
        )
        words = "rows that chose the epoch and the temperature, so a little too kind"
        found = list(measures(rows, said, ["validation rows"], words))
    if workshop.machine.first:
        used = rows.take(np.sort(np.concatenate((fit.job.train, fit.job.validation))))
        spec = EncoderSpec(
            heads=rows.heads,
            text=options.text,
            max_tokens=options.max_tokens,
            pooling=options.pooling,
            base=options.model,
            temperature={head: round(value, 6) for head, value in fit.temperature.items()},
            languages=tuple(used.languages()),
        )
        profile = Profile.build(zip(used.answers, used.language.tolist(), used.system.tolist(), strict=True))
        told = card(used, options, _history(fit), found)
        save(out, fit.network.cpu(), tokenizer, spec, told, used.pair, profile)
        save_checkpoint(fit.checkpoint, fit.end)
    workshop.machine.wait()
    return fit.end.standing, found


def _history(fit: _Fit) -> dict[str, Any]:
    return {
        "rows": len(fit.job.train),
        "validation_rows": len(fit.job.validation),
        "epochs_run": fit.end.standing.epoch,
        "best_epoch": fit.end.standing.best_epoch,
        "train_loss": [round(loss, 6) for loss in fit.end.standing.losses],
        "validation_loss": [round(loss, 6) for loss in fit.end.standing.validation_losses],
    }


def _check_length(config: Any, max_tokens: int) -> None:
    """Refuse inputs longer than the encoder has positions for.

    Raises:
        UsageError: they are.
    """
    longest = longest_input(config)
    if longest and max_tokens > longest:
        raise UsageError(f"--max-tokens {max_tokens}: this encoder takes at most {longest}")
