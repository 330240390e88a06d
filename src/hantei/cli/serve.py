"""``hantei serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import hantei
from hantei.cli.options import PricesOption
from hantei.cli.output import warn
from hantei.serving.policy import read_policy
from hantei.tasks.serving import ServeOptions


def serve(
    upstream: Annotated[str, typer.Option(help="The model's server, as http://127.0.0.1:8000/v1.")],
    judge: Annotated[str, typer.Option(help="Judges every answer before it leaves.")] = "builtin",
    correct: Annotated[bool, typer.Option("--correct", help="Have unsafe answers written again.")] = False,
    policy: Annotated[
        Path | None, typer.Option(help="What becomes of unsafe answers, by harm type and language. [default: block]")
    ] = None,
    template: Annotated[Path | None, typer.Option(help="A folder with the wording of corrections.")] = None,
    host: Annotated[str, typer.Option(help="Where to listen; other than loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free one.")] = 8100,
    key_env: Annotated[
        str | None, typer.Option(help="The variable with the key of --upstream. [default: the clients' own keys]")
    ] = None,
    token_env: Annotated[str | None, typer.Option(help="The variable with the token that clients must give.")] = None,
    journal: Annotated[Path | None, typer.Option(help="A file that gets a line for every decision.")] = None,
    journal_texts: Annotated[
        bool, typer.Option("--journal-texts", help="Keep questions and answers in the journal, too.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for a reply of --upstream.")] = 300.0,
    judge_timeout: Annotated[float, typer.Option(help="Seconds for a verdict.")] = 30.0,
    max_requests: Annotated[int, typer.Option(help="Requests at a time; more are told to come again.")] = 256,
    max_body: Annotated[int, typer.Option(help="Bytes of a request.")] = 8 * 2**20,
    prices: PricesOption = None,
) -> None:
    """Serve an OpenAI-compatible endpoint in front of a model: answers leave once they are judged.

    Example: hantei serve --upstream http://127.0.0.1:8000/v1 --judge builtin --journal decisions.jsonl
    """
    options = ServeOptions(
        upstream=upstream,
        policy=read_policy(policy, correct),
        template=template,
        host=host,
        port=port,
        key_env=key_env,
        token_env=token_env,
        journal=journal,
        journal_texts=journal_texts,
        timeout_s=timeout,
        judge_timeout_s=judge_timeout,
        max_requests=max_requests,
        max_body=max_body,
        prices=prices,
    )
    hantei.serve(judge, options, say=warn)
