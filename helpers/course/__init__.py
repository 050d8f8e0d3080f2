"""Everything around the lessons: run them, check exercises, copy them for a class, the demo.

setup             the first cell of each lesson
lessons           run the lessons without a browser (``make run``)
execution         execute one notebook in a kernel
peak_memory       measure the memory of a program and its child processes
code_fingerprint  which helpers a lesson runs, to know whether it is out of date
results           the results of a run as a table
publish_outputs   publish a finished run and its outputs (``make publish``)
notebook_files    read and write notebooks
lesson_costs      minutes and memory of each lesson, as measured
exercises         check a learner's answer to an exercise
exercise_checks   what is checked, in one function for each exercise
demo              a page where others try the trained model (``make demo``)
classroom         copies of the lessons for a class (``make class``)
badges            the repository's address in links (``make repository``)
"""
