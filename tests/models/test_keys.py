"""A key goes where it belongs and nowhere else, and no error repeats it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hantei.errors import UsageError
from hantei.judges import load_judge
from hantei.models import load_model, parse_name
from hantei.models.base import Prepared
from hantei.models.endpoint import find_endpoint, is_loopback
from hantei.models.http_errors import LONGEST, clean, read_error, retry_after
from tests import servers
from tests.models.calls import ask, failure
from tests.servers import fault_server

KEY = "sk-test-0123456789abcdef"
OTHER = "another-secret-42"
ENVIRONMENT = {"OPENAI_API_KEY": KEY, "MY_KEY": OTHER}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def headers_to(name: str, environment: Mapping[str, str] = ENVIRONMENT) -> dict[str, str]:
    return find_endpoint(parse_name(name), environment).headers()


BEARER = {"Authorization": f"Bearer {KEY}"}
OTHERS = {"Authorization": f"Bearer {OTHER}"}


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("openai/m", BEARER),
        ("openai/m?base_url=https://api.openai.com/v1", BEARER),
        ("openai/m?base_url=https://API.OPENAI.COM:443/v1", BEARER),
        ("openai/m?base_url=http://127.0.0.1:8000/v1", BEARER),
        ("openai/m?base_url=http://127.9.9.9/v1", BEARER),
        ("openai/m?base_url=http://localhost:8000/v1", BEARER),
        ("openai/m?base_url=http://[::1]:8000/v1", BEARER),
        ("openai/m?key_env=MY_KEY", OTHERS),
        ("openai/m?base_url=https://openrouter.ai/api/v1&key_env=MY_KEY", OTHERS),
        ("openai/m?base_url=http://127.0.0.1:8000/v1&key_env=MY_KEY", OTHERS),
        ("openai/m?base_url=https://r.openai.azure.com/openai/v1&key_env=MY_KEY", {"api-key": OTHER}),
        ("openai/m?base_url=https://openrouter.ai/api/v1", {}),
        ("openai/m?base_url=http://api.openai.com/v1", {}),
        ("openai/m?base_url=https://api.openai.com:8443/v1", {}),
        ("openai/m?base_url=https://api.openai.com.evil.example/v1", {}),
        ("openai/m?base_url=https://evil.example/api.openai.com/v1", {}),
        ("openai/m?base_url=https://localhost.evil.example/v1", {}),
        ("openai/m?base_url=http://127.0.0.1.evil.example/v1", {}),
        ("openai/m?base_url=http://192.168.0.7:8000/v1", {}),
        ("openai/m?base_url=http://0.0.0.0:8000/v1", {}),
        ("openai/m?base_url=https://r.openai.azure.com/openai/v1", {}),
    ],
)
def test_where_a_key_goes(name: str, headers: dict[str, str]) -> None:
    assert headers_to(name) == headers


def test_loopback_needs_no_key() -> None:
    assert headers_to("openai/m?base_url=http://127.0.0.1:8000/v1", {}) == {}


@pytest.mark.parametrize(
    ("name", "environment", "said"),
    [
        ("openai/m", {}, "OPENAI_API_KEY is not set or empty"),
        ("openai/m", {"OPENAI_API_KEY": "  "}, "OPENAI_API_KEY is not set or empty"),
        ("openai/m?key_env=ABSENT", {}, "the variable that key_env names is not set"),
        ("openai/m", {"OPENAI_API_KEY": "two\nlines"}, "characters that no key has"),
        ("openai/m", {"OPENAI_API_KEY": "ｆｕｌｌ"}, "characters that no key has"),
    ],
)
def test_a_key_that_is_not_there(name: str, environment: dict[str, str], said: str) -> None:
    endpoint = find_endpoint(parse_name(name), environment)
    assert said in str(endpoint.lacks)
    assert "ABSENT" not in str(endpoint.lacks)
    assert "two" not in str(endpoint.lacks)
    assert endpoint.headers() == {}


def test_a_model_without_its_key_is_loaded_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    model = load_model("openai/m")
    assert isinstance(model, Prepared)
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        model.check_ready()
    error = failure("openai/m")  # nothing is sent
    assert (error.failure, error.text.partition(":")[0]) == ("auth", "api.openai.com")


def test_the_server_receives_the_key_that_was_named() -> None:
    with fault_server() as server:
        ask(f"openai/m?base_url={server.url}")
        ask(f"openai/m?base_url={server.url}&key_env=MY_KEY")
        assert [call.headers["Authorization"] for call in server.calls] == [f"Bearer {KEY}", f"Bearer {OTHER}"]
        assert [call.headers["Content-Type"] for call in server.calls] == ["application/json"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_key_nowhere(status: int) -> None:
    with fault_server() as target, fault_server([servers.redirect(f"{target.url}/chat/completions", status)]) as server:
        error = failure(f"openai/m?base_url={server.url}")
        assert error.failure == "bad-request"
        assert len(server.calls) == 1
        assert target.calls == []


def test_neither_netrc_nor_a_proxy_for_plain_http_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("OPENAI_API_KEY")
    with fault_server() as proxy, fault_server() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        ask(f"openai/m?base_url={server.url}")
        assert proxy.calls == []
        assert "Authorization" not in server.calls[0].headers


def test_a_proxy_of_the_environment_carries_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert find_endpoint(parse_name("openai/m")).proxy == "http://proxy.example:3128"
    for base_url in ("https://inside.example/v1", "http://other.example/v1", "https://127.0.0.1/v1"):
        assert find_endpoint(parse_name(f"openai/m?base_url={base_url}")).proxy is None


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("openai/m", "api.openai.com"),
        ("openai/m?base_url=https://r.openai.azure.com/openai/v1&key_env=MY_KEY", "r.openai.azure.com"),
    ],
)
def test_a_proxy_sees_no_key(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        received: list[bytes] = []
        thread = threading.Thread(target=lambda: received.append(refuse_once(proxy)))
        thread.start()
        error = failure(name)
        thread.join()
    sent = received[0].decode()
    assert sent.startswith(f"CONNECT {host}:443 HTTP/1.1\r\n")
    assert not [key for key in ENVIRONMENT.values() if key in sent]
    assert (error.failure, error.text) == ("connection", f"{host}: the proxy answered HTTP 502")


def refuse_once(listening: socket.socket) -> bytes:
    """Answer one connection with 502 and return what it sent."""
    connection, _ = listening.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return head


@pytest.mark.parametrize(
    "said",
    [
        f"Incorrect API key provided: {KEY}. You can find it in your account.",
        "Incorrect API key provided: sk-test-****************cdef.",
        f"Bad header: Authorization: Bearer {KEY}",
        f"unknown key {KEY[:14]}",
        f"\x1b[31m{KEY}\x1b[0m",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 500])
def test_no_error_repeats_a_key(said: str, status: int) -> None:
    with fault_server([servers.error(status, said)]) as server:
        error = failure(f"openai/m?base_url={server.url}")
    assert "[key]" in error.text
    for piece in (KEY, KEY[:12], KEY[-8:], "\x1b"):
        assert piece not in error.text
        assert piece not in str(error)


def test_what_names_a_model_and_its_place_holds_no_key() -> None:
    model = load_model("openai/m?key_env=MY_KEY")
    assert (model.name, model.server) == ("openai/m?key_env=MY_KEY", "https://api.openai.com")
    assert OTHER not in repr(find_endpoint(parse_name("openai/m?key_env=MY_KEY")))


@given(st.text(max_size=1000), st.text(max_size=1000), st.booleans())
def test_no_text_around_it_lets_a_key_through(before: str, after: str, spaced: bool) -> None:
    gap = " " if spaced else ""
    cleaned = clean(before + gap + OTHER + gap + after, OTHER)
    assert OTHER not in cleaned
    assert len(cleaned) <= LONGEST
    assert cleaned.isprintable() or any(c.isspace() for c in cleaned)
    assert not set(cleaned) & {"\n", "\r", "\x1b", "\u202e", "\u2028"}


@given(st.binary(max_size=300), st.integers(400, 599))
def test_any_error_body_can_be_read(raw: bytes, status: int) -> None:
    assert read_error(status, {}, raw, "host").failure().text.startswith(f"HTTP {status} from host: ")


NEVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "code", "type", "param", "message", "detail", "innererror", "metadata", "reasons"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(NEVER)
def test_any_json_can_be_an_error(body: object) -> None:
    found = read_error(400, {}, json.dumps(body).encode(), "host")
    found.refused({"temperature": 1, "max_tokens": 1})
    assert found.failure().failure in ("bad-request", "auth")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0.5", 0.5),
        (" 7 ", 7.0),
        ("-5", 0.0),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}, now=100.0) == seconds
    assert retry_after({}) is None


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost")] == [True] * 3
    assert [is_loopback(host) for host in ("10.0.0.1", "::", "example.com", "")] == [False] * 4


@pytest.mark.parametrize(
    "name",
    [
        "openai/sk-proj-AbCdEfGhIjKlMnOpQrStUv",
        f"openai/{OTHER}",
        "openai/sk%2dtest-0123456789abcdef?base_url=http://127.0.0.1:1/v1",
        "hf/hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
        "inspect/groq/gsk_AbCdEfGhIjKlMnOpQrSt",
        f"openai/m?system={OTHER}",
    ],
)
@pytest.mark.parametrize("judge", [False, True])
def test_a_key_in_the_place_of_a_name_is_refused_and_not_repeated(name: str, judge: bool) -> None:
    with pytest.raises(UsageError, match="which is not repeated here") as raised:
        load_judge(f"rubric@{name}") if judge else load_model(name)
    for piece in ("AbCdEfGh", OTHER, "0123456789abcdef"):
        assert piece not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["openai/gpt-4o-mini", "hf/hf-internal-testing/tiny-random-gpt2", "openai/skywork-13b-base-instruct-chat"]
)
def test_a_name_that_only_begins_like_a_key_is_a_name(name: str) -> None:
    assert parse_name(name).text == name


def test_a_good_answer_that_echoes_the_key_is_kept_without_it() -> None:
    """A proxy that answers 200 with the headers that it was sent, in every place that is kept."""
    said = {"role": "assistant", "content": f"You sent {KEY}!", "reasoning_content": f"Bearer {KEY}"}
    body = {"model": f"m-{KEY}", "choices": [{"index": 0, "message": said, "finish_reason": f"stop {KEY}"}]}
    with fault_server([servers.Answer(body=json.dumps(body).encode())]) as server:
        reply = ask(f"openai/m?base_url={server.url}")
    assert (reply.text, reply.reasoning) == ("You sent [key]!", "Bearer [key]")
    assert (reply.served_model, reply.finish_reason) == ("m-[key]", "stop [key]")


def test_a_placeholder_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    with fault_server([servers.ok("The glass is EMPTY.")]) as server:
        assert ask(f"openai/m?base_url={server.url}").text == "The glass is EMPTY."


@pytest.mark.parametrize("judge", [KEY, f"rubric?mood={KEY}@openai/m", f"rubric@{OTHER}", "sk-ant-0123456789abcdefgh"])
def test_no_message_of_the_command_repeats_a_key(
    judge: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hantei.cli import main

    monkeypatch.setattr("sys.argv", ["hantei", "judge", "answers.csv", "--judge", judge])
    with pytest.raises(SystemExit):
        main()
    err = capsys.readouterr().err
    assert err.startswith("hantei: ")
    for piece in (KEY, OTHER, "0123456789abcdef"):
        assert piece not in err
