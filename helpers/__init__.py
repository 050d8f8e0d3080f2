"""Alpaca Classroom's helpers. Each package's docstring lists its modules.

files        reading and writing files that may be cut off, hostile or in use
prompts      the training prompt, and the prompts for a teacher
io, similarity, profiles   datasets in and out; ROUGE-L; sizes and recipes
data         instruction data: parse, filter, clean
teacher      ask a model; let it write tasks
planning     will a training fit, and what will it cost?
training     LoRA and full fine-tuning
evaluation   facts, judges, votes, and how far to trust them
release      safety, files and terms for other people
run          the run folder and its manifest
display      widgets, plots, report
course       lessons, exercises, demo

Imports point up this list only; ``make test`` checks it (``[tool.importlinter]`` in
``pyproject.toml``). Importing anything above ``planning`` does not import torch.
"""

import os

# Nothing here reports to anyone. TRL would tell the hub of every trainer that is made.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
