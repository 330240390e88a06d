"""Make docs/reference.md, the reference of the Python API, from the docstrings.

    python docs/make_reference.py [--check]

``--check`` writes nothing and fails where the page is not current.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import logging
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import griffe
import msgspec

import hantei

PAGE = Path(__file__).parent / "reference.md"
GROUPS = {
    "Judge and ask": (
        *("judge", "run", "judge_one", "correct", "serve", "forecast", "forecast_judging", "demo", "report", "export"),
        *("run_file", "forecast_run_file", "worst"),
        *("ajudge", "arun", "ajudge_one", "acorrect"),
    ),
    "Runs": ("load_run", "Run", "compare", "Comparison", "Difference"),
    "How much to trust it": (
        *("agreement", "estimate", "corrected_rate", "choose_to_label", "annotate", "export_labels", "import_labels"),
        *("calibrate", "measure", "rank", "ablate", "judge_across", "score_critiques", "check_critiques"),
    ),
    "Build a benchmark": (
        *("draft_benchmark", "filter_drafts", "review_drafts", "release_benchmark"),
        *("DraftOptions", "FilterOptions", "ReviewOptions", "ReleaseOptions"),
    ),
    "Train": (
        *("train_judge", "run_judge_rounds", "write_critiques"),
        *("JudgeSftOptions", "JudgeRounds", "RoundOptions", "WriteOptions"),
    ),
    "Options": (
        *("Options", "Limits", "Sampling", "CountingRule", "Correction", "LabelFiles", "AgreementOptions"),
        *("AnnotationOptions", "MeasureOptions", "AblateOptions", "AcrossOptions", "ScoreOptions", "CheckOptions"),
        "ServeOptions",
    ),
    "Records": ("Prompt", "Message", "Response", "Judgment", "Rate", "Summary", "Forecast"),
    "Judges, models and benchmarks": (
        *("load_judge", "Judge", "Classifier", "load_model", "Model", "Request", "Reply", "CallError"),
        *("load_benchmark", "BenchmarkCard"),
    ),
    "Errors": (
        *("HanteiError", "UsageError", "InputError", "RowError", "RecordError", "RunError", "CardError", "FetchError"),
        "TaxonomyError",
    ),
}
"""Every public name under the heading where a reader looks for it."""

TYPES = {
    "Source": "hantei.tasks.sources",
    "TableOrRows": "hantei.inputs.given",
    "AnyModel": "hantei.models.load",
    "AnswerFunction": "hantei.models.own",
    "AnyBenchmark": "hantei.benchmarks.named",
    "OwnBenchmark": "hantei.benchmarks.named",
    "Judging": "hantei.tasks.task",
    "AnyPath": "hantei.files",
    "Say": "hantei.progress",
}
"""Names that stand for several types, and where each is."""

INTERNAL = ("check_there", "fill", "index", "index_path", "lock", "open_judgments", "refuse_own_records")
"""Public methods that only hantei's own code has a use for, beside those that write."""

_PLACE = re.compile(r"\b(?:hantei|collections|typing|pathlib|os|inspect)(?:\.\w+)*\.(?=\w)")


def reference() -> str:
    """Return the page; names under no heading stand at its end."""
    public = {name for name in vars(hantei)["__all__"] if not name.startswith("_")}
    listed = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "More": tuple(sorted(public - listed))} if public - listed else GROUPS
    lines = [
        "# Reference",
        "",
        "Made from the docstrings by `python docs/make_reference.py`. [How it is used](python.md).",
        "",
    ]
    for title, names in groups.items():
        lines += [f"## {title}", ""]
        for name in filter(public.__contains__, names):
            lines += _entry(name, getattr(hantei, name))
    lines += ["## Types", "", *(f"- `{name}`: {_of_type(name, module)}" for name, module in TYPES.items())]
    return "\n".join(lines).rstrip() + "\n"


def _of_type(name: str, module: str) -> str:
    """Return what the text after a name's definition says of it.

    Raises:
        SystemExit: there is none.
    """
    found = import_module(module)
    thing = getattr(found, name)
    if inspect.isclass(thing) and thing.__module__ == module:
        return _markdown((inspect.getdoc(thing) or "").split("\n\n")[0])
    body = ast.parse(inspect.getsource(found)).body
    for node, after in pairwise(body):
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return _markdown(str(after.value.value))
    raise SystemExit(f"docs/make_reference.py: {module}.{name} has no docstring")


def _entry(name: str, thing: Any) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    if not inspect.isclass(thing):
        yield from _code(f"hantei.{name}{_signature(thing)}")
        yield from _docstring(thing)
        return
    yield from _docstring(thing)
    fields = list(_fields(thing))
    if fields:
        yield from _code("\n".join(fields))
    for member, value in sorted(_members(thing).items()):
        if isinstance(value, property):
            yield from [f"**`{member}`**: {_first(value)}", ""]
        else:
            yield from [f"**`{member}{_signature(value)}`**", ""]
            yield from _docstring(value)


def _members(kind: type) -> dict[str, Any]:
    """Return the public methods and properties of a class, with those of hantei's own that it derives from."""
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("hantei"):
            found |= {name: value for name, value in vars(one).items() if not name.startswith(("_", "write_"))}
    for name in INTERNAL:
        found.pop(name, None)
    return {name: value for name, value in found.items() if inspect.isfunction(value) or isinstance(value, property)}


def _fields(kind: type) -> Iterator[str]:
    if issubclass(kind, msgspec.Struct):
        types = kind.__annotations__
        for one in msgspec.structs.fields(kind):
            default = _default(one.default, one.default_factory, msgspec.NODEFAULT)
            yield f"{one.name}: {_shown(types[one.name])}{default}"
    elif dataclasses.is_dataclass(kind):
        for field in dataclasses.fields(kind):
            default = _default(field.default, field.default_factory, dataclasses.MISSING)
            yield f"{field.name}: {_shown(field.type)}{default}"


def _default(value: Any, factory: Any, nothing: Any) -> str:
    if factory is not nothing:
        return f" = {getattr(factory, '__name__', '...')}()"
    return "" if value is nothing else f" = {_shown(repr(value))}"


def _signature(function: Any) -> str:
    """Return the parameters with their types and defaults, one a line where they are many."""
    signature = inspect.signature(function)
    parts = [_parameter(one) for one in signature.parameters.values() if one.name != "self"]
    result = signature.return_annotation
    after = "" if result is inspect.Signature.empty else f" -> {_shown(result)}"
    line = f"({', '.join(parts)}){after}"
    return line if len(line) < 100 else "(\n    " + ",\n    ".join(parts) + f",\n){after}"


def _parameter(one: inspect.Parameter) -> str:
    stars = "*" if one.kind is inspect.Parameter.VAR_POSITIONAL else ""
    kind = "" if one.annotation is inspect.Parameter.empty else f": {_shown(one.annotation)}"
    if one.default is inspect.Parameter.empty:
        return f"{stars}{one.name}{kind}"
    return f"{stars}{one.name}{kind} = {'...' if callable(one.default) else repr(one.default)}"


def _shown(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _PLACE.sub("", text)


def _code(text: str) -> list[str]:
    return ["```python", text, "```", ""]


def _docstring(thing: Any) -> Iterator[str]:
    for section in griffe.Docstring(inspect.getdoc(thing) or "").parse("google", warnings=False):
        if section.kind is griffe.DocstringSectionKind.text:
            yield from [_markdown(section.value), ""]
        elif section.kind is griffe.DocstringSectionKind.parameters:
            yield from [*(f"- `{one.name}`: {_markdown(one.description)}" for one in section.value), ""]
        elif section.kind is griffe.DocstringSectionKind.returns:
            yield from [*(f"Returns: {_markdown(one.description)}" for one in section.value), ""]
        elif section.kind is griffe.DocstringSectionKind.raises:
            yield from ["Raises:", ""]
            yield from [*(f"- `{one.annotation}`: {_markdown(one.description)}" for one in section.value), ""]


def _first(value: property) -> str:
    return _markdown((inspect.getdoc(value) or "").split("\n\n")[0])


def _markdown(text: str) -> str:
    """Return reStructuredText's code as Markdown's; the lines of a paragraph are one."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).replace("``", "`")


def main() -> None:
    """Write the page, or check it.

    Raises:
        SystemExit: it is not current.
    """
    logging.getLogger("griffe").setLevel(logging.ERROR)
    page = reference()
    if "--check" not in sys.argv:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        raise SystemExit("docs/reference.md is not current: python docs/make_reference.py")


if __name__ == "__main__":
    main()
