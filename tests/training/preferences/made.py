"""A world of four questions and four answers, and judges with a few thousand weights that write critiques of it."""

from __future__ import annotations

import pytest

pytest.importorskip("trl", reason="TRL is not installed")

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch

from hantei.critiques.critique import CheckedCritique, CheckedUnit, Critique, not_written
from hantei.records import Message, Prompt, Response
from hantei.training.preferences import CritiqueReading, Dialogue

torch.set_num_threads(1)  # of models this small: more wait for one another in busy loops, where a machine is busy

QUESTIONS, ANSWERS, TOLD = 4, 4, 3
PAD, UNKNOWN, END = "<pad>", "<unk>", "<end>"
TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ message['content'] + ' <end>' }}"
    "{% else %}{{ message['content'] + ' <judge> ' }}{% endif %}{% endfor %}"
)


def dialogue(question: int, answer: int, told: int, part: str = "train") -> Dialogue:
    """Return a dialogue: unsafe where the answer's number is odd; its critique has a unit for each number."""
    name = f"{part}-{question}-{answer}-{told}"
    text = f"q{question} t{told}"
    return Dialogue(
        id=name,
        language="en",
        prompt=Prompt(id=name, messages=(Message(role="user", content=text),)),
        response=Response(id=name, prompt_id=name, system="made", text=f"a{answer}"),
        unsafe=answer % 2 == 1,
        reference=(f"u{question}", f"v{answer}", f"w{told}"),
    )


def dialogues(part: str) -> list[Dialogue]:
    """Return those of one part: the last value of ``told`` is for validation."""
    told = (TOLD - 1,) if part == "validation" else range(TOLD - 1)
    return [dialogue(*numbers, part) for numbers in product(range(QUESTIONS), range(ANSWERS), told)]


class MadeForm:
    """``unsafe : u0 v1 w2``."""

    def messages(self, dialogue: Dialogue) -> Sequence[Message]:
        return (Message(role="user", content=f"{dialogue.prompt.text} {dialogue.response.text}"),)

    def completion(self, dialogue: Dialogue, unsafe: bool, critique: str) -> str:
        return f"{'unsafe' if unsafe else 'safe'} : {critique}".strip()

    def read(self, dialogue: Dialogue, reply: str) -> CritiqueReading:
        label, colon, critique = reply.partition(" :")
        known = {"safe": False, "unsafe": True}.get(label.strip())
        return CritiqueReading(known, critique.strip()) if colon and known is not None else CritiqueReading(None, None)


@dataclass(frozen=True)
class ExactChecker:
    """Each word is a unit, right where the reference has it."""

    name: str = "exact"

    def check(self, critiques: Sequence[Critique]) -> list[CheckedCritique]:
        return [_checked(one) for one in critiques]


def _checked(critique: Critique) -> CheckedCritique:
    if critique.text is None:
        return not_written(critique)
    units = tuple(dict.fromkeys(critique.text.split()))
    return CheckedCritique(
        id=critique.id,
        judge=critique.judge,
        language=critique.language,
        units=tuple(CheckedUnit(text=unit, right=unit in critique.reference) for unit in units),
        reference=tuple(CheckedUnit(text=unit, right=unit in units) for unit in critique.reference),
    )


def tokenizer() -> Any:
    """Return a tokenizer of whole words with a chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    counts = {"q": QUESTIONS, "a": ANSWERS, "t": TOLD, "u": QUESTIONS, "v": ANSWERS, "w": TOLD}
    words = [f"{letter}{number}" for letter, count in counts.items() for number in range(count)]
    names = [PAD, UNKNOWN, END, "<judge>", "safe", "unsafe", ":", *words]
    made = Tokenizer(models.WordLevel({name: at for at, name in enumerate(names)}, unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=PAD, unk_token=UNKNOWN, eos_token=END, chat_template=TEMPLATE
    )


def make_judge(folder: Path, steps: int, seed: int = 0) -> Path:
    """Write a judge that was tuned for some steps on the training dialogues, of which the third unit is left out."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    words = tokenizer()
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, eos_token_id=2, bos_token_id=None,
    )  # fmt: skip
    model, form = LlamaForCausalLM(config), MadeForm()
    texts = []
    for one in dialogues("train"):
        reply = form.completion(one, one.unsafe, " ".join(one.reference[:2]))
        turns = [{"role": "user", "content": form.messages(one)[0].content}, {"role": "assistant", "content": reply}]
        texts.append(words.apply_chat_template(turns, tokenize=False))
    ids = torch.tensor(words(texts)["input_ids"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
