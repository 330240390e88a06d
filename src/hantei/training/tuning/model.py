"""The model that is tuned: read, or made from nothing; with adapters where asked; in the precision of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.models.http_errors import clean
from hantei.training.mixtures.recipe import Lora, ModelTable, NewModel
from hantei.training.tuning.chat import give_template

EXTRA = "tune"
PAD, END = "<|pad|>", "<|im_end|>"
_SPECIAL = (PAD, "<|im_start|>", END)


class Base(NamedTuple):
    """A model to tune and its tokenizer; ``name`` and ``revision`` say which weights it began with."""

    model: Any
    tokenizer: Any
    name: str
    revision: str | None = None

    @property
    def ends(self) -> list[int]:
        """The tokens at which its generation stops."""
        ends = self.model.generation_config.eos_token_id
        return [ends] if isinstance(ends, int) else list(ends or [])

    def longest(self, asked: int) -> int:
        """Return how many tokens a row may have: what is asked for, but never more than the model has places for."""
        places = getattr(self.model.config, "max_position_embeddings", None)
        return min(asked, places) if isinstance(places, int) and places > 0 else asked


def uses_bf16(precision: str) -> bool:
    """Return whether this machine trains in bf16: where a GPU has it, unless fp32 is asked for.

    Raises:
        UsageError: bf16 is asked for and no GPU has it.
    """
    torch = needed("torch", EXTRA)
    has = bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    if precision == "bf16" and not has:
        raise UsageError('sft.precision: this machine has no GPU with bf16; write "auto" or "fp32"')
    return has and precision != "fp32"


def load_base(table: ModelTable, base: str, lora: Lora | None = None, bf16: bool = False) -> Base:
    """Read the model that is to be tuned.

    Args:
        table: what a recipe says of it.
        base: its folder, or its name on Hugging Face.
        lora: adapters, with which the base's weights stand still and may be of 4 bits.
        bf16: whether the machine trains in bf16; weights that are trained whole stay fp32.

    Raises:
        UsageError: it cannot be read, or its tokenizer has no chat template and none is named.
    """
    transformers = needed("transformers", EXTRA)
    transformers.utils.logging.disable_progress_bar()
    options: dict[str, Any] = {"trust_remote_code": table.trust_remote_code}
    if not Path(base).is_dir():
        options["revision"] = table.revision or "main"
    weights = {"dtype": _dtype(lora, bf16), **_four_bit(lora)}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(base, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(base, **weights, **options)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise UsageError(f"model.base {base}: cannot be loaded: {clean(str(error))}") from None
    give_template(tokenizer, table.template)
    return Base(model, tokenizer, base, getattr(model.config, "_commit_hash", None))


def make_base(new: NewModel, texts: Iterable[str], template: str | None, seed: int) -> Base:
    """Make a small Llama of random weights, and a tokenizer of byte pairs from ``texts``.

    Args:
        new: its sizes.
        texts: what the tokenizer is made of.
        template: one of hantei's chat templates, None for ``chatml``.
        seed: decides the weights.
    """
    transformers = needed("transformers", EXTRA)
    tokenizer = _make_tokenizer(new, texts)
    give_template(tokenizer, template or "chatml")
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=new.hidden,
        intermediate_size=4 * new.hidden,
        num_hidden_layers=new.layers,
        num_attention_heads=new.heads,
        max_position_embeddings=new.context,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    transformers.set_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    return Base(model, tokenizer, "from nothing")


def with_adapters(model: Any, lora: Lora) -> Any:
    """Return a model whose own weights stand still, with adapters that are trained."""
    peft = needed("peft", EXTRA)
    if lora.four_bit:
        model = peft.prepare_model_for_kbit_training(model)
    config = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.modules,
        task_type="CAUSAL_LM",
    )
    return peft.get_peft_model(model, config)


def _make_tokenizer(new: NewModel, texts: Iterable[str]) -> Any:
    tokenizers, transformers = needed("tokenizers", EXTRA), needed("transformers", EXTRA)
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=new.vocabulary,
        special_tokens=list(_SPECIAL),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, pad_token=PAD)


def _dtype(lora: Lora | None, bf16: bool) -> Any:
    torch = needed("torch", EXTRA)
    return torch.bfloat16 if lora and bf16 else torch.float32


def _four_bit(lora: Lora | None) -> dict[str, Any]:
    if lora is None or not lora.four_bit:
        return {}
    torch, transformers = needed("torch", EXTRA), needed("transformers", EXTRA)
    if not torch.cuda.is_available():
        raise UsageError("sft.lora.four_bit: QLoRA needs a GPU; leave it out to train adapters on the CPU")
    needed("bitsandbytes", "qlora")
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config}
