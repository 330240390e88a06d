"""The folder of a trained encoder: weights, configuration, tokenizer, card, and the hashes of what it was trained on.

    model.safetensors   the state of an EncoderNetwork
    config.json         the base's configuration as transformers writes it
    tokenizer files     as transformers writes them
    card.toml           what the judge is and was measured to do; [encoder] holds the spec, [files] every file's SHA-256
    trained.npy         sorted 64-bit hashes of the pairs it was trained on (judges/builtin/weights.pair_hashes)
    profile.npz         what its training answers look like (judges/profile.py)

Nothing in it is executed: weights are safetensors, arrays are read without pickle, and no code is taken from a model.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hantei import cards
from hantei.errors import CardError, UsageError
from hantei.files import sha256
from hantei.judges.encoder.heads import HEADS
from hantei.judges.numpy_files import array_in
from hantei.judges.profile import Profile

if TYPE_CHECKING:
    from hantei.judges.encoder.network import EncoderNetwork
from hantei.judges.encoder.pretrained import longest_input, one_line_errors, quiet, transformers_library

CARD, WEIGHTS, TRAINED, PROFILE = "card.toml", "model.safetensors", "trained.npy", "profile.npz"
MIN_TOKENS = 16
"""The shortest input that leaves room for something of the question and of the answer."""


InputText = Literal["question and answer", "answer"]
Pooling = Literal["first", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSpec:
    """What makes a network a judge.

    ``heads`` stand in the order of the output. ``text`` is what the encoder reads. ``max_tokens`` is the longest input,
    special tokens included. ``base`` is the name of the encoder that it was trained from. ``temperature`` divides a
    head's logits before the softmax; a head without one has 1. ``languages`` are those of the training labels, BCP 47.
    """

    heads: tuple[str, ...]
    text: InputText = "question and answer"
    max_tokens: int = 512
    pooling: Pooling = "first"
    base: str = ""
    temperature: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedEncoder:
    """A trained encoder, ready to be run. ``card_hash`` is the SHA-256 of the card, which holds those of the files."""

    network: EncoderNetwork
    tokenizer: Any
    spec: EncoderSpec
    card: Mapping[str, Any]
    card_hash: str
    trained: NDArray[np.uint64]
    profile: Profile | None


def save(
    folder: Path,
    network: EncoderNetwork,
    tokenizer: Any,
    spec: EncoderSpec,
    card: Mapping[str, Any],
    trained: NDArray[np.uint64] | None = None,
    profile: Profile | None = None,
) -> None:
    """Write a trained encoder.

    The card gets the tables ``[encoder]`` (the spec), ``[weights]`` and ``[files]`` beside what ``card`` says. It is
    taken away first and written last, so that a folder with a card is whole.

    Args:
        folder: made where it is missing; other files in it stay.
        network: the weights, in the precision in which they are.
        tokenizer: of transformers.
        spec: how the network is used.
        card: fields of the card (``judges/card.py``); ``languages`` comes from the spec where it is missing.
        trained: hashes of the training pairs (``pair_hashes``), in any order.
        profile: what the training answers look like.

    Raises:
        OSError: the disk is full or gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".part-*"):  # of one that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(dir=folder, prefix=".part-"))
    try:
        _write_network(part, network, tokenizer)
        if trained is not None:
            np.save(part / TRAINED, np.unique(trained.astype(np.uint64)), allow_pickle=False)
        if profile is not None:
            profile.save(part / PROFILE)
        names = sorted(file.name for file in part.iterdir() if file.is_file())
        (part / CARD).write_text(_card_text(part, names, spec, card), encoding="utf-8")
        for name in (CARD, TRAINED, PROFILE):
            (folder / name).unlink(missing_ok=True)
        for name in (*names, CARD):
            os.replace(part / name, folder / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_network(part: Path, network: EncoderNetwork, tokenizer: Any) -> None:
    from safetensors.torch import save_file

    state = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, part / WEIGHTS, metadata={"format": "pt"})
    network.base.config.save_pretrained(part)
    shutil.copymode(part / "config.json", part / WEIGHTS)  # safetensors lets nobody else read what it writes
    tokenizer.save_pretrained(part)


def _card_text(part: Path, names: list[str], spec: EncoderSpec, card: Mapping[str, Any]) -> str:
    digests = {name: sha256(part / name) for name in names}
    weights = {"file": WEIGHTS, "sha256": digests[WEIGHTS], "bytes": (part / WEIGHTS).stat().st_size}
    described = {key: value for key, value in asdict(spec).items() if key != "languages"}
    tables = {"encoder": described, "weights": weights, "files": digests}
    return cards.write({**card, "languages": card.get("languages", list(spec.languages)), **tables})


def load(folder: Path) -> LoadedEncoder:
    """Read a trained encoder; it is on the CPU, in evaluation mode.

    Raises:
        UsageError: there is no such folder or no card in it, or torch or transformers is not installed.
        CardError: the card is not one of an encoder, or a file is missing or not the one that the card describes.
    """
    card, card_hash = read_card(folder)
    spec = spec_of(folder, card)
    check_files(folder, card)
    transformers = transformers_library()
    from safetensors.torch import load_file

    from hantei.judges.encoder.network import EncoderNetwork

    with quiet(), one_line_errors(str(folder)):
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        base = transformers.AutoModel.from_config(config, trust_remote_code=False)
        network = EncoderNetwork(base, spec.heads, spec.pooling)
        network.load_state_dict(load_file(folder / WEIGHTS))
    longest = longest_input(config)
    if longest and spec.max_tokens > longest:
        raise CardError(f"{folder / CARD}, [encoder]: max_tokens: expected at most {longest}, got {spec.max_tokens}")
    profile = Profile.load(folder / PROFILE) if PROFILE in card["files"] else None
    return LoadedEncoder(network.eval(), tokenizer, spec, card, card_hash, _trained(folder, card), profile)


def read_card(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the card of a trained encoder and its SHA-256.

    Raises:
        UsageError: there is none.
        CardError: it is not TOML.
    """
    try:
        raw = (folder / CARD).read_bytes()
    except OSError:
        raise UsageError(f"{folder}: expected the folder of a trained encoder, found no {CARD} in it") from None
    try:
        return tomllib.loads(raw.decode("utf-8")), hashlib.sha256(raw).hexdigest()
    except ValueError as error:
        raise CardError(f"{folder / CARD}: not TOML: {error}") from None


def spec_of(folder: Path, card: Mapping[str, Any]) -> EncoderSpec:
    """Return the spec that a card holds.

    Raises:
        CardError: it holds none, or one that contradicts itself.
    """
    try:
        data = dict(card["encoder"])
        spec = EncoderSpec(
            heads=tuple(data.pop("heads")),
            languages=tuple(card.get("languages", ())),
            **data,
        )
        problem = _problem(spec)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CardError(f"{folder / CARD}, [encoder]: expected the description of an encoder: {error}") from None
    if problem:
        raise CardError(f"{folder / CARD}, [encoder]: {problem}")
    for key in ("languages", "notices"):
        value = card.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise CardError(f"{folder / CARD}, {key}: expected a list of strings")
    return spec


def _problem(spec: EncoderSpec) -> str | None:
    if not spec.heads or len(set(spec.heads)) < len(spec.heads) or not set(spec.heads) <= set(HEADS):
        return f"heads: expected some of {', '.join(HEADS)}"
    if spec.text not in ("question and answer", "answer"):
        return "text: expected 'question and answer' or 'answer'"
    if spec.pooling not in ("first", "mean"):
        return "pooling: expected 'first' or 'mean'"
    if not isinstance(spec.max_tokens, int) or spec.max_tokens < MIN_TOKENS:
        return f"max_tokens: expected a whole number from {MIN_TOKENS}"
    if not all(isinstance(value, int | float) and value > 0 for value in spec.temperature.values()):
        return "temperature: expected a number above 0 for each head"
    return None


def check_files(folder: Path, card: Mapping[str, Any]) -> None:
    """Compare the files of a trained encoder with the card.

    Raises:
        CardError: one is missing, or is not the file that the card describes.
    """
    stated = card.get("files")
    if not isinstance(stated, Mapping) or WEIGHTS not in stated:
        raise CardError(f"{folder / CARD}, [files]: expected the SHA-256 of {WEIGHTS} and of every other file")
    for name, digest in stated.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise CardError(f"{file}: missing, though card.toml names it; train again or restore the folder")
        if sha256(file) != digest:
            raise CardError(f"{file}: is not the file that card.toml describes; train again or restore the folder")


def _trained(folder: Path, card: Mapping[str, Any]) -> NDArray[np.uint64]:
    if TRAINED not in card["files"]:
        return np.zeros(0, dtype=np.uint64)
    try:
        hashes: NDArray[np.uint64] = array_in((folder / TRAINED).read_bytes())
    except (OSError, ValueError) as error:
        raise CardError(f"{folder / TRAINED}: expected an array of hashes: {error}") from None
    if hashes.dtype != np.uint64 or hashes.ndim != 1:
        raise CardError(f"{folder / TRAINED}: expected an array of hashes, found {hashes.dtype} {hashes.shape}")
    return hashes
