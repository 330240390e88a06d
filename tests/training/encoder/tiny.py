"""A tiny BERT with random weights, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch", reason="the extra encoder is not installed: torch")
transformers: Any = pytest.importorskip("transformers", reason="the extra encoder is not installed: transformers")
tokenizers: Any = pytest.importorskip("tokenizers", reason="the extra encoder is not installed: tokenizers")

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("how", "do", "i", "make", "a", "cake", "bomb", "sorry", "no", "sure", "here", "is", "what", "you", "need", "?")
POSITIONS = 64


def make_base(path: Path) -> Path:
    """Write an encoder of 16 words and two layers to a folder."""
    vocabulary = {word: number for number, word in enumerate((*SPECIAL, *WORDS, *(f"n{n}" for n in range(40))))}
    roles = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    core = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token=roles["unk_token"]))
    core.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    core.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(word, vocabulary[word]) for word in ("[CLS]", "[SEP]")],
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=core, model_input_names=inputs, **roles)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=POSITIONS,
    )
    transformers.BertModel(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path
