"""What people look at. Every text from data or a model is escaped.

safe_html  HTML that is escaped unless we wrote it
controls   sliders, buttons and fields, and a form that works without a kernel
widgets    tables, masks, meters, answers, votes
plots      charts, each with its numbers as text
report     a run as one HTML page
"""
