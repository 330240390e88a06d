from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hantei.api import judge
from hantei.errors import InputError, UsageError
from hantei.exchange import import_run
from hantei.exchange.importers import recognised
from hantei.runs.folder import Run
from hantei.tasks.options import Options
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


def texts(run: Run) -> list[tuple[str, str, str]]:
    return [(one.id, one.system, one.text) for one in run.responses()]


@pytest.mark.parametrize("source", [name for name in FILES if name != "llm-jp-judge"])  # whose files are tables
def test_judge_takes_a_programs_files_as_import_does(tmp_path: Path, source: str) -> None:
    files = written(tmp_path, source, FILES[source])
    run = judge(files, "builtin", tmp_path / "run")
    assert run.info().plan.source == source
    before = import_run(files, None, tmp_path / "imported")
    assert texts(run) == texts(before)
    assert list(run.judges()) == [*before.judges(), "builtin"]
    assert [one.response_id for one in run.judgments("builtin")] == [one.id for one in before.responses()]
    assert texts(judge(files, "builtin", run.path)) == texts(before), "the same command goes on with it"


def test_judge_reads_a_folder_of_logs_as_import_does(tmp_path: Path) -> None:
    written(tmp_path / "logs", "lm-eval", FILES["lm-eval"])
    assert judge(tmp_path / "logs", "builtin", tmp_path / "run").info().plan.source == "lm-eval"


def test_rows_that_import_rejects_stop_judge_until_they_are_to_be_skipped(tmp_path: Path) -> None:
    (file,) = written(tmp_path, "garak", FILES["garak"])
    file.write_text(file.read_text() + "{broken\n")
    with pytest.raises(InputError, match=r"1 rows could not be read: .*rejected.jsonl; --skip-bad-rows"):
        judge(file, "builtin", tmp_path / "run")
    assert judge(file, "builtin", tmp_path / "run", Options(skip_bad_rows=True)).info().rejected == 1


@pytest.mark.parametrize("source", ["garak", "otel"])
def test_a_file_that_is_meant_as_a_table_is_not_imported_and_said_to_be_whose(tmp_path: Path, source: str) -> None:
    file = written(tmp_path, source, FILES[source])[0]
    with pytest.raises(InputError, match=rf"\. This looks like a file of {source}: hantei import ") as caught:
        judge(file, "builtin", tmp_path / "run", Options(mapping={"response": "odd"}))
    assert "\n" not in str(caught.value)


def test_a_finish_reason_that_is_not_known_is_said_once(tmp_path: Path) -> None:
    rows = [
        row(finish_reason=reason) | {"task_inputs": {"question": "Q"}} for reason in ("odd", "odd", "stop", "odder")
    ]
    said: list[str] = []
    import_run(lines(tmp_path / "outputs.jsonl", rows), "flexeval", tmp_path / "run", said.append)
    assert said == [f"finish reason '{one}' is not known; its answers count as whole" for one in ("odd", "odder")]
