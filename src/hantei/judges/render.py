"""From a pair to the messages that are sent, so that nothing in a text under judgment can pass for the prompt.

Templates run in Jinja's sandbox, once: a text that holds ``{{ }}`` is only text. Every text stands between marks made
from a hash of all of them, which therefore cannot occur in them. Special tokens of chat formats (``<|im_end|>``,
``[INST]``), which some servers read even inside a message, get a space on either side of their name: visible, and no
token any more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from hantei.errors import CardError
from hantei.records import Message, Prompt, Response, Role

_TOKENS = (
    r"<(?P<a>\|[^|<>\s]{1,64}\||｜[^｜<>\s]{1,64}｜|\|[a-z_]{1,32}|[a-z_]{1,32}\||/?\w{0,16}(?:start|end)_of_\w{1,16}"
    r"|/?(?:s|bos|eos|pad|unk|think|thinking|reasoning|tool_call|guardian|score|unused\d{1,4}|reserved_\d{1,4}|extra_id_\d{1,3}|eo[a-z]))>"
    r"|\[(?P<b>/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|THINK|gMASK|sMASK|MASK|CLS|SEP|PAD|UNK"
    r"|UNUSED_TOKEN_\d{1,4}))\]"
    r"|<<(?P<c>/?SYS)>>"
)
_SPECIAL = re.compile(_TOKENS, re.IGNORECASE)
_SECTION = re.compile(r"^--- (system|user) ---[ \t]*\n", re.MULTILINE)


def defuse(text: str) -> str:
    """Return ``text`` with every special token of a chat format broken up: ``<|im_end|>`` becomes ``< |im_end| >``.

    Characters are only added, so no new token arises.
    """
    return _SPECIAL.sub(_broken, text)


def _broken(match: re.Match[str]) -> str:
    inside = next(group for group in match.groups() if group is not None)
    start, end = match.start(match.lastgroup or 0) - match.start(), match.end() - match.end(match.lastgroup or 0)
    whole = match[0]
    return f"{whole[:start]} {inside} {whole[len(whole) - end :]}"


def mark(texts: Sequence[str]) -> str:
    """Return 12 hexadecimal digits that occur in none of ``texts``, and always the same for the same texts.

    Raises:
        AssertionError: never: a thousand hashes cannot all stand in the texts.
    """
    for attempt in range(1000):
        digest = hashlib.sha256("\x00".join([str(attempt), *texts]).encode("utf-8", "surrogatepass"))
        found = digest.hexdigest()[:12]
        if not any(found in text for text in texts):
            return found
    raise AssertionError("a thousand hashes of a text cannot all stand in it")


def texts_of(prompt: Prompt, response: Response) -> dict[str, str]:
    """Return the texts of a pair by name, those that are there; the ones that a judge may quote."""
    texts = {"question": prompt.text, "answer": response.text}
    texts |= {key: value for key, value in (("reference", prompt.reference), ("criteria", prompt.criteria)) if value}
    return texts


def turns_of(prompt: Prompt) -> tuple[Message, ...]:
    """Return the turns before the answer, without system turns; without the question where it is the last of them.

    Where tools were called after the question it stays in its place, so that calls and results are read in order.
    """
    asked_last = prompt.messages[-1].role == "user"
    turns = prompt.messages[:-1] if asked_last else prompt.messages
    return tuple(message for message in turns if message.role != "system")


def variables(
    prompt: Prompt, response: Response, given: Mapping[str, str | None], leave_out: Sequence[str]
) -> dict[str, Any]:
    """Return what a template sees.

    ``question``, ``answer``, ``reference``, ``criteria`` and ``conversation`` (the turns before the question) are
    defused and fenced, None where there is none; ``mark`` is what ends the fences' names; ``given`` are the card's own.

    Args:
        prompt: the question with the turns before it.
        response: the answer.
        given: the card's own variables by name.
        leave_out: names of texts that the template must not see.
    """
    texts = {name: defuse(text) for name, text in texts_of(prompt, response).items() if name not in leave_out}
    turns = [f"{message.role}: {defuse(message.shown)}" for message in turns_of(prompt)]
    sign = mark([*texts.values(), *turns])
    fenced: dict[str, Any] = dict.fromkeys(("question", "answer", "reference", "criteria", "conversation"))
    fenced |= {name: fence(name, text, sign) for name, text in texts.items()}
    if turns:
        fenced["conversation"] = fence("conversation", "\n\n".join(turns), sign)
    return {**fenced, "mark": sign, **given}


def fence(name: str, text: str, sign: str) -> str:
    """Return ``text`` between an opening and a closing mark."""
    return f"<{name}-{sign}>\n{text}\n</{name}-{sign}>"


Template = Callable[[Mapping[str, Any]], tuple[Message, ...]]
"""A compiled template: variables to messages."""


def compiled(card: str, file: str, source: str) -> Template:
    """Return a template ready to render; ``--- system ---`` and ``--- user ---`` on lines of their own part messages.

    Raises:
        CardError: the template has a syntax error, or a name in it that no template is given.
    """
    parts = _parts(source)
    try:
        bodies = [(role, _environment().from_string(body)) for role, body in parts]
    except Exception as error:
        raise CardError(f"judge card {card}, {file}.j2: {error}") from None

    def render(values: Mapping[str, Any]) -> tuple[Message, ...]:
        try:
            return tuple(Message(role=role, content=body.render(values).strip()) for role, body in bodies)
        except Exception as error:
            raise CardError(f"judge card {card}, {file}.j2: {error}") from None

    return render


def _parts(source: str) -> list[tuple[Role, str]]:
    """Split a template's own source (never a text under judgment) at its section lines."""
    pieces = _SECTION.split(source)
    if len(pieces) == 1:
        return [("user", source)]
    parts = zip(pieces[1::2], pieces[2::2], strict=True)
    return [("system" if role == "system" else "user", body) for role, body in parts]


@lru_cache(1)
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Plain text, not HTML: nothing is to be escaped.
    return ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def exact(source: str, placeholders: Mapping[str, str]) -> Template:
    """Return a published prompt as a template: its placeholders are replaced in one pass, everything else is text.

    ``placeholders`` maps a placeholder as published (``{prompt}``) to the text that goes there (``question``).
    """
    pattern = re.compile("|".join(re.escape(key) for key in placeholders) or r"(?!)")

    def render(values: Mapping[str, Any]) -> tuple[Message, ...]:
        return tuple(
            Message(role=role, content=pattern.sub(lambda m: str(values[placeholders[m[0]]]), body).strip("\n"))
            for role, body in _parts(source)
        )

    return render


def conversation(prompt: Prompt, response: Response) -> tuple[Message, ...]:
    """Return the turns and the answer, defused, for a model whose own chat template writes the prompt."""
    turns = [message for message in prompt.messages if message.role != "system"]
    merged: list[Message] = []
    for turn in (*turns, Message(role="assistant", content=response.text)):
        # Templates of guards know two speakers: what tools did belongs to the assistant's turn.
        role: Role = "user" if turn.role == "user" else "assistant"
        text = defuse(f"[the tool gave back] {turn.content}" if turn.role == "tool" else turn.shown)
        if merged and role == "assistant" == merged[-1].role:
            text = f"{merged.pop().content}\n\n{text}"
        merged.append(Message(role=role, content=text))
    return tuple(merged)
