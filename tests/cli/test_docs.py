"""Every command that the README and the documentation name exists, with every option that they give it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hantei.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS: Any = typer.main.get_command(app)
_START = re.compile(r"(?:^|[\s|;&(])(?:\.venv/bin/)?hantei (?=[a-z-])")
_END = re.compile(r"\s(?:#|\||;|&&|>)\s?|\s{2,}|$")  # a remark follows a sign, or two spaces


def code(text: str) -> Iterator[str]:
    """Yield the lines of code of a page: indented ones with what continues them, and what stands in backquotes."""
    text = re.sub(r"\s*\\\n\s*", " ", text)
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if fenced or line.startswith("    "):
            yield line.strip()
    yield from re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", re.sub(r"^    .*$", "", text, flags=re.MULTILINE))


def named(page: str) -> Iterator[list[str]]:
    """Yield the words after ``hantei`` of each command in a page."""
    for line in code(page):
        for found in _START.finditer(line):
            rest = line[found.end() :]
            command = rest[: _END.search(rest).start()]  # type: ignore[union-attr]
            try:
                yield shlex.split(command)
            except ValueError:  # the quotation ends on another line
                yield command.replace("'", "").replace('"', "").split()


def problem(words: list[str]) -> str | None:
    """Return what is wrong with a command, None where it and its options exist."""
    command, words = COMMANDS, list(words)
    while hasattr(command, "commands"):
        name = words.pop(0).rstrip(".,:;") if words and not words[0].startswith("-") else None
        if name is None:
            return None  # hantei judges: the group as such
        if name not in command.commands:
            return f"there is no command '{name}'; there are {', '.join(sorted(command.commands))}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = [word.partition("=")[0].rstrip(".,:;)") for word in words if re.match(r"--?[a-z]", word)]
    unknown = sorted(set(options) - known - {"--help"})
    return f"'{command.name}' has no {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    wrong = [f"hantei {' '.join(words)}: {why}" for words in named(page.read_text()) if (why := problem(words))]
    assert not wrong, f"{page.name} names what does not exist; correct the page:\n" + "\n".join(wrong)


def test_the_pages_name_most_commands() -> None:
    """So that the search itself cannot silently find nothing."""
    found = {" ".join(words[:1]) for page in PAGES for words in named(page.read_text())}
    assert {"judge", "run", "report", "export", "import", "judges", "benchmarks", "train", "reproduce"} <= found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("    hantei guard DIR --judge A", "there is no command 'guard'"),
        ("with `hantei judge a.csv --jugde builtin`", "'judge' has no --jugde"),
        ("```\nhantei judges lst  # all\n```", "there is no command 'lst'"),
        ("`hantei run --model m \\\n  --benchmrk b`", "'run' has no --benchmrk"),
        ("    hantei judge 'a file.csv' --out x | tee --all", None),
        ("Then `hantei judges` and hantei nonsense outside of code", None),
    ],
)
def test_what_does_not_exist_is_found(text: str, why: str | None) -> None:
    (words,) = named(text)
    assert problem(words) is None if why is None else str(problem(words)).startswith(why)


def test_every_command_has_help() -> None:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if hasattr(command, "commands"):
            for name, one in command.commands.items():
                yield from walk(one, (*path, name))
        else:
            yield path

    from typer.testing import CliRunner

    for path in walk(COMMANDS, ()):
        result = CliRunner().invoke(app, [*path, "--help"])
        assert result.exit_code == 0, path
        assert "Example:" in result.output, f"hantei {' '.join(path)} --help gives no example: add one"


def test_a_newcomer_finds_each_question_in_the_list_of_commands() -> None:
    from typer.testing import CliRunner

    listed = CliRunner().invoke(app, ["--help"]).output.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if "?" in line] == [
        *("judge", "run", "worst", "compare", "agreement", "estimate", "correct", "benchmarks", "judges")
    ]


@pytest.mark.parametrize("group", ["", *(name for name, one in COMMANDS.commands.items() if hasattr(one, "commands"))])
def test_no_line_of_a_list_of_commands_is_cut_off(group: str) -> None:
    from typer.testing import CliRunner

    listed = CliRunner().invoke(app, [*group.split(), "--help"]).output.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed, "a line is too long for 80 columns: give the command a short_help"
