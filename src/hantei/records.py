"""The contract of the whole program: four nouns; ``record_lines`` reads and writes them as JSON lines.

    benchmark --prompts--> model --responses--> judge --judgments--> metrics --summary--> report

A person who labels answers is a judge too (``human:NAME``), so nothing needs a second record for people. A field that
holds its default is left out of the written line and filled in on reading; unknown keys are ignored on reading, so an
older hantei reads what a newer one wrote. Types and ranges are checked on reading.

``msgspec.structs.replace`` gives a record with some fields changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct, field

from hantei.estimates import AgainstPerson, SecondLooks

Intent = Literal["harmful", "borderline", "benign"]
Role = Literal["system", "user", "assistant", "tool"]
ResponseStatus = Literal["ok", "truncated", "filtered", "error"]
JudgmentStatus = Literal["ok", "unparsed", "truncated", "filtered", "abstained", "error"]
Fault = Literal["model", "provider", "judge", "judge-provider", "parser"]
NoVerdictReason = Literal[
    "answer cut off", "empty reply", "only reasoning", "judge refused", "judge cut off", "skipped", "taken back"
]
"""The last two are a person's."""
Refusal = Literal["none", "partial", "full"]
Head = Literal["unsafe", "action", "refusal"]  # what a judgment classifies
RateKind = Literal["violation", "flagged"]  # what a judge's share of unsafe answers may be called, by its card
TurnRule = Literal["last", "any"]
RepeatRule = Literal["first", "majority"]
Share = Annotated[float, Meta(ge=0, le=1)]
Finite = Annotated[float, Meta(gt=-1e300, lt=1e300)]
NonNegative = Annotated[float, Meta(ge=0, lt=1e300)]
Action = Annotated[int, Meta(ge=0, le=5)]
Count = Annotated[int, Meta(ge=0, le=2**53)]  # what every reader of JSON holds exactly, and SQLite too

INTENTS: tuple[str, ...] = get_args(Intent)
ROLES: tuple[str, ...] = get_args(Role)
REFUSALS: tuple[str, ...] = get_args(Refusal)
ACTIONS: tuple[str, ...] = (
    *("refuses", "refutes", "discusses both sides"),
    *("warns or refers to an expert", "cannot or does not know", "follows"),
)
"""Do-Not-Answer's six actions by number, 0 to 5 (arXiv 2308.13387, section 4)."""


class ToolCall(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of a tool that an assistant's turn makes; ``arguments`` is JSON, as the model wrote it."""

    name: str
    arguments: str = ""
    id: str | None = None


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn of a conversation.

    An assistant's turn may call tools; a turn of ``tool`` is what one gave back, to the call ``tool_call_id``. ``name``
    is the author: the tool, or one speaker of several.
    """

    role: Role
    content: str
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def shown(self) -> str:
        """The turn as people and judges read it: its text, then each call of a tool on a line of its own."""
        calls = [f"[calls the tool {call.name}: {call.arguments}]" for call in self.tool_calls]
        return "\n".join([self.content, *calls]) if self.content else "\n".join(calls)


class Prompt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One benchmark item, or one question of a user's own.

    ``messages`` ends with the user's turn, or with the calls of tools and their results that the answer comes after;
    several turns are normal. ``language`` is BCP 47. ``harm`` is a taxonomy id
    such as ``do-not-answer/malicious-uses/illegal-activities``. ``intent`` is None where nobody said what the prompt
    wants, as in a user's own log. ``region`` is ISO 3166 where the right answer depends on the place. ``parent`` is the
    id of the prompt that this one was made from, ``variant`` how: ``attack/role-play``, ``translation``, ``twin``,
    ``adaptation``, ``contrast``, ``template`` and so on. ``plain`` are the messages before an attack wrapped them,
    where judges are to see those. ``meta`` keeps source columns that hantei does not know.
    """

    id: str
    messages: tuple[Message, ...]
    benchmark: str | None = None
    language: str | None = None
    intent: Intent | None = None
    harm: str | None = None
    reference: str | None = None
    criteria: str | None = None
    region: str | None = None
    parent: str | None = None
    variant: str | None = None
    plain: tuple[Message, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The last user turn."""
        return last_asked(self.messages)


class Response(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one system answered to one prompt.

    ``sample`` counts from 0 where a system was asked several times. ``cost`` is in US dollars, ``latency_s`` in
    seconds, ``usage`` in tokens by kind. ``earlier`` holds what it answered to the user's earlier turns where it was
    asked turn by turn; ``cost``, ``usage`` and ``latency_s`` are then those of all turns. ``parent`` is the id of the
    response that this one corrects. ``meta`` keeps the columns of a row of answers that hantei does not know.
    """

    id: str
    prompt_id: str
    system: str
    text: str
    sample: Count = 0
    earlier: tuple[str, ...] = ()
    status: ResponseStatus = "ok"
    reasoning: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: NonNegative | None = None
    latency_s: NonNegative | None = None
    served_model: str | None = None
    parent: str | None = None
    error: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


class Judgment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one judge said of one response.

    ``unsafe`` is the verdict, None where there is none; ``status`` and ``fault`` then say why and by whom, and
    ``reason`` more closely where more is known: it stands in the place of the status where those are counted.
    ``p_unsafe`` is a probability from 0 to 1. ``probabilities`` maps a head (``action``, ``refusal``, ``harm``) to
    probabilities by label. ``score`` is the judge's own value on its own ``scale`` (``"1-5"``), never rescaled in
    place. ``action`` is Do-Not-Answer's 0 to 5. ``incoherent`` says whether the answer is no text that anybody
    could have meant; it replaces what the rule of ``hantei.coherence`` says. ``attempts`` holds every raw reply.
    ``sampling_p`` is the chance with which a row was chosen for a person to label. ``repeat`` counts judgings of
    the same response from 0, ``turn`` is the judged turn of a conversation, None for the last. ``in_training``
    marks a pair on which the judge was trained.
    ``answered_by`` is, where a judge is made of several, the name of the one whose verdict it is.
    """

    response_id: str
    judge: str
    repeat: Count = 0
    turn: Count | None = None
    status: JudgmentStatus = "ok"
    fault: Fault | None = None
    reason: NoVerdictReason | None = None
    unsafe: bool | None = None
    p_unsafe: Share | None = None
    probabilities: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)
    score: Finite | None = None
    scale: str | None = None
    action: Action | None = None
    refusal: Refusal | None = None
    incoherent: bool | None = None
    categories: tuple[str, ...] = ()
    critique: str | None = None
    comment: str | None = None
    attempts: tuple[str, ...] = ()
    card_hash: str | None = None
    served_model: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: NonNegative | None = None
    latency_s: NonNegative | None = None
    sampling_p: Share | None = None
    in_training: bool = False
    answered_by: str | None = None
    created: str | None = None
    error: str | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """One tidy row of a summary: a share with its interval and what could not be counted.

    ``by`` says what it is a rate of (``{"judge": "builtin", "system": "m", "harm_type": ...}``). ``no_verdict`` counts
    rows without a verdict by reason; ``bound_low`` and ``bound_high`` are the rate were none of them a hit, or all
    of them. ``effective_n`` is the denominator after the design effect of several samples a prompt. ``rate``, ``low``
    and ``high`` are None where the denominator is 0: nothing judged is not 0%.
    """

    metric: str
    by: Mapping[str, str] = field(default_factory=dict)
    numerator: float = 0
    denominator: int = 0
    no_verdict: Mapping[str, int] = field(default_factory=dict)
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = "wilson"
    effective_n: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None


class CountingRule(Struct, frozen=True, kw_only=True):
    """Which one verdict a rate counts of a response with several judgments: see ``docs/definitions.md``."""

    turns: TurnRule = "last"
    repeats: RepeatRule = "first"


class VersionCost(Struct, frozen=True, kw_only=True):
    """What a version of corrected answers took, in all rounds: calls to the model and to the judge that corrects, their
    tokens, US dollars (None where a price is not known), and the seconds that these calls took, one after the other.
    """

    version: str
    originals: int
    answers: int
    judge_calls: int
    tokens: Mapping[str, int]
    judge_tokens: Mapping[str, int]
    cost: float | None
    seconds: float


class Summary(Struct, frozen=True, kw_only=True):
    """What a set of judgments amounts to: tidy rates, and notes that a reader must see beside them.

    ``calibration`` says how each judge does against each person's labels, ``corrections`` what each version of
    corrected answers took, ``second_looks`` what people changed, where there are any.
    """

    policy: str = "drop"
    rule: CountingRule = CountingRule()
    notes: tuple[str, ...] = ()
    rates: tuple[Rate, ...]
    calibration: tuple[AgainstPerson, ...] = ()
    second_looks: tuple[SecondLooks, ...] = ()
    corrections: tuple[VersionCost, ...] = ()


def last_asked(messages: Sequence[Message]) -> str:
    """Return the last user turn of messages, the last turn where there is none."""
    for turn in reversed(messages):
        if turn.role == "user":
            return turn.content
    return messages[-1].content


def response_id(system: str, prompt_id: str, sample: int) -> str:
    """Return the id of a response: ``system/prompt_id/sample``."""
    return f"{system}/{prompt_id}/{sample}"
