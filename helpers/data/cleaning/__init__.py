"""Cleaning imported rows. Call :func:`clean.clean_examples`.

clean            all steps in order, and a report with a reason for each row
repairs          texts that can be repaired without doubt
duplicates       rows that repeat an earlier one
faults           which class of fault a row has; it asks the modules below
emptiness        fields that say nothing
refusals         answers in which a model declines, or talks about itself
attachments      tasks that need a picture, website or file
languages        rows in another language than they should be
merging          rows in which a second task begins
words            regular expressions for lists of words
"""
