"""``hantei serve``: the parts of a proxy, loaded and checked, and running it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.correction.card import load_correction_card
from hantei.errors import RunError, UsageError
from hantei.judges import Judge
from hantei.judges.base import intent_reader
from hantei.judges.classifying import ClassifierJudge
from hantei.models.base import Prepared
from hantei.models.endpoint import find_endpoint, is_loopback
from hantei.models.extras import needed
from hantei.models.names import parse_name
from hantei.models.prices import pricing
from hantei.progress import Say
from hantei.serving.policy import Policy
from hantei.tasks.task import Judging, loaded_judge

if TYPE_CHECKING:
    from starlette.applications import Starlette

_SHORTEST_TOKEN = 16
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How a proxy runs.

    ``upstream`` is the base URL of the model's server, such as ``http://127.0.0.1:8000/v1``; ``key_env`` names the
    variable that holds its key, without which a client's own key is passed on. ``token_env`` names the variable with
    the token that clients must give as their key; a ``host`` that is not loopback needs one. ``journal`` is a file of
    decisions, ``journal_texts`` keeps the texts in it. ``timeout_s`` is for the model's server, ``judge_timeout_s``
    for each verdict; ``max_requests`` are let in at a time, of ``max_body`` bytes each.
    """

    upstream: str
    policy: Policy = field(default_factory=Policy)
    template: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8100
    key_env: str | None = None
    token_env: str | None = None
    journal: Path | None = None
    journal_texts: bool = False
    timeout_s: float = 300.0
    judge_timeout_s: float = 30.0
    max_requests: int = 256
    max_body: int = 8 * 2**20
    prices: Path | None = None


def application(judge: Judging, options: ServeOptions) -> Starlette:
    """Return the proxy as an ASGI application.

    Raises:
        UsageError: the extra is not installed, a number that cannot be, no such judge, an address or a key that cannot
            be, a host that is not loopback without a token, or a policy that judges prompts with a judge that reads
            none.
    """
    _check_numbers(options)
    for module in ("starlette", "uvicorn", "prometheus_client"):
        needed(module, "serve")
    from hantei.serving.app import application as made
    from hantei.serving.decisions import Decisions
    from hantei.serving.entrance import Entrance
    from hantei.serving.live_judge import LiveJudge
    from hantei.serving.proxy import Proxy
    from hantei.serving.upstream import Upstream

    token, key = _token(options), f"&key_env={options.key_env}" if options.key_env else ""
    endpoint = find_endpoint(parse_name(f"openai/any?base_url={options.upstream}{key}"))
    if options.key_env is None:
        endpoint = replace(endpoint, key=None)  # clients spend their own keys, unless told that they spend ours
    elif endpoint.lacks:
        raise UsageError(endpoint.lacks)
    chosen = _at_once(loaded_judge(judge))
    reader = intent_reader(chosen)
    if options.policy.input.action != "pass" and reader is None:
        raise UsageError(f"judge {chosen.name} cannot judge prompts, which the policy's [input] asks for; builtin can")
    guard = LiveJudge(chosen, options.policy, pricing(options.prices), options.judge_timeout_s)
    return made(
        Proxy(Upstream(endpoint, options.timeout_s), guard, reader, load_correction_card(options.template)),
        Decisions(options.journal, options.journal_texts),
        Entrance(token=token, max_requests=options.max_requests, max_body=options.max_body),
    )


def serve(judge: Judging, options: ServeOptions, say: Say = lambda _line: None) -> None:
    """Run a proxy until it is stopped by Ctrl-C or a signal.

    Args:
        judge: who judges.
        options: how it runs.
        say: takes lines for people.

    Raises:
        UsageError: see ``application``.
        RunError: the address is taken.
    """
    app = application(judge, options)
    import uvicorn

    taken = _bound(options)
    host, port = taken.getsockname()[:2]
    say(f"hantei serves http://{host}:{port}/v1 in front of {options.upstream}; Ctrl-C ends it")
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[taken])


def _check_numbers(options: ServeOptions) -> None:
    """Look at what must be a number of its own kind.

    Raises:
        UsageError: one is not.
    """
    if not 0 <= options.port <= _HIGHEST_PORT:
        raise UsageError(f"--port {options.port}: expected 0 to {_HIGHEST_PORT}")
    for name in ("timeout_s", "judge_timeout_s", "max_requests", "max_body"):
        if not getattr(options, name) > 0:
            option = "--" + name.removesuffix("_s").replace("_", "-")
            raise UsageError(f"{option} {getattr(options, name)}: expected a number over 0")


def _token(options: ServeOptions) -> str | None:
    """Return the token that clients need.

    Raises:
        UsageError: it is not set or short, or there is none and the host is not loopback.
    """
    if options.token_env is None:
        if not is_loopback(options.host):
            raise UsageError(
                f"--host {options.host}: others could use it; name the variable of a token: --token-env NAME"
            )
        return None
    token = os.environ.get(options.token_env, "").strip()
    if len(token) < _SHORTEST_TOKEN:
        raise UsageError(f"--token-env: expected a token of at least {_SHORTEST_TOKEN} characters in that variable")
    return token


def _at_once(judge: Judge) -> Judge:
    """Return a judge that is ready, and that waits for no more pairs before it judges one."""
    for model in judge.models:
        if isinstance(model, Prepared):
            model.check_ready()
    if isinstance(judge, ClassifierJudge):
        judge.gather_s = 0.0
    return judge


def _bound(options: ServeOptions) -> socket.socket:
    """Return a socket bound to the address.

    Raises:
        RunError: it is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((options.host, options.port))
    except OSError as error:
        taken.close()
        raise RunError(f"--port {options.port}: {options.host} cannot be listened on: {error.strerror}") from None
    return taken
