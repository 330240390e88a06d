"""What a run amounts to, for people and programs: sections that every room adds to, and one renderer each for a page, a
terminal and JSON.

section.py, figures.py    the parts, as data
results.py                a run's rates, found by what they are of
rooms/                    a function each from results to sections, and the list of them
geometry.py, plotting.py, radar.py   where things stand in a picture
wording.py, text.py       a rate in words; hostile text made visible
to_html.py, to_terminal.py, to_json.py   the renderers
page.py, template.py      a run's page: the frame, the policy that forbids everything, the file
answers.py, data.py       the answers as JSON for the browser part; what a page is made from
build.py                  from a run folder to its page
templates/, assets/       Jinja, one template a kind of figure; style sheets and scripts
"""

from hantei.reports.data import AnswerRow, Highlight, ReportInput
from hantei.reports.page import render_report, write_report

__all__ = ["AnswerRow", "Highlight", "ReportInput", "render_report", "write_report"]
