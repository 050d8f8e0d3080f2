"""Turn off the progress bars and notices of transformers, which would fill a lesson's output."""

import warnings


def hide_messages() -> None:
    """Turn off progress bars, notices and warnings of renamed arguments, for this process."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|peft|trl")
