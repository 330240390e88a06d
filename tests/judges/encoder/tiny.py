"""Tiny encoders with random weights, made on the spot."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hantei.records import Message, Prompt, Response

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")
transformers: Any = pytest.importorskip("transformers", reason="the extra encoder is not installed: transformers")
tokenizers: Any = pytest.importorskip("tokenizers", reason="the extra encoder is not installed: tokenizers")

WORDS = (*(a + b for a in string.ascii_lowercase for b in "aeiou"), "yes", "no", "how", "what", "?", ".")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 96,
    "initializer_range": 0.4,
}


def make_tokenizer(*, lower: bool = False) -> Any:
    """One token a word, question and answer apart by [SEP]."""
    names = [*SPECIAL, *WORDS]
    core = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: number for number, word in enumerate(names)}, "[UNK]")
    )
    core.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    if lower:
        core.normalizer = tokenizers.normalizers.Lowercase()
    core.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="[PAD]",  # noqa: S106 - no password
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
        model_max_length=96,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def make_config(**more: Any) -> Any:
    return transformers.BertConfig(vocab_size=len(SPECIAL) + len(WORDS), **{**SIZES, **more})


def make_encoder(
    folder: Path,
    heads: tuple[str, ...] = ("unsafe", "action", "refusal"),
    trained: NDArray[np.uint64] | None = None,
    **spec: Any,
) -> Path:
    """Write a trained encoder, but for the training."""
    from hantei.judges.encoder.folder import EncoderSpec, save
    from hantei.judges.encoder.network import EncoderNetwork

    torch.manual_seed(0)
    pooling = spec.get("pooling", "first")
    network = EncoderNetwork(transformers.BertModel(make_config()), heads, pooling)
    torch.nn.init.normal_(network.classes.weight, std=1.0)
    made = EncoderSpec(heads=heads, base="tiny", **{"max_tokens": 48, "pooling": pooling, "languages": ("en",), **spec})
    save(folder, network, make_tokenizer(), made, {"name": "encoder", "title": "tiny", "version": "1"}, trained)
    return folder


def make_classifier(folder: Path, labels: int) -> Path:
    """Write a sequence classifier that hantei did not train."""
    torch.manual_seed(1)
    model = transformers.BertForSequenceClassification(make_config(num_labels=labels))
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def pair(
    answer: str, question: str = "how what ?", language: str | None = "en", **more: Any
) -> tuple[Prompt, Response]:
    prompt = Prompt(id="q", messages=(Message(role="user", content=question),), language=language)
    return prompt, Response(id=more.pop("id", "s/q/0"), prompt_id="q", system="s", text=answer, **more)


def pairs(count: int, longest: int = 30, seed: int = 0) -> list[tuple[Prompt, Response]]:
    """Pairs of random words, of random lengths."""
    rng = np.random.default_rng(seed)
    made = [" ".join(rng.choice(WORDS, rng.integers(1, longest))) for _ in range(count)]
    return [pair(text, id=f"s/{number}/0") for number, text in enumerate(made)]
