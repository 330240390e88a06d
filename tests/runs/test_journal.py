from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.files import write_atomic
from hantei.runs.folder import file_name
from hantei.runs.journal import Journal, in_order, reorder


def test_a_torn_line_is_cut_before_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":')
    with Journal(path) as journal:
        assert journal.torn
        assert journal.append([b'{"a":2}\n', b'{"a":3}\n']) == [8, 16]
    assert path.read_bytes() == b'{"a":1}\n{"a":2}\n{"a":3}\n'


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_torn_lines_longer_than_a_block(whole: int, torn: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        kept = b"x" * whole + b"\n" if whole else b""
        path.write_bytes(kept + b"y" * torn)
        with Journal(path) as journal:
            assert journal.torn == (torn > 0)
        assert path.read_bytes() == kept


def test_order(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\ntwo\nthree\n")
    assert in_order(path, [0, 4, 8])
    assert not in_order(path, [0, 8])
    assert not in_order(path, [4, 0, 8])
    reorder(path, [8, 0])
    assert path.read_bytes() == b"three\none\n"


def test_a_failed_atomic_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def broken() -> object:
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, broken())  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_keeps_whole_lines_only(tmp_path: Path) -> None:
    import os
    import resource
    import signal

    path = tmp_path / "a"
    pid = os.fork()
    if pid == 0:  # a process of its own: the limit cannot be raised again
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))
        with Journal(path) as journal:
            journal.append([b"0123456789\n"])
            try:
                journal.append([b"0123456789\n", b"0123456789\n"])
            except OSError:
                os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert path.read_bytes() == b"0123456789\n"


def test_names_of_judgment_files() -> None:
    assert file_name("builtin") == "builtin"
    assert file_name("rubric@openai/gpt-4o").startswith("rubric-openai-gpt-4o-")
    assert file_name("../../etc/passwd") == "etc-passwd-" + file_name("../../etc/passwd")[-8:]
    assert file_name("a/b") != file_name("a-b")
    assert "/" not in file_name("判定/../x\0")
