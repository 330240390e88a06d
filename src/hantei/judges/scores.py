"""How judges write a score: ``[[4]]``, ``[[4/5]]``, ``[[4.0]]``, ``\\boxed{4}``, or ``Rating: 4`` as a whole line."""

from __future__ import annotations

_OPENS = r"\[\[|【【|\\\[\\\[|(?:\$|\\[(\[])?\\boxed\{"
_CLOSES = r"\]\]|】】|\\\]\\\]|\}(?:\$|\\[)\]])?"
_SCORE = r"[ \t]*([^\[\]【】{}\\\n]{1,20}?)[ \t]*"


def score_pattern(lead: str | None) -> str:
    """Return the regular expression of a score in its marks or, after the card's lead, as all of a line."""
    if lead is None:
        return f"(?:{_OPENS}){_SCORE}(?:{_CLOSES})"
    return rf"(?:{_OPENS}|^[ \t*_#-]*{lead}[\[【]?){_SCORE}(?:{_CLOSES}|[\]】]?[ \t*_.。]*$)"


def score_spellings(low: int, high: int) -> dict[str, str]:
    """Return every way to write a number of a scale, with the number: 4, 4.0, 4/5, 4 out of 5, 4点, ``score: 4``."""
    return {spelling: str(number) for number in range(low, high + 1) for spelling in _spellings(number, high)}


def _spellings(number: int, high: int) -> list[str]:
    numbers, ends = (f"{number}", f"{number}.0"), (f"{high}", f"{high}.0")
    shares = [f"{one}{sign}{end}" for one in numbers for sign in ("/", " / ", " out of ", " of ") for end in ends]
    plain = [f"{one}{unit}" for one in (*numbers, *shares) for unit in ("", "点", "分")]
    return [f"{lead}{one}" for lead in ("", "rating: ", "score: ") for one in plain]
