"""Encoders as transformers loads them: only safetensors, no code of a model's own, errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hantei.errors import UsageError
from hantei.models.extras import needed
from hantei.models.http_errors import clean

if TYPE_CHECKING:
    pass


_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "longformer", "camembert", "mpnet", "xlm-roberta-xl")
"""Models that number positions from behind the padding token's number, and so have fewer than they state."""


def load_base(name: str, revision: str | None = None) -> tuple[Any, Any]:
    """Return an encoder of transformers and its tokenizer, by a folder's path or a name on the Hugging Face hub.

    Raises:
        UsageError: it is not there or cannot be fetched, has no safetensors, lacks weights, or needs code of its own;
            or torch or transformers is not installed.
    """
    transformers = transformers_library()
    if name.startswith(("/", ".", "~")) and not (Path(name) / "config.json").is_file():
        raise UsageError(f"{name}: expected a folder with an encoder's config.json, found none")
    options: dict[str, Any] = {"revision": revision or "main", "trust_remote_code": False}
    with quiet(), one_line_errors(name):
        base = with_weights(transformers.AutoModel, name, but="pooler", **options)
        return base, transformers.AutoTokenizer.from_pretrained(name, **options)


def with_weights(kind: Any, name: str, but: str | None = None, **options: Any) -> Any:
    """Return a model of transformers, all of whose weights were there: it would make up others, and not say so.

    Args:
        kind: the class of transformers that loads it.
        name: a folder's path or a name on the hub.
        but: what the names of weights that may be lacking hold.
        options: of ``from_pretrained``.

    Raises:
        ValueError: the model's files lack weights.
    """
    model, found = kind.from_pretrained(name, use_safetensors=True, output_loading_info=True, **options)
    lacking = sorted(key for key in found["missing_keys"] if but is None or but not in key)
    if lacking:
        raise ValueError(f"its files lack {len(lacking)} of the network's weights, such as {lacking[0]}")
    return model


def longest_input(config: Any) -> int | None:
    """Return for how many tokens an encoder has positions, by its configuration; None where it sets no limit."""
    positions: int | None = getattr(config, "max_position_embeddings", None)
    if positions and config.model_type in _OFFSET_POSITIONS:
        return positions - (config.pad_token_id or 0) - 1
    return positions or None


def transformers_library() -> Any:
    """Return the library, where it and PyTorch are installed."""
    needed("torch", "encoder")
    return needed("transformers", "encoder")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from writing bars and reports of its own to the terminal."""
    logging, hub = transformers_library().utils.logging, getLogger("huggingface_hub")
    level, hub_level, bars = logging.get_verbosity(), hub.level, logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub.setLevel(ERROR)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        hub.setLevel(hub_level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def one_line_errors(name: str) -> Iterator[None]:
    """Turn what transformers raises where a model cannot be loaded into one line.

    Raises:
        UsageError: the libraries raised anything.
    """
    try:
        yield
    except Exception as error:  # the libraries raise what they like for a file that is damaged or not what they expect
        raise UsageError(
            f"{name}: expected an encoder in a folder or on the Hugging Face hub, with weights as safetensors and "
            f"without code of its own: {clean(str(error))}"
        ) from None
