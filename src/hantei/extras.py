"""The extras of hantei: what each is for, and the line that installs it. README's table is this one."""

from __future__ import annotations

EXTRAS: dict[str, str] = {
    "parquet": "Parquet files, tables of Arrow, `hantei export --to parquet`",
    "excel": "workbooks (`.xlsx`)",
    "zstd": "files that end in `.zst`",
    "hf": "models in this process: `--model hf/PATH`",
    "encoder": "encoders as judges (`encoder@hf/PATH`), `hantei train encoder`",
    "zero-shot": "guards that read their labels beside the text: `opir@hf/PATH`, `gliguard@hf/PATH`",
    "onnx": "encoders in 8 bits on the CPU",
    "inspect": "Inspect AI: its providers (`--model inspect/...`), logs, tasks and scorers",
    "annotate": "`hantei annotate`, the page on which people label",
    "serve": "`hantei serve`, in front of a live model",
    "train": "`hantei train builtin`, `hantei train cascade`, refitted judges of `hantei reproduce`",
    "tune": "`hantei train safety-sft`, `judge-sft`, `judge-preferences`",
    "qlora": "weights of 4 bits, with which these train on one GPU",
    "build": "`hantei benchmarks draft` and `filter`",
    "ray": "`--on ray`: a run on the machines of a Ray cluster, of answers in any store",
    "mlflow": "`--log-to mlflow`: rates, settings and the report in MLflow",
    "wandb": "`--log-to wandb`: the same in Weights & Biases",
}
"""Extra to what it is for."""


def install(extra: str) -> str:
    """Return the line that installs an extra."""
    return f"pip install 'hantei[{extra}]'"


def table() -> str:
    """Return README's table of extras."""
    rows = [f"| `{install(extra)}` | {use} |" for extra, use in EXTRAS.items()]
    return "\n".join(["| install | for |", "|---|---|", *rows])
