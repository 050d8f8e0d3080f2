"""What a judge's text decides. Call :func:`verdict.parse_verdict`.

verdict         the whole way: text in, "A", "B", "tie" or None out
readings        the verdict of a reply, from its first token's probabilities or its text
grades          a grade from 1 to 5
json_fields     verdicts in JSON
labels, marks   "[[A]]", "Verdict: B"
answer_names    "Assistant A", "the first answer": one form for all names
answer_scores   two scores, and which is higher
comparisons     sentences that prefer one answer; comparatives holds their patterns, hedges what
                takes them back
"""
