"""The exception that an exercise's check raises to say what is wrong with an answer."""


class Wrong(Exception):
    """What is wrong with an answer, said to the learner."""
