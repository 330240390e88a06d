"""Embeddings of training texts, kept on the disk: the encoder needs minutes for them, and texts seldom change."""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from hantei.files import write_atomic
from hantei.judges.builtin.encoder import WIDTH, Vectors, sentence_encoder

_BATCH = 2048


class CachedEmbedder:
    """Embeds as the judge's encoder does, rounded to 16 bits; what the file ``kept`` holds is not embedded again."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._vectors: dict[bytes, Vectors] = {}
        if kept.is_file():
            with np.load(kept, allow_pickle=False) as archive:
                keys = archive["keys"]
                self._vectors = dict(zip((key.tobytes() for key in keys), archive["vectors"], strict=True))

    def encode(self, texts: list[str]) -> Vectors:
        """Return one vector a text, (texts, 512)."""
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if new:
            self._vectors.update(zip(new, _encode(list(new.values())), strict=True))
            self._save()
        out = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for number, key in enumerate(keys):
            out[number] = self._vectors[key]
        return out

    def _save(self) -> None:
        keys = np.frombuffer(b"".join(self._vectors), dtype=np.uint8).reshape(-1, 16)
        archive = io.BytesIO()
        np.savez(archive, keys=keys, vectors=np.stack(list(self._vectors.values())))
        write_atomic(self._kept, [archive.getvalue()])


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _encode(texts: list[str]) -> Vectors:
    parts = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(parts))) as pool:
        return np.concatenate(list(pool.map(_encode_part, parts)))


def _encode_part(texts: list[str]) -> Vectors:
    return sentence_encoder().encode(texts).astype(np.float16)
