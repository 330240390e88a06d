"""What a released set says of itself: a benchmark card, a dataset card, Croissant metadata."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hantei import cards, taxonomy
from hantei.benchmarks.build.balance import balance
from hantei.benchmarks.build.lineage import lineage
from hantei.benchmarks.build.sources import DraftSource
from hantei.records import Prompt

UNPUBLISHED = "not published yet"
_RULES = ("intent", "language", "region", "variant", "benchmark")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LIMITS = (
    "Personal data were looked for by form and by a list of names where one was given: no such rule finds all.",
    "Prompts that ask for harm are in it, so that answers to them can be judged; they hold no method themselves.",
)
_COLUMNS = {
    "id": "Made of the text and its ancestry: the same draft has the same id in every version.",
    "text": "What is asked: the user's last turn. The column messages holds the conversation that it ends.",
    "language": "BCP 47.",
    "intent": "harmful, borderline (looks risky, deserves an answer) or benign.",
    "harm": "The harm that an answer would do, an id of the taxonomy.",
    "reference": "A reference answer, where reviewers left one.",
    "region": "ISO 3166: the place that the prompt is about.",
    "parent": "The id of the prompt that this one was made from.",
    "variant": "How it was made: template, elicited, rule, twin, contrast, variation, translation, adaptation.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFile:
    """One file of a release: its split, name, number of prompts and SHA-256."""

    split: str
    name: str
    count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """What is known of a released set.

    Args:
        name: its short name.
        version: of the release.
        title: in words.
        description: what it is.
        licence: of the set.
        terms: in a few sentences.
        url: where it is published.
        author: who made it.
        date: of the release, as ``2026-01-31``.
        taxonomy: of its harms.
        files: one a split.
        sources: what it was made from.
        reviewers: how many people reviewed it.
        needed: how many of them accepted each prompt.
        agreement: Krippendorff's alpha by question.
        rejected: how many drafts the reviewers rejected.
    """

    name: str
    version: str
    title: str
    description: str
    licence: str
    terms: str
    url: str
    author: str
    date: str
    taxonomy: str
    files: tuple[SetFile, ...]
    sources: tuple[DraftSource, ...]
    reviewers: int
    needed: int
    agreement: Mapping[str, str]
    rejected: int


def benchmark_card(facts: SetFacts, prompts: Sequence[Prompt]) -> str:
    """Return the card by which hantei knows the set, as TOML."""
    columns = {name: name for name in ("id", "parent", "messages", "reference", "criteria", "harm", "meta")} | {
        "prompt": "text"
    }
    card = {
        "title": f"{facts.title} {facts.version}",
        "description": facts.description,
        "url": facts.url,
        "languages": sorted({one.language for one in prompts if one.language}),
        "licence": facts.licence,
        "terms": facts.terms,
        "taxonomy": facts.taxonomy,
        "default": ["test"] if any(one.split == "test" for one in facts.files) else [],
        "unknown": list(_LIMITS),
        "source": {"kind": "user"},
        "evidence": {"source": "read", "columns": "read", "counts": "computed", "licence": "read"},
        "columns": columns,
        "rules": {name: {"column": name} for name in _RULES},
        "files": [
            {"split": one.split, "path": one.name, "count": one.count, "sha256": one.sha256} for one in facts.files
        ],
    }
    return cards.write(card)


def dataset_card(facts: SetFacts, prompts: Sequence[Prompt]) -> str:
    """Return the dataset card, Markdown under a head that the Hugging Face hub reads."""
    head = {
        "pretty_name": f"{facts.title} {facts.version}",
        "license": facts.licence.lower() if " " not in facts.licence else "other",
        "license_name": facts.licence,
        "language": sorted({(one.language or "und").partition("-")[0] for one in prompts}),
        "size_categories": [next((name for most, name in _SIZES if len(prompts) < most), "n>1M")],
        "task_categories": ["text-generation"],
        "tags": ["safety", "benchmark", "not-for-all-audiences"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": one.split, "path": one.name} for one in facts.files]}
        ],
    }
    front = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in head.items())
    parts = [
        f"# {_plain(facts.title)} {facts.version}",
        _plain(facts.description),
        *_contents(facts, prompts),
        *_making(facts, prompts),
        "## Fields",
        _table(("field", "what it is"), list(_COLUMNS.items())),
        "## Terms",
        f"Licence: {_plain(facts.licence)}. {_plain(facts.terms)}",
        "## Limits",
        "\n".join(f"- {line}" for line in _LIMITS),
    ]
    return f"---\n{front}---\n\n" + "\n\n".join(parts) + "\n"


def _contents(facts: SetFacts, prompts: Sequence[Prompt]) -> list[str]:
    tree = taxonomy.load(facts.taxonomy)
    spread = balance(prompts, tree)
    rows = [
        (node.title["en"], *(f"{spread.counts[node.id, one]:,}" for one in spread.languages))
        for node in spread.harm_types
    ]
    files = [(one.split, one.name, f"{one.count:,}", one.sha256) for one in facts.files]
    intents = Counter(one.intent or "-" for one in prompts)
    return [
        "## What is in it",
        f"{len(prompts):,} prompts: {', '.join(f'{count:,} {name}' for name, count in intents.most_common())}.",
        _table(("split", "file", "prompts", "SHA-256"), files),
        "No twin, translation, adaptation or other filling of the same template stands across the splits.",
        _table(("harm type", *spread.languages), rows),
    ]


def _making(facts: SetFacts, prompts: Sequence[Prompt]) -> list[str]:
    variants = Counter(one.variant or "-" for one in prompts)
    models = sorted({made.model for one in prompts if (made := lineage(one)).model})
    sources = [(one.name, one.kind, one.licence or "-", one.terms) for one in facts.sources]
    agreed = "; ".join(f"{name} {value}" for name, value in facts.agreement.items()) or "not measured"
    transfer = Counter(found["transfer"] for one in prompts if (found := one.meta.get("review", {})).get("transfer"))
    lines = [
        "## How it was made",
        f"Drafted ({', '.join(f'{count:,} {name}' for name, count in variants.most_common())}), filtered, and reviewed "
        f"by {facts.reviewers:,} people: {facts.needed:,} of them accepted each prompt, or one decided where they were "
        f"divided. They rejected {facts.rejected:,} drafts. Krippendorff's alpha: {agreed}.",
        _table(("source", "kind", "licence", "terms"), sources),
    ]
    if models:
        lines.append(f"Models that drafted: {', '.join(map(_plain, models))}.")
    if transfer:
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(transfer.items()))
        lines.append(f"Of translations and adaptations, whether the concern survives in the other culture: {told}.")
    return lines


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)


def _plain(text: str) -> str:
    """Return text that is no Markdown: on one line, without marks that would end a cell or begin a tag."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def croissant(facts: SetFacts, prompts: Sequence[Prompt]) -> str:
    """Return the set's metadata in the Croissant format 1.0 (JSON-LD)."""
    data = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.name,
        "description": facts.description,
        "version": facts.version,
        "datePublished": facts.date,
        "license": facts.licence,
        "usageInfo": facts.terms,
        "url": facts.url,
        "creator": {"@type": "sc:Person", "name": facts.author},
        "inLanguage": sorted({one.language for one in prompts if one.language}),
        "citeAs": f"{facts.author}: {facts.title}, version {facts.version}, {facts.date}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": one.name,
                "name": one.name,
                "contentUrl": one.name,
                "encodingFormat": "application/jsonlines",
                "sha256": one.sha256,
            }
            for one in facts.files
        ],
        "recordSet": [_records(one) for one in facts.files],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _records(file: SetFile) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": file.split,
        "name": file.split,
        "key": {"@id": f"{file.split}/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{file.split}/{name}",
                "name": name,
                "description": description,
                "dataType": "sc:Text",
                "source": {"fileObject": {"@id": file.name}, "extract": {"column": name}},
            }
            for name, description in _COLUMNS.items()
        ],
    }


_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 gives."""
