"""The checks of the exercises: one function for each exercise, listed in a lesson's EXERCISES.

answers          types of answers, the exception Wrong, calling a learner's function
lesson_1         prompts, losses, and rows of a file
label_masks      lessons 1 and 3: which tokens are learned
lesson_2         parsing, filters, and the cost of generation
text_overlap     lesson 2: ROUGE-L and the novelty filter
lesson_3         LoRA, updates, learning curves
lesson_4         sharing the work among ranks, and LoRA or full training for a budget
rank_formulas    lesson 4: memory, weights and traffic of one rank
lesson_5         win rates, agreement, and faulty judges
length_judges    lesson 5: judges that take the longer answer
honest_sentence  lesson 5: a sentence that claims what the evidence supports
lesson_6         a guard, a watermark detector, licences, and a model card
"""
