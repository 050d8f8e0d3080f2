"""The course itself: setting up a lesson, running all of them, checking exercises, the demo.

setup             the first cell of each lesson
lessons           run the lessons without a browser (``make run``)
code_fingerprint  which helpers a lesson runs, to know whether it is out of date
lesson_costs      minutes and memory of each lesson, as measured
exercises         check a learner's answer; checks holds one module a lesson
demo              the demo page (``make demo``); same_origin says who may use it
classroom         copies for a class (``make class``)
badges            the repository's address in links (``make repository``)
"""
