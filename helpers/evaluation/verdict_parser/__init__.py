"""Read the verdict or the grade in a judge's reply. Start at :func:`verdict.parse_verdict`.

readings        a reply's verdict or grade, from its first token's probabilities or its text
verdict         a text's verdict: "A", "B", "tie" or None
grades          a text's grade from 1 to 5
json_fields     verdicts in JSON objects
labels, marks   verdicts that are marked: "[[A]]", "Verdict: B"
answer_names    "Assistant A", "the first answer": one form for all names of the two answers
answer_scores   two scores, and which is higher
comparisons     sentences that prefer one answer
comparatives    the patterns of such sentences in three languages
hedges          words that deny, doubt or limit such a sentence
"""
