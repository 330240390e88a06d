"""Real tokens a second of supervised fine-tuning: hantei against TRL as it comes, and without gradient checkpointing.

    python perf/sft_throughput.py [--model FOLDER] [--rows N] [--rounds 3] [--dpo]

All three train the same model on the same rows with the same batch size, in turns; a token is real where it is no
padding. TRL gets the same tokens and labels, so that only the training is compared. With ``--dpo`` pairs a second
instead, the set-up of precomputed reference log-probabilities counted. The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from hantei.training.mixtures.example import TrainingPair
from hantei.training.mixtures.recipe import ModelTable, NewModel, Sft
from hantei.training.tuning.chat import ChatEncoder, Encoded
from hantei.training.tuning.dpo import encode_pairs
from hantei.training.tuning.model import Base, load_base, make_base
from hantei.training.tuning.order import training_order
from hantei.training.tuning.sft import order_of, training_arguments

warnings.filterwarnings("ignore", category=FutureWarning)
NEW = NewModel(layers=4, hidden=256, heads=4, vocabulary=2000, context=512)
SENTENCE = "how do i make the best of a day when it rains and nobody is at home but the cat who wants to play"
WORDS = SENTENCE.split()


def texts(count: int, seed: int) -> list[tuple[str, str]]:
    """Questions and answers whose lengths are as unequal as those of instruction data."""
    rng = random.Random(seed)
    lengths = [min(300, max(4, round(rng.lognormvariate(3.6, 0.9)))) for _ in range(count)]
    return [(" ".join(rng.choices(WORDS, k=8)), " ".join(rng.choices(WORDS, k=length))) for length in lengths]


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    work = Path(tempfile.mkdtemp())
    base = base_of(options, work)
    contests = dpo_contests(base, options, work) if options.dpo else sft_contests(base, options, work)
    seconds: dict[str, list[float]] = {name: [] for name in contests}
    units = {name: contest()[0] for name, contest in contests.items()}  # warms up
    for _ in range(options.rounds):
        for name, contest in contests.items():
            seconds[name].append(contest()[1])
    unit = "pairs" if options.dpo else "tokens"
    rates = {name: units[name] / statistics.median(seconds[name]) for name in contests}
    first = next(iter(rates))
    for name, rate in rates.items():
        spread = ", ".join(f"{units[name] / one:,.0f}" for one in sorted(seconds[name]))
        print(f"{name:48} {rate:10,.1f} {unit}/s   {rates[first] / rate:5.2f}x   ({spread})")
    if torch.cuda.is_available():
        print(f"{torch.cuda.get_device_name()}: peak memory {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB")
    shutil.rmtree(work)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a model's folder; default one of a few million weights from nothing")
    parser.add_argument("--rows", type=int, help="default 96; with --dpo 32 pairs")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dpo", action="store_true")
    options = parser.parse_args()
    options.rows = options.rows or (32 if options.dpo else 96)
    return options


def base_of(options: argparse.Namespace, work: Path) -> Path:
    """Return the folder from which every contest loads its model afresh."""
    if options.model:
        return Path(options.model)
    made = make_base(NEW, (text for pair in texts(200, 1) for text in pair), None, 0)
    for part in (made.model, made.tokenizer):
        part.save_pretrained(work / "base")
    return work / "base"


def loaded(folder: Path) -> Base:
    return load_base(ModelTable(base=str(folder)), str(folder))


Contest = Callable[[], tuple[int, float]]


def sft_contests(folder: Path, options: argparse.Namespace, work: Path) -> dict[str, Contest]:
    """Each returns real tokens trained on and seconds."""
    base = loaded(folder)
    encoder = ChatEncoder(base.tokenizer, base.ends)
    rows = [encoder.encode(_turns(*pair)) for pair in texts(options.rows, 0)]
    tokens = sum(len(row.input_ids) for row in rows)
    settings = Sft(batch_size=options.batch, device_batch_size=options.batch, save_every=10_000, max_length=10_000)

    def ours() -> tuple[int, float]:
        from hantei.training.tuning.trainer import Trainer

        order = order_of(rows, [1] * len(rows), settings, 0)
        arguments = training_arguments(settings, len(order), 0, work / "ours")
        return tokens, timed(Trainer, folder, arguments, _data(rows, order))

    def theirs(checkpointing: bool | None) -> Contest:
        def contest() -> tuple[int, float]:
            return tokens, timed(quiet_sft(), folder, trl_arguments(options, work, checkpointing), _data(rows))

        return contest

    return {
        "hantei": ours,
        "TRL as it comes": theirs(None),
        "TRL, gradient checkpointing off": theirs(False),
    }


def trl_arguments(options: argparse.Namespace, work: Path, checkpointing: bool | None) -> Any:
    """TRL's own, but for what would not run here (bf16 on a CPU) or is no training (saving, reporting)."""
    from trl import SFTConfig

    gpu = torch.cuda.is_available()
    more = {} if checkpointing is None else {"gradient_checkpointing": checkpointing}
    return SFTConfig(
        output_dir=str(work / "theirs"),
        per_device_train_batch_size=options.batch,
        num_train_epochs=1,
        max_length=None,
        bf16=gpu,
        use_cpu=not gpu,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **more,
    )


def quiet_sft() -> Any:
    """TRL's trainer without its telemetry, which would wait for a network."""
    from trl import SFTTrainer

    from hantei.training.tuning.trainer import Quiet

    return type("SFTTrainer", (Quiet, SFTTrainer), {})


def timed(trainer: Any, folder: Path, arguments: Any, data: Any, **more: Any) -> float:
    """Return the seconds of a training, its last weights not written."""
    base = loaded(folder)
    start = time.perf_counter()
    made = trainer(model=base.model, args=arguments, train_dataset=data, processing_class=base.tokenizer, **more)
    made.args.save_strategy = "no"
    made.train()
    return time.perf_counter() - start


def _data(rows: Sequence[Encoded], order: Sequence[int] | None = None) -> Any:
    from datasets import Dataset

    columns = {"input_ids": [row.input_ids for row in rows], "labels": [row.labels for row in rows]}
    made = Dataset.from_dict(columns)
    return made if order is None else made.select(order)


def dpo_contests(folder: Path, options: argparse.Namespace, work: Path) -> dict[str, Contest]:
    """Each returns pairs trained on and seconds, set-up counted."""
    from trl import DPOConfig

    from hantei.training.tuning.trainer import PreferenceTrainer

    base = loaded(folder)
    chosen, rejected = texts(options.rows, 0), texts(options.rows, 1)
    pairs = [
        TrainingPair(id=str(n), source="s", messages=_turns(one[0], "")[:1], chosen=one[1], rejected=other[1])
        for n, (one, other) in enumerate(zip(chosen, rejected, strict=True))
    ]
    rows = encode_pairs(pairs, ChatEncoder(base.tokenizer, base.ends))
    settings = Sft(batch_size=options.batch, device_batch_size=options.batch, save_every=10_000)

    def contest(grouped: bool, precomputed: bool) -> Contest:
        def run() -> tuple[int, float]:
            from datasets import Dataset

            order = training_order(
                [len(row) for row in rows], [1] * len(rows), batch_size=options.batch, seed=0, group_by_length=grouped
            )
            more = {"beta": 0.1, "precompute_ref_log_probs": precomputed}
            arguments = training_arguments(settings, len(order), 0, work / "dpo", DPOConfig, more)
            data = Dataset.from_list([rows[index]._asdict() for index in order])
            return len(rows), timed(PreferenceTrainer, folder, arguments, data)

        return run

    return {
        "hantei (reference along the way)": contest(grouped=True, precomputed=False),
        "the same, reference precomputed": contest(grouped=True, precomputed=True),
        "reference along the way, rows in any order": contest(grouped=False, precomputed=False),
    }


def _turns(question: str, answer: str) -> Any:
    from hantei.records import Message

    return Message(role="user", content=question), Message(role="assistant", content=answer)


if __name__ == "__main__":
    main()
