"""Names of languages, and codes of three letters, as BCP 47 tags."""

from __future__ import annotations

import re

from hantei.errors import UsageError

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ASIDE = re.compile(r"\s*[(（][^()（）]*[)）]$")
"""What stands after a name in brackets: a country, or the name in the language itself."""
_EXPECTED = "expected a language tag such as en, ja, zh-Hans"
_NAMES = {
    "english": "en",
    "japanese": "ja",
    "chinese": "zh",
    "英語": "en",
    "日本語": "ja",
    "中文": "zh",
    "英语": "en",
    "日语": "ja",
    "中国語": "zh",
    "汉语": "zh",
    "mandarin": "zh",
    "korean": "ko",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "russian": "ru",
    "arabic": "ar",
    "hindi": "hi",
    "thai": "th",
    "vietnamese": "vi",
    "indonesian": "id",
    "turkish": "tr",
    "polish": "pl",
    "swahili": "sw",
    "bengali": "bn",
    "deutsch": "de",
    "français": "fr",
    "español": "es",
    "italiano": "it",
    "português": "pt",
    "nederlands": "nl",
    "polski": "pl",
    "türkçe": "tr",
    "русский": "ru",
    "العربية": "ar",
    "한국어": "ko",
    "ไทย": "th",
    "tiếng việt": "vi",
    "bahasa indonesia": "id",
    "simplified chinese": "zh-Hans",
    "chinese (simplified)": "zh-Hans",
    "简体中文": "zh-Hans",
    "traditional chinese": "zh-Hant",
    "chinese (traditional)": "zh-Hant",
    "繁體中文": "zh-Hant",
    "繁体中文": "zh-Hant",
    "chinese simplified": "zh-Hans",
    "chinese traditional": "zh-Hant",
}
_THREE = {
    "jpn": "ja",
    "eng": "en",
    "zho": "zh",
    "chi": "zh",
    "cmn": "zh",
    "kor": "ko",
    "deu": "de",
    "ger": "de",
    "fra": "fr",
    "fre": "fr",
    "spa": "es",
    "ita": "it",
    "por": "pt",
    "nld": "nl",
    "rus": "ru",
    "ara": "ar",
    "hin": "hi",
    "tha": "th",
    "vie": "vi",
    "ind": "id",
    "tur": "tr",
    "pol": "pl",
    "swa": "sw",
    "ben": "bn",
}


def language_tag(text: str) -> str | None:
    """Return a language's BCP 47 tag, from a tag, a code of three letters, or a name; None where it is none."""
    text = text.strip()
    name = " ".join(text.lower().split())
    tag = _NAMES.get(name) or _NAMES.get(_ASIDE.sub("", name), text.replace("_", "-"))
    if not _TAG.fullmatch(tag):
        return None
    head, dash, rest = tag.partition("-")
    return f"{_THREE.get(head.lower(), head)}{dash}{rest}"


def check_language(tag: str) -> str:
    """Return a declared language, as ``--language`` gives it, as a BCP 47 tag.

    Raises:
        UsageError: it is neither a tag nor the name of a language that is known.
    """
    known = language_tag(tag)
    if known is None:
        raise UsageError(f"--language {tag[:40]!r}: {_EXPECTED}")
    return known
