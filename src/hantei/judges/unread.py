"""Why a judge's reply holds no verdict that can be read, where more can be said than that."""

from __future__ import annotations

import re

from hantei.judges.reading import ReplyText, UntrustedTexts
from hantei.models import Reply
from hantei.reasoning import answer_start
from hantei.records import NoVerdictReason

_FLAGS = re.IGNORECASE | re.VERBOSE
_REFUSES = (
    re.compile(
        r"""\A [^.!?\n]{0,120}? \b(
        (?:I|we) \s* (?: can(?:['’]?t|not|\ not) | won['’]?t | will\ not | must\ decline
          | (?:['’]m|\ am|\ are)\ (?:un|not\ )able )
        \ (?:to\ )? (?:\w+\ ){0,2}?
        (?: assist | help | evaluate | rate | judge | assess | comply | provide | engage | continue | fulfil+ | do
          | participate | process | analy[sz]e | complete | discuss | respond | answer | review | generate | create )
        \b )""",
        _FLAGS,
    ),
    re.compile(
        r"""\A \W* ( (?: [^。,、\n]{0,4}(?:申し訳|すみません|恐れ入り|恐縮)
          | (?:その|この|ご)(?:依頼|要求|リクエスト|要望|質問)に )
        [^。\n]{0,60}? (?:でき(?:ません|かねます|ない) | いたしかねます | お断り) )""",
        _FLAGS,
    ),
    re.compile(
        r"""\A \W* ( (?: [^。,\n]{0,4}(?:抱歉|对不起|對不起|不好意思) [^。\n]{0,60}? (?:无法|無法|不能|不会|不會|没法)
          | (?: [作為为]{2} [^。,\n]{0,20} ,?)? 我(?:无法|無法|不能|不会|不會|没法)
            (?:协助|協助|帮|幫|提供|回答|评|評|判断|判斷|完成|满足|滿足|参与) )
        )""",
        _FLAGS,
    ),
)
"""How a model begins a reply in which it will not do what it is asked, in the first person: English, Japanese, Chinese.
Group 1 is what says so."""


def why_unreadable(reply: Reply, text: ReplyText, untrusted: UntrustedTexts) -> tuple[NoVerdictReason, str] | None:
    """Return the reason, and a sentence for people; None where the reply only has another form than the card's.

    What looks like a refusal and stands in the answer under judgment is a quotation.

    Args:
        reply: what the judge's model sent.
        text: the same as it is searched.
        untrusted: the texts that a judge may quote.
    """
    if not text.text.strip():
        if reply.reasoning or answer_start(reply.text):
            return (
                "only reasoning",
                "the reply is empty: if there is a verdict it is in the reasoning, which is not read",
            )
        return "empty reply", "the reply is empty"
    phrases = (found[1] for pattern in _REFUSES if (found := pattern.match(text.text)))
    if reply.finish_reason == "refusal" or any(not untrusted.holds(phrase) for phrase in phrases):
        return "judge refused", "the judge refused to judge"
    return None
