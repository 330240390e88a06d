"""Sequence classifiers of Hugging Face's that hantei did not train, as judges.

    encoder?head=unsafe&labels=safe,unsafe&text=answer@hf/LibrAI/longformer-harmful-ro
    encoder?head=action&labels=0,1,2,3,4,4,5&text=answer@hf/LibrAI/longformer-action-ro

``labels`` says which of hantei's classes each output of the model stands for, in the model's order; where several
outputs stand for one class, their probabilities are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hantei.cards import did_you_mean
from hantei.errors import UsageError
from hantei.judges.card import load_card
from hantei.judges.encoder.classifier import EncoderClassifier
from hantei.judges.encoder.folder import MIN_TOKENS
from hantei.judges.encoder.heads import HEADS
from hantei.judges.encoder.outputs import OutputHead
from hantei.judges.encoder.pretrained import one_line_errors, quiet, with_weights
from hantei.models.extras import needed

SETTINGS = {"head": "", "labels": "", "text": "question and answer"}
_TEXTS = ("question and answer", "answer")
_LONGEST = 4096
_OFFSET = 2
"""Positions that encoders of RoBERTa's family keep for padding; for others two tokens less are read."""


def plain_classifier(name: str, model: str, revision: str | None, settings: Mapping[str, str]) -> EncoderClassifier:
    """Return a sequence classifier by the settings ``head``, ``labels`` and ``text`` of the judge ``name``.

    Args:
        name: of the judge, for messages.
        model: a folder's path or a name on the hub.
        revision: on the hub, None for the newest.
        settings: see ``SETTINGS``.

    Raises:
        UsageError: the model is not there, is no such classifier, or the settings do not fit it.
    """
    head, pair = _head(name, settings), settings["text"] == _TEXTS[0]
    network, tokenizer = _load(model, revision)
    config = network.config
    if config.num_labels != len(head.classes):
        raise UsageError(f"--judge {name}: the model has {config.num_labels} outputs, labels names {len(head.classes)}")
    if config.problem_type == "multi_label_classification":
        raise UsageError(f"--judge {name}: the outputs of this model do not exclude each other; hantei reads one class")
    _agree_on_padding(name, config, tokenizer)
    max_tokens = _max_tokens(config, tokenizer)
    if max_tokens < MIN_TOKENS:
        raise UsageError(f"--judge {name}: the model reads {max_tokens} tokens; expected at least {MIN_TOKENS}")
    from hantei.judges.encoder.network import PlainNetwork

    card = load_card("encoder").outline()
    notice = f"Nothing has been measured of {model} here: its languages and its accuracy are those its makers state."
    return EncoderClassifier(
        network=PlainNetwork(network).eval(),
        tokenizer=tokenizer,
        heads=(head,),
        pair=pair,
        max_tokens=max_tokens,
        identity=_identity(network, tokenizer, settings),
        languages=None,
        outline={**card, "title": model, "evidence": "untested", "notices": [notice]},
    )


def _head(name: str, settings: Mapping[str, str]) -> OutputHead:
    head, labels = settings["head"], tuple(settings["labels"].split(","))
    if head not in HEADS:
        hint = did_you_mean(head, HEADS)
        raise UsageError(f"--judge {name}: expected head={' or head='.join(HEADS)}, got '{head}'{hint}")
    if not set(labels) <= set(HEADS[head]):
        known = ",".join(HEADS[head])
        raise UsageError(f"--judge {name}: expected labels as in labels={known}, one for each output of the model")
    if len(set(labels)) < 2:  # what has one output means it as a chance of its own, not as one class among several
        raise UsageError(f"--judge {name}: expected labels of at least two classes, else every answer is the same")
    if settings["text"] not in _TEXTS:
        raise UsageError(f"--judge {name}: expected text=answer or text=question and answer")
    return OutputHead(head, slice(0, len(labels)), labels)


def _load(model: str, revision: str | None) -> tuple[Any, Any]:
    needed("torch", "encoder")
    transformers = needed("transformers", "encoder")
    if model.startswith(("/", ".", "~")) and not (Path(model) / "config.json").is_file():
        raise UsageError(f"{model}: expected a folder with a classifier's config.json, found none")
    options: dict[str, Any] = {"revision": revision or "main", "trust_remote_code": False}
    with quiet(), one_line_errors(model):
        network = with_weights(transformers.AutoModelForSequenceClassification, model, dtype="float32", **options)
        return network, transformers.AutoTokenizer.from_pretrained(model, **options)


def _agree_on_padding(name: str, config: Any, tokenizer: Any) -> None:
    """Let the network pad with the tokenizer's token: networks that judge by the last token find it by the padding.

    Raises:
        UsageError: neither says what padding is.
    """
    if tokenizer.pad_token_id is None and config.pad_token_id is None:
        raise UsageError(f"--judge {name}: neither the model nor its tokenizer has a padding token")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(config.pad_token_id)
    config.pad_token_id = tokenizer.pad_token_id


def _max_tokens(config: Any, tokenizer: Any) -> int:
    positions = getattr(config, "max_position_embeddings", None) or _LONGEST + _OFFSET
    return int(min(tokenizer.model_max_length, positions - _OFFSET, _LONGEST))


def _identity(network: Any, tokenizer: Any, settings: Mapping[str, str]) -> str:
    """Return a hash of weights, configuration, tokenizer and settings."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode() + tensor.contiguous().numpy().tobytes())
    cutting = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else sorted(tokenizer.get_vocab().items())
    for part in (network.config.to_json_string(), cutting, sorted(settings.items())):
        digest.update(str(part).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
