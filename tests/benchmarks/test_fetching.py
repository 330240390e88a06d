"""Fetching without a network: a server on this machine in place of GitHub, a stand-in for the hub's client."""

from __future__ import annotations

import errno
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hantei import benchmarks
from hantei.benchmarks import card as card_module
from hantei.benchmarks import download, fetch, load_card, locate, status
from hantei.benchmarks.cache import cache_folder, read_lock
from hantei.errors import FetchError, UsageError
from tests.benchmarks.conftest import answer_carefully, write_csv, write_json, write_parquet

XSTEST = b"id,prompt,type,label,focus,note\n1,May I?,t,safe,f,n\n2,Do it,t,unsafe,f,n\n"
PATH = "/paul-rottger/exaggerated-safety/475f10bf0a3d6a9dfb174b6de1a38afbfdff98a5/xstest_prompts.csv"


class Server:
    """A server of fixed replies by path: (status, body, headers that replace the honest ones)."""

    def __init__(self) -> None:
        self.replies: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                code, body, headers = outer.replies.get(self.path, (404, b"", {}))
                self.send_response(code)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    server.replies[PATH] = (200, XSTEST, {})
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(download, "GITHUB", server.url)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def no_part_is_left(folder: Path) -> bool:
    return not [path for path in folder.rglob("*") if path.name.startswith(".part-")]


def test_a_file_is_fetched_recorded_and_found_again(github: Server, cache: Path) -> None:
    assert status("xstest") == "not fetched"
    fetched = fetch("xstest")
    [(path, digest)] = fetched.files.items()
    assert path == cache / "benchmarks" / "xstest" / "test" / "xstest_prompts.csv"
    assert path.read_bytes() == XSTEST
    assert digest == hashlib.sha256(XSTEST).hexdigest()
    assert not fetched.verified
    assert fetched.report.problems == ("xstest:test: expected 450 rows, found 2",)
    assert (status("xstest"), locate("xstest")) == ("unverified", [path])
    assert [prompt.intent for prompt in benchmarks.load_benchmark("xstest")] == ["borderline", "harmful"]
    assert benchmarks.identity("xstest")["revision"] == load_card("xstest").origin.revision
    lock = read_lock(cache_folder("xstest"))
    assert lock is not None
    assert lock.problems == fetched.report.problems
    assert no_part_is_left(cache)


def test_a_second_fetch_asks_nobody(github: Server) -> None:
    first = fetch("xstest")
    assert fetch("xstest").files == first.files
    assert github.asked == [PATH]


def test_a_file_that_is_gone_is_fetched_again_and_compared(github: Server) -> None:
    [path] = fetch("xstest").files
    path.unlink()
    with pytest.raises(FetchError, match="is gone"):
        locate("xstest")
    assert list(fetch("xstest").files) == [path]
    path.unlink()
    github.replies[PATH] = (200, XSTEST + b"3,New,t,safe,f,n\n", {})
    with pytest.raises(FetchError, match=r"not the file that the first fetch recorded.*its source has changed"):
        fetch("xstest")
    assert not path.exists()


def test_a_file_that_was_changed_here_is_refused(github: Server) -> None:
    [path] = fetch("xstest").files
    path.write_bytes(XSTEST.replace(b"May", b"Can"))
    for attempt in (lambda: locate("xstest"), lambda: fetch("xstest"), lambda: benchmarks.identity("xstest")):
        with pytest.raises(FetchError, match="changed since"):
            attempt()


def stated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digest: str) -> None:
    """Give XSTest's card a checksum."""
    text = (card_module.CARDS / "xstest.toml").read_text(encoding="utf-8")
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "xstest.toml").write_text(
        text.replace("count = 450", f'count = 2\nsha256 = "{digest}"'), encoding="utf-8"
    )
    monkeypatch.setattr(card_module, "CARDS", folder)


def test_a_checksum_on_the_card_verifies(github: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stated(monkeypatch, tmp_path, hashlib.sha256(XSTEST).hexdigest())
    fetched = fetch("xstest")
    assert fetched.verified
    assert fetched.report.problems == ()
    assert status("xstest") == "verified"


def test_a_checksum_on_the_card_that_differs(github: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stated(monkeypatch, tmp_path, "0" * 64)
    with pytest.raises(FetchError, match="not the file that the card says"):
        fetch("xstest")
    assert status("xstest") == "not fetched"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ((404, b"", {}), "there is no .*exaggerated-safety.*--path FILE"),
        ((503, b"", {}), "answered 503; try again later.*--path FILE"),
        ((200, XSTEST, {"Content-Length": str(len(XSTEST) + 9)}), "broke off|cannot be reached"),
        ((200, b"<html>moved</html>\n", {}), "not its files: .*no column id, prompt"),
        ((200, b"id,type\n1,t\n", {}), "no column prompt"),
    ],
)
def test_replies_that_are_no_benchmark(
    github: Server, cache: Path, reply: tuple[int, bytes, dict[str, str]], says: str
) -> None:
    github.replies[PATH] = reply
    with pytest.raises(FetchError, match=says):
        fetch("xstest")
    assert status("xstest") == "not fetched"
    assert no_part_is_left(cache)


def test_a_file_that_never_ends(github: Server, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 50)
    with pytest.raises(FetchError, match="larger than 50 bytes"):
        fetch("xstest")
    assert not list(cache.rglob("*.csv"))


def test_no_network_names_the_way_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "GITHUB", "http://127.0.0.1:1")
    with pytest.raises(FetchError, match=r"cannot be reached.*without a network.*fetch xstest --path FILE"):
        fetch("xstest")


def test_a_full_disk_leaves_nothing_half_written(github: Server, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(FetchError, match=r"No space left on device.*HANTEI_CACHE"):
        fetch("xstest")
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_path_works_without_a_network_and_copies_nothing(tmp_path: Path, cache: Path) -> None:
    rows = [answer_carefully(number, f"問い{number}") for number in range(3)]
    path = write_json(tmp_path / "AnswerCarefullyVersion002_Dev.json", rows)
    fetched = fetch("answer-carefully-v2", path=path)
    assert list(fetched.files) == [path]
    assert fetched.report.problems == ("answer-carefully-v2:dev: expected 1,464 rows, found 3",)
    assert [file.name for file in cache.rglob("*") if file.is_file()] == ["files.json"]
    assert len(benchmarks.prompts_by_id("answer-carefully-v2:dev")) == 3

    test = write_json(tmp_path / "AnswerCarefullyVersion002_Test.json", [answer_carefully(9, "別", split="test")])
    fetch("answer-carefully-v2", path=test)
    assert set(locate("answer-carefully-v2")) == {path, test}
    assert list(benchmarks.prompts_by_id("answer-carefully-v2")) == [answer_carefully(9, "", split="test")["ID"]]


def test_path_of_another_file_takes_its_place_and_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "xstest_prompts.csv", [{"id": 1, "prompt": "p", "label": "safe"}])
    with pytest.raises(FetchError, match="no column BehaviorID, ContextString, Behavior"):
        fetch("harmbench", path=path)
    path.write_bytes(XSTEST)
    assert fetch("xstest", path=path).notes == ()
    path.write_bytes(XSTEST + b"3,New,t,safe,f,n\n")
    with pytest.raises(FetchError, match="changed since"):
        locate("xstest")
    [note] = fetch("xstest", path=path).notes
    assert "changed since" in note
    assert len(list(benchmarks.load_benchmark("xstest"))) == 3


def test_a_folder_is_searched_for_the_cards_files(tmp_path: Path) -> None:
    row = {"prompt": "p", "category": "c"}
    (tmp_path / "deep").mkdir()
    write_csv(tmp_path / "deep" / "or-bench-toxic.csv", [row])
    write_csv(tmp_path / "unrelated.csv", [row])
    assert [path.name for path in fetch("or-bench", path=tmp_path).files] == ["or-bench-toxic.csv"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FetchError, match="expected or-bench-80k"):
        fetch("or-bench", path=tmp_path / "empty")
    with pytest.raises(FetchError, match="no such file or folder"):
        fetch("or-bench", path=tmp_path / "absent")
    with pytest.raises(UsageError, match="which file of or-bench"):
        fetch("or-bench", path=tmp_path / "unrelated.csv")


def test_what_is_not_published_must_come_from_the_user(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"wildsafety is not published.*--path FILE"):
        fetch("wildsafety")
    path = write_json(tmp_path / "wild.json", [{"query": "q", "response": "r", "label": "Safe"}])
    assert fetch("wildsafety", path=path).report.problems == ()


def test_the_starter_needs_no_fetch() -> None:
    assert fetch("starter").report.problems == ()
    assert status("starter") == "packaged"


def test_a_damaged_record_is_named(cache: Path) -> None:
    folder = cache_folder("xstest")
    folder.mkdir(parents=True)
    (folder / "files.json").write_text('{"files": 3}', encoding="utf-8")
    with pytest.raises(FetchError, match="remove it and fetch again"):
        locate("xstest")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HANTEI_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a/benchmarks/x"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/hantei/benchmarks/x"),
        ({"HOME": "/c"}, "/c/.cache/hantei/benchmarks/x"),
    ],
)
def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    monkeypatch.delenv("HANTEI_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder("x") == Path(expected)


class Hub:
    """A stand-in for the hub's client: a listing, and files by name."""

    def __init__(self, files: dict[str, Path], error: Callable[[], Exception] | None = None) -> None:
        self.files, self.error, self.asked = files, error, list[tuple[str, str]]()

    def dataset_info(self, repository: str, revision: str, files_metadata: bool) -> Any:
        self.asked.append((repository, revision))
        if self.error:
            raise self.error()
        siblings = [SimpleNamespace(rfilename=name, size=path.stat().st_size) for name, path in self.files.items()]
        return SimpleNamespace(sha="c0ffee", siblings=[*siblings, SimpleNamespace(rfilename="README.md", size=9)])

    def download(self, repository: str, name: str, repo_type: str, revision: str, local_dir: str) -> str:
        assert (repo_type, revision) == ("dataset", "c0ffee")
        target = Path(local_dir) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.files[name].read_bytes())
        return str(target)


def use(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> Hub:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: hub)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.download)
    return hub


def test_hub_files_are_fetched_at_the_commit_that_was_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    dev = write_parquet(tmp_path / "dev.parquet", [answer_carefully(1, "開発")])
    test = write_parquet(tmp_path / "test.parquet", [answer_carefully(2, "試験", split="test")])
    files = {"v2.0/dev-00000-of-00001.parquet": dev, "v2.0/test-00000-of-00001.parquet": test, "v1.0/x.parquet": dev}
    hub = use(monkeypatch, Hub(files))
    fetched = fetch("answer-carefully-v2")
    assert hub.asked == [("llm-jp/AnswerCarefully", "main")]
    assert fetched.revision == "c0ffee"
    folder = cache / "benchmarks" / "answer-carefully-v2"
    assert set(fetched.files) == {
        folder / "dev" / "dev-00000-of-00001.parquet",
        folder / "test" / "test-00000-of-00001.parquet",
    }
    assert [prompt.text for prompt in benchmarks.load_benchmark("answer-carefully-v2")] == ["試験"]
    assert benchmarks.identity("answer-carefully-v2")["revision"] == "c0ffee"
    assert no_part_is_left(cache)


def test_several_files_of_one_split(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [{"prompt": f"p{n}", "response": "r", "category": {"a": False, "b": False}, "is_safe": True} for n in (1, 2)]
    files = {f"default/30k_test/000{n}.parquet": write_parquet(tmp_path / f"{n}", [row]) for n, row in enumerate(rows)}
    use(monkeypatch, Hub(files))
    assert fetch("beavertails").report.problems == ("beavertails:30k_test: expected 3,021 rows, found 2",)


def gated() -> Exception:
    from huggingface_hub.errors import GatedRepoError

    return _http_error(GatedRepoError, 403)


def missing() -> Exception:
    from huggingface_hub.errors import RepositoryNotFoundError

    return _http_error(RepositoryNotFoundError, 404)


def unauthorised() -> Exception:
    from huggingface_hub.errors import HfHubHTTPError

    return _http_error(HfHubHTTPError, 401)


def broken() -> Exception:
    from huggingface_hub.errors import HfHubHTTPError

    return _http_error(HfHubHTTPError, 502)


def _http_error(kind: type[Exception], code: int) -> Exception:
    error = kind.__new__(kind)
    error.response = SimpleNamespace(status_code=code)  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            gated,
            r"not open to everybody: sign in at https://huggingface\.co/.*contact information.*HF_TOKEN.*--path FILE",
        ),
        (unauthorised, "HF_TOKEN"),
        (missing, "not there or not public.*HF_TOKEN.*--path FILE"),
        (broken, "answered 502.*--path FILE"),
        (lambda: ConnectionError("no route"), r"cannot be reached \(ConnectionError: no route\).*--path FILE"),
        (lambda: RuntimeError("client closed"), r"cannot be reached \(RuntimeError: client closed\)"),
        (lambda: OSError(errno.ENOSPC, "No space left"), "cannot be written .No space left.*HANTEI_CACHE"),
    ],
)
def test_what_the_hub_can_answer(monkeypatch: pytest.MonkeyPatch, error: Callable[[], Exception], says: str) -> None:
    use(monkeypatch, Hub({}, error))
    with pytest.raises(FetchError, match=says):
        fetch("answer-carefully-v2")
    assert status("answer-carefully-v2") == "not fetched"


def test_a_repository_without_the_cards_file(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    use(monkeypatch, Hub({}))
    with pytest.raises(FetchError, match=r"no v2\.0/dev-\*\.parquet at https.*--path FILE"):
        fetch("answer-carefully-v2")
    assert no_part_is_left(cache)


def test_the_record_is_json_for_people(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "xstest_prompts.csv"
    path.write_bytes(XSTEST)
    fetch("xstest", path=path)
    record = json.loads((cache / "benchmarks" / "xstest" / "files.json").read_text(encoding="utf-8"))
    assert record["files"] == [{"split": "test", "path": str(path), "sha256": hashlib.sha256(XSTEST).hexdigest()}]


@pytest.mark.parametrize("name", ["v2.0/dev-..", "v2.0/dev-x/..", "v2.0/dev-a\\..\\x.parquet", "v2.0/dev-\0.parquet"])
def test_a_name_that_climbs_out_of_the_folder_stays_in_it(tmp_path: Path, name: str) -> None:
    from hantei.benchmarks.download import _target

    spec = load_card("answer-carefully-v2").files[0]
    try:
        target = _target(tmp_path, spec, name)
    except FetchError as error:
        assert "expected the name of a file" in str(error)  # noqa: PT017 - a name is either refused or harmless
    else:
        assert target.resolve().parent == tmp_path / spec.split


def test_a_hub_file_larger_than_its_listing_says_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    big = write_parquet(tmp_path / "dev.parquet", [answer_carefully(1, "開発")])
    hub = use(monkeypatch, Hub({"v2.0/dev-00000-of-00001.parquet": big, "v2.0/test-00000-of-00001.parquet": big}))
    listed = hub.dataset_info

    def lying(*arguments: Any, **named: Any) -> Any:
        found = listed(*arguments, **named)
        for sibling in found.siblings:
            sibling.size = None
        return found

    monkeypatch.setattr(hub, "dataset_info", lying)
    monkeypatch.setattr(download, "MAX_BYTES", 100)
    with pytest.raises(FetchError, match="is no file of at most 100 bytes"):
        fetch("answer-carefully-v2")
    assert not [path for path in cache.rglob("*") if path.suffix == ".parquet"]
