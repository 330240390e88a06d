"""``hantei train judge-sft`` and ``hantei train judge-preferences``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hantei.cli.options import (
    ConnectionsOption,
    EncodingOption,
    JsonOption,
    MaxCostOption,
    PricesOption,
    limits_of,
    mapping_of,
)
from hantei.cli.output import print_json, print_table, say, show_sections, warn
from hantei.cli.summary import interruptible

LanguageOption = Annotated[str | None, typer.Option(help="Language of rows that do not say, as in en, ja, zh.")]
ColumnsOption = Annotated[
    list[str] | None, typer.Option("--map", help="Name a column: --map response=COLUMN or --map unsafe=COLUMN.")
]
LicenceOption = Annotated[str, typer.Option(help="The terms of the data, for the judge's card.")]


def judge_preferences(
    judges: Annotated[list[Path], typer.Argument(metavar="JUDGE JUDGE...", help="Folders of the first judges.")],
    train: Annotated[list[Path], typer.Option(help="Labelled dialogues to write critiques of; repeatable.")],
    validation: Annotated[list[Path], typer.Option(help="Labelled dialogues with units or critiques; repeatable.")],
    out: Annotated[Path, typer.Option(help="The folder, in which the same command goes on.")],
    rounds: Annotated[int, typer.Option(help="Rounds, at most.")] = 3,
    decide: Annotated[str, typer.Option(help="Whose critique is chosen: model, dialogue or random.")] = "model",
    conflicts: Annotated[
        str, typer.Option(help="Later judge worse on a dialogue: keep-older, as-decided or unscored.")
    ] = "keep-older",
    margin: Annotated[float, typer.Option(help="Least difference in F1 of a pair.")] = 0.0,
    mismatched: Annotated[
        str, typer.Option(help="Which critique against the label takes its pair out: chosen, either or keep (none).")
    ] = "chosen",
    balance_length: Annotated[
        bool, typer.Option("--balance-length", help="As many longer as shorter critiques are chosen.")
    ] = False,
    keep: Annotated[str, typer.Option(help="gain: only a judge that gains beyond its interval; or always.")] = "gain",
    method: Annotated[str, typer.Option(help="dpo, ipo, kto, rloo or best-of-n.")] = "dpo",
    beta: Annotated[float, typer.Option(help="How strongly a judge is held to the one before.")] = 0.1,
    lr: Annotated[float, typer.Option(help="The highest learning rate.")] = 1e-6,
    epochs: Annotated[int, typer.Option(help="Passes over the pairs.")] = 1,
    batch: Annotated[int, typer.Option(help="Pairs in a step.")] = 16,
    micro_batch: Annotated[int | None, typer.Option(help="Pairs in memory together. [default: all of a step]")] = None,
    max_pairs: Annotated[int | None, typer.Option(help="Pairs of a round, at most. [default: all]")] = None,
    max_length: Annotated[int, typer.Option(help="Tokens of a question with its reply, at most.")] = 2048,
    max_tokens: Annotated[int, typer.Option(help="Tokens of a reply, at most.")] = 512,
    temperature: Annotated[float, typer.Option(help="At which judges write; 0: the likeliest token.")] = 1.0,
    samples: Annotated[int, typer.Option(help="Critiques of a dialogue in best-of-n and rloo.")] = 4,
    save_steps: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 50,
    seed: Annotated[int, typer.Option(help="Of drawing, order and sampling.")] = 0,
    checker: Annotated[str | None, typer.Option(help="A model that checks units. [default: none, by rule]")] = None,
    matcher: Annotated[str, typer.Option(help="Without a model: encoder or lexical.")] = "encoder",
    max_connections: ConnectionsOption = 16,
    max_cost: MaxCostOption = None,
    prices: PricesOption = None,
    map_: ColumnsOption = None,
    language: LanguageOption = None,
    encoding: EncodingOption = None,
    licence: LicenceOption = "not stated",
    page: Annotated[Path | None, typer.Option(help="Write a page here, too.")] = None,
    json: JsonOption = False,
) -> None:
    """Improve judges by their own better critiques: the best two write, the better ones are chosen, DPO; again.

    Example: hantei train judge-preferences judges/m1 judges/m2 --train train.jsonl --validation val.jsonl --out rounds
    """
    from hantei.reports.rooms.preference_rounds import preference_section
    from hantei.training.judge.rounds import JudgeRounds, run_judge_rounds
    from hantei.training.preferences import RoundOptions

    options = RoundOptions(
        rounds=rounds,
        decide=decide,  # type: ignore[arg-type]  # checked there, as the others are
        conflicts=conflicts,  # type: ignore[arg-type]
        margin=margin,
        mismatched=mismatched,  # type: ignore[arg-type]
        balance_length=balance_length,
        keep=keep,  # type: ignore[arg-type]
        method=method,  # type: ignore[arg-type]
        beta=beta,
        lr=lr,
        epochs=epochs,
        batch=batch,
        micro_batch=micro_batch,
        max_pairs=max_pairs,
        max_length=max_length,
        max_tokens=max_tokens,
        temperature=temperature,
        samples=samples,
        save_steps=save_steps,
        seed=seed,
    )
    given = JudgeRounds(
        judges=tuple(judges),
        train=tuple(train),
        validation=tuple(validation),
        checker=checker,
        matcher=matcher,
        mapping=mapping_of(map_ or []),
        language=language,
        encoding=encoding,
        limits=limits_of(max_connections, max_cost),
        prices=prices,
        licence=licence,
    )
    options.check()
    with interruptible():
        found = run_judge_rounds(given, out, options, warn)
    section = preference_section(found)
    show_sections([section], "Preference rounds", "did the judge get better?", str(out), page, json)


def judge_sft(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Labelled dialogues with critiques.")],
    model: Annotated[str, typer.Option(help="The base: a Hugging Face name or a folder.")],
    out: Annotated[Path, typer.Option(help="The judge's folder, which critique@hf/OUT then names.")],
    revision: Annotated[str | None, typer.Option(help="Of the base on Hugging Face.")] = None,
    template: Annotated[str | None, typer.Option(help="hantei's chat template, for a base without: chatml ...")] = None,
    prompt: Annotated[
        Path | None, typer.Option(help="A folder with templates of the judge's prompt. [default: those of critique]")
    ] = None,
    wording: Annotated[
        list[Path] | None, typer.Option(help="A folder with other templates to vary it; repeatable.")
    ] = None,
    wording_order: Annotated[
        str, typer.Option(help="curriculum: the judge's own wording first, all in the last epoch; or mixed.")
    ] = "curriculum",
    lr: Annotated[float, typer.Option(help="The highest learning rate.")] = 2e-5,
    epochs: Annotated[int, typer.Option(help="Passes over the rows.")] = 3,
    batch: Annotated[int, typer.Option(help="Rows in a step.")] = 48,
    device_batch: Annotated[int, typer.Option(help="Rows in memory together.")] = 8,
    max_length: Annotated[int, typer.Option(help="Tokens of a row, at most.")] = 1536,
    lora: Annotated[int | None, typer.Option(help="Rank of adapters. [default: all weights are tuned]")] = None,
    save_every: Annotated[int | None, typer.Option(help="Steps between checkpoints. [default: a tenth]")] = None,
    seed: Annotated[int, typer.Option(help="Of order and wordings.")] = 0,
    map_: ColumnsOption = None,
    language: LanguageOption = None,
    encoding: EncodingOption = None,
    licence: LicenceOption = "not stated",
    json: JsonOption = False,
) -> None:
    """Tune a language model to be a judge: safe or unsafe first, then why. The same again goes on.

    Example: hantei train judge-sft critiques.jsonl --model Qwen/Qwen2.5-1.5B-Instruct --out judges/m1
    """
    from dataclasses import asdict

    from hantei.training.judge.form import judge_name
    from hantei.training.judge.options import JudgeSftOptions
    from hantei.training.judge.sft import train_judge

    options = JudgeSftOptions(
        model=model,
        revision=revision,
        template=template,
        prompt=prompt,
        wordings=tuple(wording or ()),
        wording_order=wording_order,  # type: ignore[arg-type]  # checked there
        lr=lr,
        epochs=epochs,
        batch=batch,
        device_batch=device_batch,
        max_length=max_length,
        lora=lora,
        save_every=save_every,
        seed=seed,
        mapping=mapping_of(map_ or []),
        language=language,
        encoding=encoding,
        licence=licence,
    )
    with interruptible():
        found = train_judge(files, out, options, warn)
    if json:
        print_json({"path": str(out), "stages": [asdict(one) for one in found.stages], "left_out": found.left_out})
        return
    rows = [[str(number), *one.figures().values()] for number, one in enumerate(found.stages, 1)]
    print_table(["Stage", *found.stages[0].figures()], rows)
    say(f"{out}: use it with --judge {judge_name(out)}")
