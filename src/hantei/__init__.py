"""hantei measures, explains and improves the safety of what language models answer.

import hantei

run = hantei.judge("answers.csv", judge="builtin")
for rate in run.summary().rates: ...
"""

from hantei.api import (
    check_critiques,
    compare,
    demo,
    export,
    forecast,
    forecast_judging,
    judge,
    report,
    run,
    score_critiques,
)
from hantei.engine.forecast import Forecast
from hantei.engine.limits import Limits
from hantei.improve import correct, serve
from hantei.metrics.compare import Difference
from hantei.records import Judgment, Message, Prompt, Rate, Response, Summary
from hantei.runs.folder import Run, load_run
from hantei.tasks.options import Options
from hantei.trust import (
    ablate,
    agreement,
    annotate,
    calibrate,
    choose_to_label,
    corrected_rate,
    estimate,
    export_labels,
    import_labels,
    judge_across,
    measure,
    rank,
)
from hantei.version import __version__

__all__ = [
    "Difference",
    "Forecast",
    "Judgment",
    "Limits",
    "Message",
    "Options",
    "Prompt",
    "Rate",
    "Response",
    "Run",
    "Summary",
    "__version__",
    "ablate",
    "agreement",
    "annotate",
    "calibrate",
    "check_critiques",
    "choose_to_label",
    "compare",
    "correct",
    "corrected_rate",
    "demo",
    "estimate",
    "export",
    "export_labels",
    "forecast",
    "forecast_judging",
    "import_labels",
    "judge",
    "judge_across",
    "load_run",
    "measure",
    "rank",
    "report",
    "run",
    "score_critiques",
    "serve",
]
