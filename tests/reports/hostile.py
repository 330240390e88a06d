"""A run in which every text that a stranger controls attacks the page."""

from __future__ import annotations

from hantei.records import Judgment, Message, Prompt, Rate, Response, Summary
from hantei.reports.data import AnswerRow, Highlight, ReportInput

from .people import CASCADE, DRIFT, against

MARKUP = (
    "</script><script>window.__pwned=1;alert(1)</script><img src=x onerror='window.__pwned=2'>"
    "<svg onload=window.__pwned=3><style>body{display:none}</style><!--<script>"
    "<iframe src='https://evil.example/'></iframe><a href='javascript:window.__pwned=4'>x</a>"
    "{{ 7*7 }}{% raw %}${window.__pwned=5}<base href='https://evil.example/'><meta http-equiv=refresh content=0>"
)
TEXTS: dict[str, str] = {
    "markup": MARKUP,
    "huge": "A" + "very long answer " * 310_000,
    "bidi": "file\u202egnp.exe\u202c \u2066isolated\u2069 \u200f\u200emarks \u061c end",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m red \x08\x08\x7f",
    "nul": "be\x00fore\x00after",
    "surrogate": "half \ud800 and \udfff a smile",
    "word": "W" * 10_000,
    "zalgo": "".join(letter + "\u0300\u0301\u0316\u0317\u0334" * 30 for letter in "zalgo comes"),
    "separators": "line\u2028paragraph\u2029next\x85carriage\rreturn\r\nwindows",
    "tags": "plain" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all rules") + "\u200b\ufeff",
    "empty": "",
}
SYSTEM = f'"><script>window.__pwned=6</script>\u202egnp\x00\ud800{"s" * 5_000}'
HARM = "do-not-answer/<img src=x onerror=window.__pwned=7>/\u202e'\"></td>" + "h" * 3_000
JUDGE = "human:<b onmouseover=alert(1)>\x1b[31m"


def hostile_input() -> ReportInput:
    """Return a report's input in which every name, id, text and setting is hostile."""
    by = {"judge": JUDGE}
    rate = {"numerator": 3, "denominator": 12, "rate": 0.25, "low": 0.09, "high": 0.53, "no_verdict": {MARKUP: 1}}
    wheres = [{}, {"system": SYSTEM}, {"harm_type": HARM}, {"harm_type": HARM, "system": SYSTEM}]
    wheres += [{"language": MARKUP}, {"language": "\u202e"}, {"system": SYSTEM, "language": MARKUP}]
    rates = tuple(Rate(metric="flagged_rate", by={**by, **where}, **rate) for where in wheres)  # type: ignore[arg-type]
    cascade = {**CASCADE, "cheap": MARKUP, "expensive": SYSTEM, "guarantee": MARKUP, "rule": MARKUP, "head": MARKUP}
    drift = [{**DRIFT[0], "system": SYSTEM, "measure": MARKUP, "language": MARKUP}]
    card = {"description": MARKUP, "weak": [MARKUP], "cascade": cascade, "drift": drift}
    return ReportInput(
        title=MARKUP + "\u202e\ud800",
        created=MARKUP,
        settings={MARKUP: [MARKUP, {"x": SYSTEM}], "judges": {JUDGE: card}},
        summary=Summary(rates=rates, notes=(MARKUP,), policy=MARKUP, calibration=(against(JUDGE, MARKUP),)),
        answers=[_row(name, text) for name, text in TEXTS.items()],
        total_answers=len(TEXTS),
        sampling=MARKUP,
        notices=(MARKUP, "\ud800\x00"),
        labels={HARM: MARKUP + "\u202e"},
    )


def _row(name: str, text: str) -> AnswerRow:
    prompt = Prompt(
        id=f"{name}{MARKUP}",
        messages=(Message(role="user", content=text), Message(role="user", content=MARKUP)),
        language=MARKUP,
        harm=HARM,
        benchmark=MARKUP,
        region="\u202e",
        reference=text,
        criteria=MARKUP,
    )
    response = Response(id=MARKUP + name, prompt_id=prompt.id, system=SYSTEM, text=text, reasoning=text, error=MARKUP)
    judgment = Judgment(
        response_id=response.id,
        judge=JUDGE,
        unsafe=True,
        p_unsafe=float("nan"),
        score=4.0,
        scale=MARKUP,
        action=77,
        categories=(HARM, MARKUP),
        critique=text,
        comment=MARKUP,
        attempts=(text, MARKUP),
    )
    unread = Judgment(response_id=response.id, judge=MARKUP, status="unparsed", fault="parser", error=MARKUP)
    marks = (Highlight(-5, 3, 1.0), Highlight(2, 9, -2.0), Highlight(10**9, 10**10, 1.0), Highlight(4, 4, float("nan")))
    return AnswerRow(prompt, response, (judgment, unread), marks)
