"""How judges agree, people among them, on the same rows: see docs/agreement.md.

from_run, from_labels  what was said, as ratings
ratings                rows by judges, with gaps
draws                  rows that say the same are one kind; drawing prompts again
measures, alpha        the measures, on kinds
pairs                  two judges, or all together, with intervals
ranking, worst         judges in order; the rows on which they differ most
results                what comes out
"""
