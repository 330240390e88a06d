"""``hantei train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import to_builtins

from hantei.cli.options import EncodingOption, mapping_of
from hantei.cli.output import print_json, print_sections, print_table, say, warn
from hantei.cli.summary import interruptible
from hantei.cli.train_judge import judge_preferences, judge_sft
from hantei.errors import UsageError
from hantei.training.builtin.row import Licences

app = typer.Typer(help="Train judges on labels; tune answering models on a mixture.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train judges and answering models."""


@app.command(short_help="Train the built-in judge from public files.")
def builtin(
    data: Annotated[Path, typer.Option(help="The folder of public data; see docs/builtin.md for what is in it.")],
    out: Annotated[Path | None, typer.Option(help="Where the weights go. [default: into the package]")] = None,
    licences: Annotated[Licences, typer.Option(help="permissive: no source with a non-commercial term.")] = "all",
    evaluate_only: Annotated[
        bool, typer.Option("--evaluate-only", help="Print the measurements, train nothing.")
    ] = False,
    left_out_harms: Annotated[
        Path | None,
        typer.Option(help="Judge each harm type by a fit without it, write a table here; train nothing."),
    ] = None,
) -> None:
    """Train the built-in judge from public files, and print what it does on data it has not seen.

    Example: hantei train builtin --data ../shared/data --evaluate-only
    """
    if left_out_harms:
        from hantei.training.builtin.left_out_harm import write_verdicts

        if evaluate_only or out:
            raise UsageError("--left-out-harms trains nothing that stays: leave out --out and --evaluate-only")
        rows = write_verdicts(data, left_out_harms, licences)
        say(f"{left_out_harms}: what two fits said of {rows:,} answers, one that had seen the harm type and one not")
        return
    from hantei.training.builtin import train as builtin

    if evaluate_only and out:
        raise UsageError("--evaluate-only writes nothing: leave out --out")
    evaluations = builtin.evaluate(data, licences) if evaluate_only else builtin.train(data, out, licences)
    say("\n\n".join(evaluation.table() for evaluation in evaluations))
    if licences == "all" and not evaluations[-1].passed:  # the floors are for the judge that ships
        raise typer.Exit(1)


@app.command(short_help="Fine-tune an encoder on labelled answers.")
def encoder(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Answers with people's labels.")],
    model: Annotated[str, typer.Option(help="The encoder to start from: a Hugging Face name or a folder.")],
    out: Annotated[Path, typer.Option(help="The judge's folder, which encoder@hf/DIR then names.")],
    head: Annotated[
        list[str] | None, typer.Option(help="unsafe, action, refusal; repeatable. [default: those with labels]")
    ] = None,
    text: Annotated[
        str, typer.Option(help="What is read: 'question and answer', or 'answer'.")
    ] = "question and answer",
    max_tokens: Annotated[
        int, typer.Option(help="Longest input; the answer is cut, and the judge reads windows.")
    ] = 512,
    pooling: Annotated[str, typer.Option(help="One vector of a text: mean of its tokens, or the first.")] = "mean",
    epochs: Annotated[int, typer.Option(help="Rounds over the rows, at most.")] = 4,
    patience: Annotated[int, typer.Option(help="Rounds without a lower validation loss before it ends.")] = 2,
    validation: Annotated[float, typer.Option(help="Share of the prompts that says when to end.")] = 0.1,
    lr: Annotated[float, typer.Option(help="The highest learning rate.")] = 5e-5,
    warmup: Annotated[float, typer.Option(help="Share of the steps in which the rate rises.")] = 0.1,
    weight_decay: Annotated[float, typer.Option(help="Weight decay (AdamW).")] = 0.01,
    batch_tokens: Annotated[int, typer.Option(help="Tokens in a batch, padding included.")] = 4096,
    loss: Annotated[str, typer.Option(help="weighted (classes alike), focal, or plain.")] = "weighted",
    focal_gamma: Annotated[float, typer.Option(help="The power of the focal loss.")] = 2.0,
    precision: Annotated[str, typer.Option(help="auto, fp32, or bf16.")] = "auto",
    seed: Annotated[int, typer.Option(help="On a CPU the same seed gives the same weights.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Train on so many rows, drawn with the seed, for a trial.")] = None,
    folds: Annotated[str | None, typer.Option(help="Cross-validate: by prompt, system, or harm.")] = None,
    k: Annotated[int, typer.Option(help="How many folds by prompt.")] = 5,
    only_folds: Annotated[list[str] | None, typer.Option(help="Run this fold and nothing else; repeatable.")] = None,
    final: Annotated[bool, typer.Option(help="Train on all rows after the folds.")] = True,
    map_: Annotated[list[str] | None, typer.Option("--map", help="Name a column: --map unsafe=COLUMN.")] = None,
    benchmark: Annotated[str | None, typer.Option(help="What the rows' ids belong to: gives harm types.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of rows that do not say, as in en, ja, zh.")] = None,
    encoding: EncodingOption = None,
    licence: Annotated[str, typer.Option(help="The terms of the data, for the judge's card.")] = "not stated",
    json: Annotated[bool, typer.Option("--json", help="Print the measures as JSON, for programs.")] = False,
) -> None:
    """Fine-tune an encoder on labelled answers; print what it does on rows it has not seen. The same again goes on.

    Example: hantei train encoder labelled.csv --model answerdotai/ModernBERT-base --out judges/mine --folds prompt
    """
    from hantei.training.encoder import TrainOptions, train
    from hantei.training.encoder.output import judge_name, measured
    from hantei.training.encoder.scores import table

    options = TrainOptions(
        model=model,
        heads=tuple(head or ()),
        text=text,  # type: ignore[arg-type]
        max_tokens=max_tokens,
        pooling=pooling,  # type: ignore[arg-type]
        epochs=epochs,
        patience=patience,
        validation=validation,
        lr=lr,
        warmup=warmup,
        weight_decay=weight_decay,
        batch_tokens=batch_tokens,
        loss=loss,  # type: ignore[arg-type]
        focal_gamma=focal_gamma,
        precision=precision,  # type: ignore[arg-type]
        seed=seed,
        limit=limit,
        mapping=mapping_of(map_ or []),
        language=language,
        encoding=encoding,
        benchmark=benchmark,
        folds=folds,  # type: ignore[arg-type]
        k=k,
        only_folds=tuple(only_folds or ()),
        final=final,
        licence=licence,
    )
    with interruptible():
        trained = train(files, out, options, warn)
    if not trained.first:
        return
    if json:
        print_json([measured(measure) for measure in trained.measures])
        return
    for name in trained.heads:
        print_table(*table(trained.measures, name))
    if trained.standing:
        say(f"{out}: use it with --judge {judge_name(out)}")


@app.command("safety-sft", short_help="Tune an answering model by a recipe.")
def safety_sft(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or its TOML file.")],
    out: Annotated[Path, typer.Option(help="The model's folder, which hf/DIR then names.")],
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Then measure base and tuned model on the recipe's benchmarks.")
    ] = False,
) -> None:
    """Tune an answering model on an exact mixture of safety and general data. The same again goes on.

    Example: hantei train safety-sft tiny-cpu --out models/tiny --evaluate
    """
    from hantei.training import safety_sft

    with interruptible():
        tuning = safety_sft.train(recipe, out, say)
        if evaluate:
            print_sections(safety_sft.evaluate(recipe, tuning, say)[:1])
            say(f"{out / 'evaluation' / 'index.html'} holds the answers and all differences")
    say(f"{tuning.path}: ask it with --model hf/{tuning.path}; README.md is its card")


@app.command(short_help="Tune with many mixtures: how much safety data?")
def sweep(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, or its TOML file.")],
    out: Annotated[Path, typer.Option(help="The folder of all models, with the page.")],
    copies: Annotated[
        list[int] | None, typer.Option(help="Copies of the safety data; repeatable. [default: 0 1 4 16 64]")
    ] = None,
    borderline: Annotated[
        list[float] | None, typer.Option(help="Share of it that is borderline; repeatable. [default: 0 0.25 0.5 0.75]")
    ] = None,
    at: Annotated[int, typer.Option(help="Copies at which shares of borderline data are tried.")] = 16,
    seeds: Annotated[int, typer.Option(help="How often each mixture is tuned.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print the measures as JSON, for programs.")] = False,
) -> None:
    """Tune a recipe's model with many mixtures and measure harm and over-refusal of each. The same again goes on.

    Example: hantei train sweep tiny-cpu --out sweeps/tiny
    """
    from hantei.training import sweep as sweeping

    default = sweeping.Grid()
    grid = sweeping.Grid(
        copies=tuple(copies or default.copies),
        borderline=tuple(borderline or default.borderline),
        at=at,
        seeds=tuple(range(seeds)),
    )
    with interruptible():
        points = sweeping.sweep(recipe, out, grid, warn if json else say)
    if json:
        print_json(to_builtins(points))
        return
    print_sections(sweeping.sections(points, "How much safety data"))
    say(f"{out / 'index.html'} shows the curves")


@app.command(short_help="Choose when a cascade asks its expensive judge.")
def cascade(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Answers with people's labels.")],
    out: Annotated[Path, typer.Option(help="The file to write, which cascade?fit=FILE@CHEAP,EXPENSIVE then names.")],
    cheap: Annotated[str, typer.Option(help="The judge that is asked first: builtin, encoder@..., recorded@FILE.")],
    expensive: Annotated[
        str | None, typer.Option(help="Verdicts of the other one on these answers: recorded@FILE.")
    ] = None,
    head: Annotated[str, typer.Option(help="What is judged: unsafe, or action.")] = "unsafe",
    rule: Annotated[str, typer.Option(help="confidence, or value: ask where it is worth most.")] = "confidence",
    target_accuracy: Annotated[
        float | None, typer.Option(help="Accuracy wanted among the answers that the cheap judge keeps, as in 0.95.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Share of answers that may be asked about, as in 0.2.")] = None,
    confidence: Annotated[float, typer.Option(help="How sure the accuracy must be.")] = 0.95,
    map_: Annotated[list[str] | None, typer.Option("--map", help="Name a column: --map unsafe=COLUMN.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of rows that do not say, as in en, ja, zh.")] = None,
    encoding: EncodingOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the fit as JSON, for programs.")] = False,
) -> None:
    """Choose from labelled answers when a cascade asks its expensive judge, with a guarantee.

    Example: hantei train cascade labelled.csv --cheap builtin --target-accuracy 0.95 --out cascade.json
    """
    from hantei.training.cascade import FitOptions, train
    from hantei.training.cascade_rule import Goal

    options = FitOptions(
        cheap=cheap,
        expensive=expensive,
        head=head,  # type: ignore[arg-type]
        rule=rule,  # type: ignore[arg-type]
        goal=Goal(target_accuracy, budget, confidence),
        mapping=mapping_of(map_ or []),
        language=language,
        encoding=encoding,
    )
    fit = train(files, out, options, warn)
    if json:
        print_json(fit.outline())
        return
    print_table(*fit.table())
    say(fit.guarantee)
    say(f"{out}: use it with --judge 'cascade?fit={out}@{cheap},EXPENSIVE'")


app.command("judge-sft", short_help="Tune a judge that gives its reasons on labelled critiques.")(judge_sft)
app.command("judge-preferences", short_help="Improve such judges by their own better critiques.")(judge_preferences)
