"""hantei measures, explains and improves the safety of what language models answer.

import hantei

run = hantei.judge("answers.csv", judge="builtin")
for rate in run.summary().rates: ...

What there is stands in ``__init__.pyi``; nothing of it is imported before it is used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
