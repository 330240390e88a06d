"""The encoding of a file: stated, marked by a byte-order mark, UTF-8, or guessed from the whole of it."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from hantei.errors import InputError
from hantei.inputs.byte_sources import Stored

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_HIRAGANA = 0.15
_HEAD = 4096
_NULS = 0.2
"""Share of NUL bytes in the head of a file above which it is UTF-16; a stray one is a matter of its cell."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ["gb18030", "cp932", "euc_jp", "big5", "cp1252"]
"""What files of the three languages come in when they are not UTF-8; cp932 is what Windows means by Shift_JIS."""

_COMMON_HAN = {"cp932": ("euc_jp", 0xCF), "gb18030": ("gb2312", 0xD7), "euc_jp": ("euc_jp", 0xCF)}
"""Per encoding, where its common characters stand: a codec in which they come first, and their last lead byte."""
_LATIN = frozenset("‘’“”–—…•€™©®°£§«»¿¡·½") | {chr(code) for code in range(0xC0, 0x100)} - {"×", "÷"}
"""What text in cp1252 is made of besides ASCII; anything else in it makes the encoding doubtful."""


class Encoding(NamedTuple):
    """A codec name and how it was found: ``stated``, ``marked``, ``valid`` (UTF-8) or ``guessed``."""

    name: str
    how: str


def find_encoding(path: Path | Stored, stated: str | None = None) -> Encoding:
    """Return the encoding in which the whole of ``path`` can be read.

    Raises:
        InputError: ``stated`` is no encoding, or the file cannot be read in it or in any that hantei knows.
    """
    if stated:
        return _stated(path, stated)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(_checked(path, name), "marked")
    _reject_unmarked_utf16(path, head)
    if _undecodable(path, "utf-8") is None:
        return Encoding("utf-8", "valid")
    return Encoding(_guess(path), "guessed")


def _reject_unmarked_utf16(path: Path | Stored, head: bytes) -> None:
    if head.count(0) > _NULS * len(head):
        order = "le" if head[1::2].count(0) >= head[0::2].count(0) else "be"
        raise InputError(f"{path}: looks like UTF-16 without a byte-order mark; name it with --encoding utf-16-{order}")


def _stated(path: Path | Stored, stated: str) -> Encoding:
    name = _text_codec(stated)
    if name is None:
        raise InputError(f"--encoding {stated}: no such encoding of text; try utf-8, gb18030, shift_jis or cp932")
    # A mark at the head of a UTF-8 file is not part of the first column's name.
    return Encoding(_checked(path, "utf-8-sig" if name == "utf-8" else name), "stated")


def _text_codec(stated: str) -> str | None:
    try:
        codec = codecs.lookup(stated)
    except (LookupError, ValueError):
        return None
    return codec.name if codec._is_text_encoding else None  # base64, rot13 and the like turn no bytes into text


def _checked(path: Path | Stored, name: str) -> str:
    problem = _undecodable(path, name)
    if problem is not None:
        raise InputError(f"{path}: not {name} ({problem}); name the right encoding with --encoding")
    return name


def _undecodable(path: Path | Stored, name: str) -> str | None:
    """Return None if the whole file decodes, else what does not."""
    decoder = codecs.getincrementaldecoder(name)()
    done = 0
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
                done += len(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            return f"near byte {done + getattr(error, 'start', 0)}: {getattr(error, 'reason', error)}"
    return None


def _guess(path: Path | Stored) -> str:
    from charset_normalizer import from_bytes

    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    # Cut at a line end, so that no character of several bytes is torn.
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    guessed = [best.encoding] if best else []
    if guessed == ["cp1252"]:
        guessed = [*_hidden_east_asian(sample), *guessed]
    order = [*_japanese(sample), *guessed, *_CANDIDATES]
    for name in dict.fromkeys(order):
        if _undecodable(path, name) is None:
            return name
    raise InputError(f"{path}: not readable as UTF-8, GB18030, Shift_JIS or EUC-JP; name its encoding with --encoding")


def _japanese(sample: bytes) -> list[str]:
    """Return the Japanese encoding in which a sample is full of hiragana: no other text looks so by chance."""
    for name in ("cp932", "euc_jp"):
        text = [c for c in sample.decode(name, "ignore") if not c.isascii()]
        if text and sum("\u3041" <= c <= "\u3096" for c in text) > _HIRAGANA * len(text):
            return [name]
    return []


def _hidden_east_asian(sample: bytes) -> list[str]:
    """Return the encoding in which a few characters among Latin ones are kana or common Han, if cp1252 is doubtful."""
    if set(sample.decode("cp1252", "ignore")) <= _LATIN | {chr(code) for code in range(128)}:
        return []
    return [name for name in _COMMON_HAN if _all_common(sample, name)][:1]


def _all_common(sample: bytes, name: str) -> bool:
    try:
        text = sample.decode(name)
    except UnicodeError:
        return False
    return all(_is_common(char, name) for char in set(text) if not char.isascii())


def _is_common(char: str, name: str) -> bool:
    if "\u3000" <= char <= "\u30ff" or "\uff01" <= char <= "\uff5e":
        return True  # punctuation, kana, and full-width forms
    codec, last = _COMMON_HAN[name]
    code = char.encode(codec, "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= last
