"""One HTML file for a run: it opens offline, asks nothing of the network and runs nothing that an answer holds.

data.py      what the page is made from
rates.py     a summary's rates, found by what they are of, and put into words
charts.py    the geometry of bars, stacks and the two-axis picture
views.py     what one judge's part of the page shows: headline, tables, heat map, actions
answers.py   the answers as JSON for the browser part, cut to a bounded size
text.py      hostile text made visible
page.py      the template, the policy that forbids everything, the file
templates/   Jinja; assets/ style sheets and scripts, joined in the order that page.py states
"""

from hantei.reports.data import AnswerRow, Mark, ReportInput
from hantei.reports.page import render_report, write_report

__all__ = ["AnswerRow", "Mark", "ReportInput", "render_report", "write_report"]
