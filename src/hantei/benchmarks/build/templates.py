"""Drafts without a model: sentences with gaps, filled from lists of local words."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from hantei import cards, taxonomy
from hantei.benchmarks.build.lineage import Lineage, draft
from hantei.benchmarks.build.places import Locale, Word
from hantei.benchmarks.build.sources import DraftSource
from hantei.cards import NonBlank
from hantei.errors import CardError, HanteiError, UsageError
from hantei.records import Prompt

Spoken = Sequence[tuple[str, Locale]]
"""Languages, each with the place whose words it takes."""

_GAP = re.compile(r"\{(\w+)\}")
_MOST = 2000
"""Fills of one template that are drawn from."""


class PromptTemplate(Struct, frozen=True, kw_only=True):
    """A prompt with gaps (``{place}``), by language, of a harm, or the borderline twin of another one."""

    id: str
    text: Mapping[str, str]
    harm: str
    twin_of: str | None = None

    @property
    def gaps(self) -> tuple[str, ...]:
        """The names of its gaps, each once, sorted."""
        return tuple(sorted({gap for text in self.text.values() for gap in _GAP.findall(text)}))

    @property
    def wording(self) -> str:
        """SHA-256 of what it says, 12 digits."""
        said = "\0".join(f"{language} {text}" for language, text in sorted(self.text.items()))
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def filled(self, words: Mapping[str, Word], language: str) -> str:
        """Return it with words in its gaps."""
        return _GAP.sub(lambda gap: words[gap[1]][language], self.text[language])


class TemplateTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[templates]]`` as a file holds it, with a text for each language that it is in."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    harm: str | None = None
    twin_of: str | None = None
    en: NonBlank | None = None
    ja: NonBlank | None = None
    zh: NonBlank | None = None
    text: Mapping[str, NonBlank] = {}

    def texts(self) -> dict[str, str]:
        """Return its text by language; ``text`` is for others than the three."""
        own = {"en": self.en, "ja": self.ja, "zh": self.zh}
        return {**{language: text for language, text in own.items() if text}, **self.text}


class TemplateFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of templates with its terms."""

    name: NonBlank
    licence: NonBlank
    terms: NonBlank
    taxonomy: str
    templates: Annotated[tuple[TemplateTable, ...], Meta(min_length=1)]


class Templates:
    """The templates of a file, and the source that their fills inherit from."""

    def __init__(self, file: TemplateFile, what: str) -> None:
        """Check a file.

        Raises:
            CardError: a template has no text or no harm, an id stands twice, or it is the twin of none.
        """
        self.source = DraftSource(name=file.name, kind="templates", licence=file.licence, terms=file.terms)
        self.taxonomy = file.taxonomy
        tables = {table.id: table for table in file.templates}
        if len(tables) < len(file.templates):
            raise CardError(f"{what}: an id stands twice: give each template its own")
        self.by_id = {name: _template(table, tables, file.taxonomy, what) for name, table in tables.items()}

    def of(self, harms: Sequence[str]) -> list[PromptTemplate]:
        """Return the templates of these harms that are no twins."""
        return [one for one in self.by_id.values() if one.twin_of is None and one.harm in harms]

    def twin(self, template: str) -> PromptTemplate | None:
        """Return the twin of a template, None where it has none."""
        return next((one for one in self.by_id.values() if one.twin_of == template), None)


def load_templates(path: Path | None = None) -> Templates:
    """Return hantei's templates, or those of a file.

    Raises:
        UsageError: there is no such file.
        CardError: it lacks something.
    """
    try:
        source = path or files(__package__) / "templates.toml"
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"--templates {path}: expected a TOML file of templates: {why}") from None
    what = str(path or "templates.toml")
    return Templates(cards.typed(cards.parse(text, what), TemplateFile, what), what)


def _template(table: TemplateTable, tables: Mapping[str, TemplateTable], tree: str, what: str) -> PromptTemplate:
    other = tables.get(table.twin_of) if table.twin_of else None
    label = other.harm if other else table.harm
    if (table.twin_of is None) != (table.harm is not None) or (table.twin_of and (other is None or not other.harm)):
        raise CardError(f"{what}, {table.id}: expected a harm, or twin_of and the id of a template that has one")
    try:
        node = taxonomy.load(tree).node(label or "")
    except HanteiError as error:
        raise CardError(f"{what}, taxonomy: {error}") from None
    if node is None:
        raise CardError(f"{what}, {table.id}: the taxonomy {tree} has no harm '{label}'")
    if not table.texts():
        raise CardError(f"{what}, {table.id}: expected a text in some language, as en = ...")
    return PromptTemplate(id=table.id, text=table.texts(), harm=node.id, twin_of=table.twin_of)


def fills(
    template: PromptTemplate, place: Locale, languages: Sequence[str], count: int, seed: int
) -> list[dict[str, Word]]:
    """Return so many different fills of a template, or all there are: words that have a form in all these languages.

    Args:
        template: what is filled.
        place: whose words.
        languages: in which the words must have a form.
        count: how many fills.
        seed: of the draw, which is the same for the same template, place and seed.
    """
    choices = [place.choices(gap, *languages) for gap in template.gaps]
    drawn = random.Random(f"{seed} {place.region} {template.id}")  # noqa: S311 - a draw that can be repeated
    for words in choices:
        if not words:
            return []
    possible = [
        dict(zip(template.gaps, words, strict=True)) for words, _ in zip(product(*choices), range(_MOST), strict=False)
    ]
    drawn.shuffle(possible)
    return possible[:count]


def from_template(
    template: PromptTemplate,
    source: DraftSource,
    language: str,
    place: Locale,
    words: Mapping[str, Word],
    **fields: str | None,
) -> Prompt:
    """Return a filled template as a draft; ``fields`` are its ``parent`` and ``variant``.

    Args:
        template: what is filled.
        source: the file that it is from.
        language: in which.
        place: whose words they are.
        words: by gap.
        fields: ``parent`` and ``variant``.
    """
    made = Lineage(
        harm=template.harm,
        source=source.name,
        template=template.twin_of or template.id,
        filled={gap: word[language] for gap, word in words.items() if gap in template.gaps},
        wording=template.wording,
    )
    text = template.filled(words, language)
    intent = "borderline" if template.twin_of else "harmful"
    return draft(text, made, language=language, region=place.region, intent=intent, **{"variant": "template", **fields})


def drafts(
    templates: Templates, harms: Sequence[str], spoken: Spoken, into: Spoken, each: int, make: Sequence[str], seed: int
) -> Iterator[Prompt]:
    """Yield filled templates, each followed by what is made of it.

    Args:
        templates: those there are.
        harms: of which harms.
        spoken: the languages, each with the place whose words it takes.
        into: the same of translations and adaptations.
        each: how many fills of a template in a language.
        make: ``twin``, ``translation`` (the same words in another language) and ``adaptation`` (that, with words of the
            place where the other language is spoken).
        seed: of the draw.
    """
    for template in templates.of(harms):
        for language, place in spoken:
            languages = [language, *(other for other, _ in into)]
            if not {*languages} <= {*template.text}:
                continue
            for words in fills(template, place, languages, each, seed):
                first = from_template(template, templates.source, language, place, words)
                yield first
                if "twin" in make:
                    yield from _twin(first, template, templates, (language, place), words)
                others = [one for one in into if one[0] != language]
                yield from _pairs(first, template, templates.source, place, others, words, each, make, seed)


def _twin(
    first: Prompt, template: PromptTemplate, templates: Templates, own: tuple[str, Locale], words: Mapping[str, Word]
) -> Iterator[Prompt]:
    twin = templates.twin(template.id)
    if twin is not None and own[0] in twin.text and {*twin.gaps} <= {*words}:
        yield from_template(twin, templates.source, *own, words, parent=first.id, variant="twin")


def _pairs(
    first: Prompt,
    template: PromptTemplate,
    source: DraftSource,
    place: Locale,
    others: Spoken,
    words: Mapping[str, Word],
    each: int,
    make: Sequence[str],
    seed: int,
) -> Iterator[Prompt]:
    """Yield a prompt's translations and adaptations; these take words that its own language's fills do not."""
    for language, there in others:
        if "translation" in make:
            yield from_template(template, source, language, place, words, parent=first.id, variant="translation")
        local = fills(template, there, [language], each + 1, seed)
        if "adaptation" in make and local:
            yield from_template(template, source, language, there, local[-1], parent=first.id, variant="adaptation")
