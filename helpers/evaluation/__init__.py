"""How good is a model? Facts about its answers, verdicts of judges, votes of people.

metrics          held-out loss, stopping, ROUGE-L, repetition, language
answer_pairs     pairs of answers to compare
judge            ask a model which of two answers is better
likelihood       a judge for small models: which answer is more likely?
grading          ask a model to grade single answers
judge_prompts    the judges' prompts
verdict_parser   read the verdict or the grade in a judge's reply
verdict_records  verdicts in both orders, and their outcome
verdict_stats    win rate, flips, preference for a position
length_control   how much the lengths of the answers decide
calibration      how far to trust a judge, from gold pairs
ratings          rank several models (Bradley-Terry)
votes            blind votes of people
agreement        Cohen's kappa and Krippendorff's alpha
intervals        confidence intervals and tests
answer_exports   answers in the formats of other evaluation tools
"""
