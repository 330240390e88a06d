"""What a label, a label with a critique, and the meta-evaluation of critiques cost, on one run with a server on loopback.

    python perf/critique_cost.py

The server answers at once what the labels of the 30 dialogues that come with hantei say (10 in each of three languages):
calls and tokens are what they are with any model of such brief answers, seconds and memory are hantei's own share. Tokens are
counted by the rule of thumb of ``hantei.engine.forecast``; money is as if a million tokens cost a dollar in and four out.
"""  # noqa: E501

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import hantei
from hantei.cli.output import print_sections
from hantei.critiques.people import read_unit_labels, shipped_labels
from hantei.files import write_atomic
from hantei.reports.rooms.critiques import critique_sections
from hantei.runs.folder import json_text
from hantei.tasks.critiquing import ScoreOptions, score_critiques
from hantei.tasks.options import Options

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.critiques.oracle import careful
from tests.servers import fault_server


def main() -> None:
    labelled = [one for language in ("en", "ja", "zh") for one in read_unit_labels(shipped_labels(language))]
    rows = [
        {
            "id": f"{one.critique.language}-{one.critique.id}",
            "prompt": one.critique.prompt.text,
            "response": one.critique.response.text,
            "language": one.critique.language,
            "units": list(one.critique.reference),
        }
        for one in labelled
    ]
    with TemporaryDirectory() as folder, fault_server(careful(labelled)) as server:
        model = f"openai/loopback?base_url={server.url}"
        reference, prices = Path(folder) / "reference.json", Path(folder) / "prices.toml"
        write_atomic(reference, [json_text(rows)])
        prices.write_text(
            f'[[price]]\nmodel = "{model}"\ninput = 1\noutput = 4\ndate = 2026-11-01\nsource = "assumed"\n'
        )
        options = Options(prices=prices)
        run = hantei.judge(reference, f"qwen3guard@{model}", Path(folder) / "run", options)
        hantei.judge(run.path, f"critique@{model}", None, options)
        print_sections(
            critique_sections(
                score_critiques(run.path, ScoreOptions(references=(reference,), model=model, prices=prices))
            )
        )


if __name__ == "__main__":
    main()
