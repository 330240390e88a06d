"""Supervised fine-tuning without abstractions: what ``hantei train safety-sft`` does to a model, in one loop.

    python -m hantei.training.recipes.sft_loop rows.jsonl --model MODEL --out DIR

``rows.jsonl`` has a prompt and a response on each line; "copies" beside them repeats a row. MODEL is a folder or a name
on Hugging Face whose tokenizer has a chat template. What the general trainer adds: recipes, other files, adapters,
several GPUs, and going on after a kill.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

UNTRAINED = -100


def main() -> None:
    """Read rows, make tokens of them, train, save."""
    options = read_options()
    torch.manual_seed(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).to(options.device)
    rows = [json.loads(line) for line in options.rows.read_text(encoding="utf-8").splitlines()]
    encoded = [encode(tokenizer, row["prompt"], row["response"]) for row in rows]

    # Exact copies: 16 is 16 times in each epoch. What is too long is left out whole: cut, it would never end.
    kept = [index for index, (ids, _) in enumerate(encoded) if len(ids) <= options.max_length]
    epoch = [index for index in kept for _ in range(rows[index].get("copies", 1))]
    print(f"{len(epoch)} rows an epoch; {len(rows) - len(kept)} too long")
    _, labels = encoded[kept[0]]
    print("trained:", tokenizer.decode([token for token in labels if token != UNTRAINED]))
    batches = in_batches(epoch, [len(ids) for ids, _ in encoded], options)

    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)
    bf16 = options.device == "cuda" and torch.cuda.is_bf16_supported()
    model.train()
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, len(batches), options)
        inputs = padded([encoded[index] for index in batch], tokenizer.pad_token_id or 0, options.device)
        with torch.autocast(options.device, torch.bfloat16, enabled=bf16):
            loss = model(**inputs).loss  # the mean over the trained tokens of the batch
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 10 == 0 or step + 1 == len(batches):
            print(f"step {step + 1}/{len(batches)}: loss {loss.item():.3f}")

    model.save_pretrained(options.out)  # safetensors
    tokenizer.save_pretrained(options.out)


def read_options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--min-lr", type=float, default=2e-6)
    parser.add_argument("--warmup", type=int, default=20, help="steps in which the rate rises")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def encode(tokenizer: Any, prompt: str, response: str) -> tuple[list[int], list[int]]:
    """Return tokens and labels: the answer and the token that ends its turn are trained, all else is not.

    Raises:
        SystemExit: the chat template does not show where the answer begins or ends.
    """
    asked = [{"role": "user", "content": harmless(tokenizer, prompt)}]
    said = [*asked, {"role": "assistant", "content": harmless(tokenizer, response)}]
    before = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(said, tokenize=False)
    if not whole.startswith(before):
        raise SystemExit("the chat template writes a prompt differently once it is answered")
    encoding = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    ids = encoding["input_ids"]
    answer = [at for at, (start, _) in enumerate(encoding["offset_mapping"]) if start >= len(before)]
    end = max((at for at in answer if ids[at] == tokenizer.eos_token_id), default=None)
    if end is None:
        raise SystemExit("the chat template ends no turn with the end-of-sequence token: the model would not stop")
    trained = {at for at in answer if at <= end}
    return ids, [token if at in trained else UNTRAINED for at, token in enumerate(ids)]


def harmless(tokenizer: Any, text: str) -> str:
    """Return a text with its special tokens broken up: else what somebody says could end a turn."""
    for token in tokenizer.added_tokens_decoder.values():
        if token.special:
            text = text.replace(str(token), f"{str(token)[0]} {str(token)[1:]}")
    return text


def in_batches(epoch: list[int], lengths: list[int], options: argparse.Namespace) -> list[list[int]]:
    """Return all batches of all epochs: rows of a like length together, the batches in any order."""
    rng = random.Random(options.seed)  # noqa: S311 - no secret
    batches: list[list[int]] = []
    for _ in range(options.epochs):
        rng.shuffle(epoch)  # rows of one length in any order
        rows = sorted(epoch, key=lambda index: lengths[index])
        some = [rows[first : first + options.batch] for first in range(0, len(rows), options.batch)]
        rng.shuffle(some)
        batches += some
    return batches


def rate(step: int, steps: int, options: argparse.Namespace) -> float:
    """Return the learning rate of a step: up in a line, then down along a cosine."""
    if step < options.warmup:
        return float(options.lr * (step + 1) / options.warmup)
    done = (step - options.warmup) / max(1, steps - options.warmup)
    return float(options.min_lr + (options.lr - options.min_lr) * (1 + math.cos(math.pi * done)) / 2)


def padded(rows: list[tuple[list[int], list[int]]], pad: int, device: str) -> dict[str, torch.Tensor]:
    """Return a batch as tensors (rows, longest), padded on the right."""
    longest = max(len(ids) for ids, _ in rows)

    def filled(values: list[list[int]], with_what: int) -> torch.Tensor:
        return torch.tensor([one + [with_what] * (longest - len(one)) for one in values], device=device)

    return {
        "input_ids": filled([ids for ids, _ in rows], pad),
        "labels": filled([labels for _, labels in rows], UNTRAINED),
        "attention_mask": filled([[1] * len(ids) for ids, _ in rows], 0),
    }


if __name__ == "__main__":
    main()
