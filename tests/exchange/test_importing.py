from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hantei.api import judge
from hantei.errors import InputError, UsageError
from hantei.exchange import import_run
from hantei.exchange.importers import recognised
from tests.exchange.files import lines
from tests.exchange.test_flexeval import row
from tests.exchange.test_hostile import FILES, written


@pytest.mark.parametrize("source", FILES)
def test_a_programs_files_are_recognised(tmp_path: Path, source: str) -> None:
    files = written(tmp_path, source, FILES[source])
    assert recognised(files) == source
    assert recognised([tmp_path]) == source
    said: list[str] = []
    run = import_run(files, None, tmp_path / "run", said.append)
    assert said[0] == f"read as {source}, by what is in the files (--from names another)"
    assert run.info().plan.source == source


def test_other_files_in_the_folder_do_not_matter(tmp_path: Path) -> None:
    written(tmp_path, "garak", FILES["garak"])
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "config.json").write_text('{"a": 1}')
    (tmp_path / "broken.json").write_text("{")
    assert recognised([tmp_path]) == "garak"
    said: list[str] = []
    run = import_run(tmp_path, None, tmp_path / "run", said.append)
    assert [one.system for one in run.responses()] == ["org/model"] * 2
    assert said[1] == f"{tmp_path}: passed over broken.json, config.json, notes.txt, which look like other files"
    with pytest.raises(InputError, match="no file in it looks like one of this program's"):
        import_run(tmp_path, "pyrit", tmp_path / "other")


def test_compressed_files(tmp_path: Path) -> None:
    (plain,) = written(tmp_path, "garak", FILES["garak"])
    packed = tmp_path / "report.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert sum(1 for _ in import_run(packed, None, tmp_path / "run").responses()) == 2


def test_what_is_not_recognised(tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", [{"prompt": "Q", "response": "A"}])
    with pytest.raises(UsageError, match=r"a.jsonl: not recognised; name the program with --from .*hantei judge"):
        import_run(file)


def test_files_of_several_programs(tmp_path: Path) -> None:
    written(tmp_path / "g", "garak", FILES["garak"])
    written(tmp_path / "l", "lm-eval", FILES["lm-eval"])
    with pytest.raises(UsageError, match=r"holds files of several programs: garak \(.*\), lm-eval \(.*\); choose one"):
        import_run(tmp_path)
    assert {one.system for one in import_run(tmp_path, "garak", tmp_path / "run").responses()} == {"org/model"}


def test_a_slip_in_the_name_is_told(tmp_path: Path) -> None:
    (file,) = written(tmp_path, "garak", FILES["garak"])
    with pytest.raises(UsageError, match=r"--from garrak: expected one of .*; did you mean 'garak'\?"):
        import_run(file, "garrak")


def test_a_run_folder_is_none_to_import(tmp_path: Path) -> None:
    (file,) = written(tmp_path, "garak", FILES["garak"])
    run = import_run(file, None, tmp_path / "run")
    with pytest.raises(UsageError, match="is a run folder already: hantei judge"):
        import_run(run.path)


@pytest.mark.parametrize("source", ["garak", "promptfoo", "pyrit", "langfuse", "mt-bench", "flexeval"])
def test_judge_says_whose_file_it_cannot_read(tmp_path: Path, source: str) -> None:
    file = written(tmp_path, source, FILES[source])[0]
    with pytest.raises(InputError, match=f"This looks like a file of {source}: hantei import ") as caught:
        judge(str(file), "builtin", tmp_path / "run")
    assert "\n" not in str(caught.value)


def test_a_finish_reason_that_is_not_known_is_said_once(tmp_path: Path) -> None:
    rows = [
        row(finish_reason=reason) | {"task_inputs": {"question": "Q"}} for reason in ("odd", "odd", "stop", "odder")
    ]
    said: list[str] = []
    import_run(lines(tmp_path / "outputs.jsonl", rows), "flexeval", tmp_path / "run", said.append)
    assert said == [f"finish reason '{one}' is not known; its answers count as whole" for one in ("odd", "odder")]
