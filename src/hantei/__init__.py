"""hantei measures, explains and improves the safety of what language models answer.

import hantei

run = hantei.judge("answers.csv", judge="builtin")
for rate in run.summary().rates: ...
"""

from hantei.api import Options, demo, export, judge, report
from hantei.asking_api import RunOptions, estimate, run
from hantei.engine.limits import Limits
from hantei.records import Judgment, Message, Prompt, Rate, Response, Summary
from hantei.runs.folder import Run, load_run
from hantei.version import __version__

__all__ = [
    "Judgment",
    "Limits",
    "Message",
    "Options",
    "Prompt",
    "Rate",
    "Response",
    "Run",
    "RunOptions",
    "Summary",
    "__version__",
    "demo",
    "estimate",
    "export",
    "judge",
    "load_run",
    "report",
    "run",
]
