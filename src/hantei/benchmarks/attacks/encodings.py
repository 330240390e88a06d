"""What becomes of a prompt's letters: encodings that a model may read and a filter may not. None has a parameter."""

from __future__ import annotations

import codecs
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_MARKS = str.maketrans("\u3099\u309a\u30fb\u30fc\u300c\u300d\u3001\u3002", "ﾞﾟ･ｰ｢｣､｡")
_HALF = {ord(unicodedata.normalize("NFKC", chr(code))): code for code in range(0xFF66, 0xFF9E)}
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode()


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _leetspeak(text: str) -> str:
    return text.translate(_LEET)


def _spacing(text: str) -> str:
    return " ".join(text)


def _full_width(text: str) -> str:
    return text.translate(_FULL)


def _half_width(text: str) -> str:
    """Return Japanese with its kana as half-width katakana."""
    katakana = unicodedata.normalize("NFC", text).translate(_KATAKANA)
    return unicodedata.normalize("NFD", katakana).translate(_HALF).translate(_MARKS)


def _reversed(text: str) -> str:
    return text[::-1]


def _unicode_escapes(text: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "base64": _base64,
    "rot13": _rot13,
    "leetspeak": _leetspeak,
    "spacing": _spacing,
    "full-width": _full_width,
    "half-width": _half_width,
    "reversed": _reversed,
    "unicode-escapes": _unicode_escapes,
}
"""By the names that cards use."""
