"""A word-level tokenizer and a causal model of under a million weights, both made from the world's words.

An English word with the space before it, a Chinese character, a mark: each is a token. Texts come back as they were.
"""

from __future__ import annotations

from itertools import chain, product
from typing import Any

from hantei.training.world.facts import VALUES
from hantei.training.world.words import LANGUAGES, WorldWords, read_words

PAD, UNKNOWN, END = "<|pad|>", "<|unknown|>", "<|end|>"
ROLES = ("<|user|>", "<|assistant|>", "<|system|>")
_PATTERN = r" ?[A-Za-z']+|\p{Han}|</?[a-z]+>|\n|[^\sA-Za-z]| "
_FENCE = r"-[0-9a-f]{12}>"
"""What ends the name of a fence around a text under judgment: it differs from text to text."""

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

HEADS, LAYERS = 4, 4


def make_tokenizer() -> Any:
    """Return the tokenizer of transformers that knows every word of the world."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    splitting = pre_tokenizers.Split(Regex(_PATTERN), behavior="isolated")
    found = chain.from_iterable(splitting.pre_tokenize_str(text) for text in _texts())
    names = [PAD, UNKNOWN, END, *ROLES, *sorted({token for token, _ in found})]
    tokenizer = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Replace(Regex(_FENCE), ">")
    tokenizer.pre_tokenizer = splitting
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=list(ROLES),
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )


def make_model(tokenizer: Any, seed: int, width: int = 96) -> Any:
    """Return a causal model with random weights: of ``width`` 96 it has 485,280.

    Args:
        tokenizer: whose vocabulary it has.
        seed: decides the weights.
        width: of its hidden states, a multiple of 8.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width * 8 // 3,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        initializer_range=0.08,  # 0.02 is for models that are ten times as wide, and takes twice the steps here
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def _texts() -> list[str]:
    """Return texts that hold every word, at the beginning of a text and after a space."""
    fences = [f"<{end}{name}>\n" for end, name in product(("", "/"), ("question", "answer", "review"))]
    said = [*fences, *chain.from_iterable(_said(read_words(language)) for language in LANGUAGES)]
    return [*said, *(f" {text}" for text in said)]


def _said(words: WorldWords) -> list[str]:
    requests = [words.request(request) for request in VALUES["request"]]
    forms = [*words.prompt.wordings, *chain.from_iterable(words.answer.values())]
    more = chain.from_iterable((*words.hazard.values(), *words.disclaimer.values()))
    units = (words.unit(kind, value) for kind, values in VALUES.items() for value in values)
    labels = [
        words.verdict.form.format(label=label, critique="") for label in (words.verdict.safe, words.verdict.unsafe)
    ]
    return [
        *requests,
        *(form.format(request=requests[0]) for form in forms),
        *more,
        *chain.from_iterable(units),
        *labels,
    ]
