"""Clean imported rows. Call :func:`clean.clean_examples`.

clean             all steps in order, and a report with a reason for each row
character_repair  repair misread bytes, control and invisible characters
markup_repair     remove leftover HTML, marks of chat formats and names of fields
empty_inputs      empty the inputs that only say that there is none
duplicates        rows that repeat an earlier one
faults            which class of fault a row has; it calls the modules below
empty_outputs     outputs that hold no answer
refusals          answers in which a model refuses, or talks about being a model
merged_tasks      rows in which a second task begins
missing_material  tasks whose text, website or attachment is missing
pictures          tasks that make, or are about, a picture, film or sound
copied_outputs    outputs that copy the instruction or the input
wrong_language    rows in another language than their own
cut_outputs       outputs that stop before their end
word_patterns     regular expressions for lists of words
"""
