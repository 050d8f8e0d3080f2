"""Show data and results. Text from data or from a model is always escaped.

colours      the colours of models, marks and pages
safe_html    escape text; tables, two answers and differences as HTML
widgets      show rows, prompts, training, answers and verdicts in a notebook
plots        charts, each with a description in words
report       a run as one HTML page
"""
