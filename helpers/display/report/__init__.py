"""Write ``report.html``: a whole run on one page, without scripts and without a network.

The report computes nothing: its numbers are those in the files of the run.

page              write_report: the page and its sections
results           sections with numbers: the facts, their changes, the judge
summary_sentence  headline: what LoRA changed, in one sentence
metrics_file      read ``metrics.json`` and check that it contains numbers
style             the style sheet
"""

from helpers.display.report.metrics_file import read_metrics
from helpers.display.report.page import write_report
from helpers.display.report.summary_sentence import headline

__all__ = ["headline", "read_metrics", "write_report"]
