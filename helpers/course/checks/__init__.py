"""One module a lesson, one function an exercise: what a learner's answer is checked against.

``wrong`` holds the exception that a check raises; ``lesson_N`` the checks of lesson N, listed in
its ``EXERCISES``. :mod:`helpers.course.exercises` calls them.
"""
