"""A judge that asks a model: what it sends, and what is read from the replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec.structs import replace

from hantei.judges.base import Ask, Pair, language_not_judged, language_of, no_verdict, unanswered
from hantei.judges.card import JudgeCard
from hantei.judges.parse import FieldValue, read_paper, read_text
from hantei.judges.parse_json import at_path, read_json
from hantei.judges.probability import distribution
from hantei.judges.reading import ReplyText, UntrustedTexts
from hantei.judges.render import Template, conversation, defuse, texts_of, turns_of, variables
from hantei.judges.rereading import as_finished, ask_until_read
from hantei.judges.spec import AskedSpec, AskSpec, FieldSpec, SettingSpec
from hantei.judges.unread import why_unreadable
from hantei.judges.validate import TEXTS
from hantei.judges.verdict import NoVerdictError, means_unsafe, verdict
from hantei.models import Model, Reply, Request, Sampling
from hantei.record_lines import wrong_number
from hantei.records import Judgment, Message, Prompt, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedJudge:
    """A card and the model that it asks.

    ``name`` is the full name as given (``rubric?abstain=false@openai/gpt-4o``); ``card_hash`` is the SHA-256 of the
    card, its templates and every file that the user named. ``settings`` holds every setting with its value, files as
    their text. ``templates`` are by file name; ``published`` is the exact prompt that the user gave, by request, in
    their place.
    """

    name: str
    card_hash: str
    model: Model
    card: JudgeCard
    spec: AskedSpec
    settings: Mapping[str, str]
    templates: Mapping[str, Template]
    published: Mapping[str, Template]

    @property
    def models(self) -> tuple[Model, ...]:
        """The one model that is asked."""
        return (self.model,)

    def outline(self) -> dict[str, Any]:
        """Return what ``run.json`` and the report say of the judge, with the text of every rule that a setting adds."""
        about = self.card.outline()
        rules = [f"{self.name} was asked with {name}={self.settings[name]}: {text}" for name, text in self._texts("en")]
        found = {**about, "notices": [*about.get("notices", ()), *rules]} if rules else about
        regional = {region: texts["en"] for setting in self._regional() for region, texts in setting.texts.items()}
        return {**found, "regional": regional} if regional else found

    def no_call(self, prompt: Prompt, response: Response) -> Judgment | None:
        """Return the judgment where nothing is to be asked (no answer to judge, no language for it), else None."""
        nothing = unanswered(self, response)
        if nothing:
            return nothing
        missing = [need for need in self.spec.needs if not getattr(prompt, need, True)]
        if missing:
            return no_verdict(self, response, "abstained", "judge", f"the prompt has no {' and no '.join(missing)}")
        language = language_of(prompt, response)
        if language in self.spec.languages or self.settings["abstain"] == "false":
            return None
        return language_not_judged(self, response, language, "the judge's card does not list")

    def calls(self, prompt: Prompt, response: Response) -> tuple[Request, ...]:
        """Return the requests to make, all of which are needed for one judgment; never empty.

        Raises:
            CardError: a template reads a name that it is not given.
        """
        logprobs = self.spec.top_logprobs if self.settings["logprobs"] == "true" else 0
        return tuple(
            Request(
                messages=self._messages(ask, prompt, response),
                sampling=Sampling(temperature=0.0, max_tokens=self.spec.max_tokens),
                schema=ask.schema,
                top_logprobs=logprobs,
            )
            for ask in self.spec.asks
        )

    def read(
        self,
        response: Response,
        replies: Sequence[Reply],
        attempts: Sequence[str] = (),
        prompt: Prompt | None = None,
    ) -> Judgment:
        """Return the judgment that ``replies`` (one for each of ``calls``, in their order) amount to.

        ``attempts`` is every raw reply so far, retries included; where it is empty the texts of ``replies`` are kept.
        ``prompt``: give it, so that a quotation of the question cannot be taken for the verdict either. Never raises
        for what a reply says. A judgment that is ``unparsed`` or ``truncated`` may be asked again. ``usage`` sums the
        given replies, ``latency_s`` is the longest of them; ``cost`` and ``created`` are left to the caller.

        Args:
            response: the answer that was judged.
            replies: one for each of ``calls``, in their order.
            attempts: every raw reply so far, retries included; empty: the texts of ``replies``.
            prompt: the question, which may hold a planted verdict as well.
        """
        return replace(
            self._verdict(response, replies, prompt),
            attempts=tuple(attempts) or tuple(reply.text for reply in replies),
            usage=_usage(replies),
            served_model=next((reply.served_model for reply in replies if reply.served_model), None),
            latency_s=max((reply.latency_s for reply in replies if reply.latency_s is not None), default=None),
        )

    def requests(self, prompt: Prompt, response: Response) -> Sequence[tuple[Model, Request]]:
        """Return what is asked about a pair; nothing where no call can give a judgment."""
        if self.no_call(prompt, response) is not None:
            return ()
        return [(self.model, request) for request in self.calls(prompt, response)]

    def judge(self, pairs: Sequence[Pair], ask: Ask) -> AsyncIterator[Judgment]:
        """Yield the judgments of ``pairs`` as their replies come, asking about all of them at once."""
        return as_finished(pairs, lambda prompt, response: self._judge_one(prompt, response, ask))

    async def _judge_one(self, prompt: Prompt, response: Response, ask: Ask) -> Judgment:
        foregone = self.no_call(prompt, response)
        if foregone is not None:
            return foregone
        calls = [(self.model, request) for request in self.calls(prompt, response)]
        return await ask_until_read(self, response, calls, partial(self.read, response, prompt=prompt), ask)

    def _messages(self, ask: AskSpec, prompt: Prompt, response: Response) -> tuple[Message, ...]:
        if self.spec.layout == "answer":
            return (Message(role="user", content=response.text),)
        if self.spec.layout == "conversation":
            return conversation(prompt, response)
        written = self._written(ask, prompt, response)
        return (*conversation(prompt, response), *written) if self.spec.layout != "template" else written

    def _written(self, ask: AskSpec, prompt: Prompt, response: Response) -> tuple[Message, ...]:
        if self.published:
            return self.published[ask.name]({name: defuse(text) for name, text in texts_of(prompt, response).items()})
        given = {name: self.settings.get(name) for name, setting in self.spec.settings.items() if setting.file}
        given |= dict.fromkeys(name for name, setting in self.spec.settings.items() if setting.texts)
        language = language_of(prompt, response)
        given |= dict(self._texts(language, prompt.region))
        left_out = [name for name in TEXTS if self.settings.get(name) == "false"]
        values = variables(prompt, response, {**ask.variables, **given}, left_out)
        return self._template(ask, language)(values)

    def _regional(self) -> Iterator[SettingSpec]:
        """Yield the settings whose text is that of each prompt's region."""
        for name, setting in self.spec.settings.items():
            if setting.by_region is not None and self.settings.get(name) == setting.by_region:
                yield setting

    def _texts(self, language: str | None, region: str | None = None) -> Iterator[tuple[str, str]]:
        """Yield the settings whose value has a text, with that text in ``language``, else in English."""
        regional = {setting.name for setting in self._regional()}
        for name, setting in self.spec.settings.items():
            value = (region or "").lower() if name in regional else self.settings.get(name, "")
            texts = setting.texts.get(value)
            if texts:
                yield name, texts.get(language or "en", texts["en"])

    def _template(self, ask: AskSpec, language: str | None) -> Template:
        head = f"{ask.template}." if ask.template else ""
        names = (f"{head}{language}", f"{head}en", ask.template or "prompt")
        return next(self.templates[name] for name in names if name in self.templates)

    def _verdict(self, response: Response, replies: Sequence[Reply], prompt: Prompt | None) -> Judgment:
        if any(reply.status == "filtered" for reply in replies):
            return no_verdict(
                self, response, "filtered", "judge-provider", "a content filter kept the judge's reply back"
            )
        untrusted = _untrusted(prompt, response)
        fields: dict[str, FieldValue] = {}
        texts: list[ReplyText] = []
        for ask, reply in zip(self.spec.asks, replies, strict=True):
            text = ReplyText(reply.text, reply.reasoning is not None, ask.within, ask.fields[0].binds == "first line")
            if (reply.status == "truncated" and not ask.early) or text.unclosed:
                error = "the judge's reply was cut off"
                return no_verdict(self, response, "truncated", "judge", error, "judge cut off")
            found = self._fields(ask, text, untrusted)
            missing = [field.name for field in ask.fields if field.required and field.name not in found]
            if missing:
                if why := why_unreadable(reply, text, untrusted):
                    reason, error = why
                    return no_verdict(self, response, "unparsed", "judge", error, reason)
                error = f"no clear {' and '.join(missing)} in the reply"
                return no_verdict(self, response, "unparsed", "parser", error)
            fields |= found
            texts.append(text)
        return self._judged(response, replies, fields, texts)

    def _fields(self, ask: AskSpec, text: ReplyText, untrusted: UntrustedTexts) -> dict[str, FieldValue]:
        if self.settings["parse"] == "paper":
            values = {field.name: read_paper(text.raw, field.paper) for field in ask.fields if field.paper}
            return {name: FieldValue(value) for name, value in values.items() if value is not None}
        if ask.json:
            return read_json(text, ask, untrusted) or {}
        found = {field.name: read_text(text, field, untrusted) for field in ask.fields}
        return {name: value for name, value in found.items() if value is not None}

    def _judged(
        self, response: Response, replies: Sequence[Reply], fields: Mapping[str, FieldValue], texts: Sequence[ReplyText]
    ) -> Judgment:
        try:
            said = verdict(self.spec, fields, self.settings)
        except NoVerdictError as error:
            return no_verdict(self, response, "abstained", "judge", str(error))
        except (ValueError, KeyError) as error:  # the published parser took what its own scale does not hold
            return no_verdict(self, response, "unparsed", "parser", f"the reply says something unknown: {error}")
        said |= self._probabilities(replies, fields)
        judgment = Judgment(
            response_id=response.id,
            judge=self.name,
            card_hash=self.card_hash,
            critique=self._critique(fields, texts),
            **said,
        )
        # A published parser takes what is not on its scale, too: as published, the score then is on none.
        return replace(judgment, scale=None) if wrong_number(judgment) else judgment

    def _probabilities(self, replies: Sequence[Reply], fields: Mapping[str, FieldValue]) -> dict[str, Any]:
        heads: dict[str, dict[str, float]] = {}
        chances: list[float | None] = []
        for ask, reply in zip(self.spec.asks, replies, strict=True):
            for field in (field for field in ask.fields if field.kind == "scores" and field.name in fields):
                heads[field.name] = {key: float(value) for key, value in fields[field.name].value.items()}
                chances.append(max(heads[field.name].values()))
            if ask.probability is not None:
                masses = distribution(reply.logprobs, ask.probability)
                chances.append(self._unsafe_share(ask.probability.field, masses) if masses else None)
                heads |= {ask.probability.head: masses} if masses else {}
        known = [chance for chance in chances if chance is not None]
        return {"probabilities": heads, "p_unsafe": max(known) if known and len(known) == len(chances) else None}

    def _unsafe_share(self, field: str, masses: Mapping[str, float]) -> float:
        return min(1.0, sum(p for label, p in masses.items() if means_unsafe(self.spec, field, label, self.settings)))

    def _critique(self, fields: Mapping[str, FieldValue], texts: Sequence[ReplyText]) -> str | None:
        pairs = zip(self.spec.asks, texts, strict=True)
        parts = {ask.name: _explanation(self.spec, ask, fields, text) for ask, text in pairs}
        named = [f"{name}: {part}" if len(parts) > 1 else part for name, part in parts.items() if part]
        return "\n\n".join(named) or None


def _explanation(spec: AskedSpec, ask: AskSpec, fields: Mapping[str, FieldValue], text: ReplyText) -> str:
    rules = spec.verdict
    if rules.critique_path:
        return (at_path(text.raw, rules.critique_path) or "").strip()
    if rules.critique_after is not None and (match := rules.critique_after.search(text.raw)):
        return text.raw[match.end() :].strip()
    if not rules.critique_rest and rules.critique_after is None:
        return ""
    own = _own(ask.fields, fields)
    return "\n".join(line for number, line in enumerate(text.raw_lines) if number not in own).strip()


def _own(specs: Sequence[FieldSpec], fields: Mapping[str, FieldValue]) -> set[int]:
    found = [fields[spec.name] for spec in specs if spec.name in fields and fields[spec.name].whole_lines]
    return {line for one in found for line in range(one.first_line, one.last_line + 1)}


def _untrusted(prompt: Prompt | None, response: Response) -> UntrustedTexts:
    if prompt is None:
        return UntrustedTexts([response.text])
    return UntrustedTexts([*texts_of(prompt, response).values(), *(turn.content for turn in turns_of(prompt))])


def _usage(replies: Sequence[Reply]) -> dict[str, int]:
    kinds = dict.fromkeys(kind for reply in replies for kind in reply.usage)
    return {kind: sum(reply.usage.get(kind, 0) for reply in replies) for kind in kinds}
