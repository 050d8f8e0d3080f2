"""The demo: a page on this machine where others try the model of a finished run (``make demo``).

__main__     the command: load the models, open the page
models       the student before and after training
page         the page and its controls, drawn by Gradio
handlers     what happens when somebody presses a button or closes the page
server       serve the page on this machine only
same_origin  accept requests only from the demo's own page

By default, Gradio reports its use over the network, keeps a history in the browser and, in Colab,
makes the page public. All of that is switched off by name.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
