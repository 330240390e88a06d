"""Fitting one encoder on some rows: epochs, early stopping, and going on after a kill."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hantei.arrays import Floats, Integers
from hantei.errors import RunError
from hantei.judges.encoder.network import EncoderNetwork
from hantei.progress import Progress, Say
from hantei.training.encoder.checkpoint import Checkpoint, Standing, Tensors, read, save, state_of
from hantei.training.encoder.corpus import Corpus, packed, shuffled
from hantei.training.encoder.loss import MaskedLoss
from hantei.training.encoder.machine import Machine
from hantei.training.encoder.options import TrainOptions

_MOST_GRADIENT = 1.0
"""The norm to which gradients are cut, as is usual in fine-tuning."""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One training: its name, the numbers of the rows learned from and of those that say when to stop."""

    name: str
    train: Integers
    validation: Integers


@dataclass(slots=True)
class Fitter:
    """Trains a network on the rows of a job. The network is changed; afterwards it holds the weights of the best epoch.

    ``checkpoint`` is where the training stands after each epoch; if the file exists it goes on from there.
    """

    network: EncoderNetwork
    corpus: Corpus
    loss: MaskedLoss
    job: TrainingJob
    options: TrainOptions
    machine: Machine
    checkpoint: Path
    say: Say

    def fit(self) -> Checkpoint:
        """Train to the end, and return what is worth keeping: how it went, and the best weights.

        Raises:
            RunError: the loss is no number, or the checkpoint is damaged.
        """
        self.network.to(self.machine.device)
        groups = _groups(self.network, self.options.weight_decay)
        optimizer = torch.optim.AdamW(groups, lr=self.options.lr, fused=True)
        standing, best = self._resumed(optimizer)
        called = self.machine.spread(self.network)
        while not self._done(standing):
            standing = self._one_more(called, optimizer, standing)
            weights = state_of(self.network)
            best = weights if standing.best_epoch == standing.epoch else best
            if self.machine.first:
                save(self.checkpoint, Checkpoint(standing, weights, best, optimizer.state_dict()["state"]))
            self.machine.wait()
        self.network.load_state_dict(best)
        self.network.eval()
        return Checkpoint(standing, best, best, {})

    def _done(self, standing: Standing) -> bool:
        waited = standing.epoch - standing.best_epoch
        return standing.epoch >= self.options.epochs or (standing.epoch > 0 and waited >= self.options.patience)

    def _resumed(self, optimizer: torch.optim.Optimizer) -> tuple[Standing, Tensors]:
        found = read(self.checkpoint)
        if found is None:
            return Standing(), {}
        self.network.load_state_dict(found.weights)
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": dict(found.optimizer), "param_groups": groups})
        self.say(f"{self.job.name}: goes on after epoch {found.standing.epoch}")
        return found.standing, found.best

    def _one_more(self, called: torch.nn.Module, optimizer: torch.optim.Optimizer, standing: Standing) -> Standing:
        started = time.monotonic()
        loss, tokens = self._epoch(called, optimizer, standing.epoch)
        seconds = time.monotonic() - started
        logits = predict(self.network, self.corpus, self.job.validation, self.options.batch_tokens, self.machine)
        labels = torch.from_numpy(self.corpus.labels[self.job.validation])
        held = self.machine.agreed(float(self.loss(torch.from_numpy(logits), labels)))
        standing = standing.after(loss, held)
        if not np.isfinite((loss, held)).all():
            raise RunError(f"{self.job.name}, epoch {standing.epoch}: the loss is no number; try a lower --lr")
        left = (self.options.epochs - standing.epoch) * (time.monotonic() - started)
        self.say(
            f"{self.job.name}, epoch {standing.epoch} of {self.options.epochs}: loss {loss:.4f}, on validation rows "
            f"{held:.4f}; {tokens:,} tokens in {seconds:.1f} s, {tokens / seconds:,.0f}/s; at most {left:.0f} s left"
        )
        return standing

    def _epoch(self, called: torch.nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> tuple[float, int]:
        """Train on every row once; return the mean loss of the batches and the number of tokens, without padding.

        Several processes take turns at the batches; the first ones come twice where that does not come out even.
        """
        torch.manual_seed(seed_of(self.options.seed, epoch, self.machine.rank))
        drawn = shuffled(self.corpus.lengths, self.job.train, self.options.batch_tokens, (self.options.seed, 2, epoch))
        own = share(drawn, self.machine.rank, self.machine.processes)
        called.train()
        losses: list[torch.Tensor] = []
        total = int(self.corpus.lengths[self.job.train].sum())
        with Progress(f"{self.job.name}, epoch {epoch + 1} of {self.options.epochs}, tokens", total) as progress:
            for step, rows in enumerate(own):
                set_rate(optimizer, self.options, (epoch + (step + 0.5) / len(own)) / self.options.epochs)
                losses.append(self._step(called, optimizer, rows))
                progress.advance(int(self.corpus.lengths[rows].sum()) * self.machine.processes)
        return float(torch.stack(losses).mean()), total

    def _step(self, called: torch.nn.Module, optimizer: torch.optim.Optimizer, rows: Sequence[int]) -> torch.Tensor:
        inputs, labels = self.corpus.batch(rows, self.machine.device)
        with self.machine.precision():
            logits = called(**inputs)
        loss = self.loss(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _MOST_GRADIENT)
        optimizer.step()
        return loss.detach()


def share(batches: Sequence[list[int]], rank: int, processes: int) -> list[list[int]]:
    """Return the batches of one of several processes, each of which has as many: some come twice for that."""
    rounds = -(-len(batches) // processes)
    return [batches[(turn * processes + rank) % len(batches)] for turn in range(rounds)]


def seed_of(*numbers: int) -> int:
    """Return one seed made of several numbers, none below 0."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def set_rate(optimizer: torch.optim.Optimizer, options: TrainOptions, share: float) -> None:
    """Set the learning rate for the time when ``share`` of the training, 0 to 1, is over: up, then down to 0."""
    rising = share / options.warmup if options.warmup else 1.0
    falling = (1 - share) / (1 - options.warmup) if options.warmup < 1 else 1.0
    for group in optimizer.param_groups:
        group["lr"] = options.lr * min(rising, falling)


def _groups(network: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameters with and without decay: biases and norms, which have one dimension, are left alone."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def predict(network: EncoderNetwork, corpus: Corpus, rows: Integers, token_budget: int, machine: Machine) -> Floats:
    """Return the logits (rows, classes of all heads) of some rows.

    Args:
        network: the encoder; it is left in evaluation mode.
        corpus: the tokens of all rows.
        rows: the numbers of the rows, in the order of the result.
        token_budget: tokens in a batch at most, padding included.
        machine: where it runs, at which precision.
    """
    network.eval()
    out = np.zeros((len(rows), network.classes.out_features), dtype=np.float32)
    place = {row: number for number, row in enumerate(rows.tolist())}
    with torch.inference_mode(), machine.precision():
        for batch in packed(corpus.lengths, rows, token_budget):
            inputs, _ = corpus.batch(batch, machine.device)
            out[[place[row] for row in batch]] = network(**inputs).float().cpu().numpy()
    return out
