"""How good is a model? Facts that a program counts, a judge's opinion, people's votes.

metrics         held-out loss, stopping, ROUGE-L, repetition, language
judge           ask a model which of two answers is better
rubrics         the judge's prompts
likelihood      a judge for small models: which answer is more likely?
verdict_parser  a judge's text becomes a verdict or a grade
verdict_stats   win rate, flips, length preference; calibration on gold pairs
ratings         several models in one order (Bradley-Terry)
agreement       kappa and alpha
intervals       confidence intervals and tests
votes           blind votes of people
answer_exports  answers in the formats of other evaluation tools
"""
