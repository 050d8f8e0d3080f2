"""Transformers without progress bars and notices."""

import warnings


def quiet():
    """No progress bars and no notices of renamed arguments: a lesson shows what it is about."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|trl")
