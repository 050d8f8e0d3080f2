"""Alpaca Classroom's helpers: one small room an idea, from the ground up.

ground floor   io, prompts, similarity, profiles, costs, meaning, diversity, parsing,
               intervals, agreement, ratings, rubrics, verdicts, exports
               import nothing of ours but one another, never torch
first floor    keys, start, endpoint, patience, calls    a model to ask
               hardware, architectures, batches, student    a machine, shapes, tensors, a model
second floor   filters, metrics, asking, sieve, generate, batch    tasks from a teacher
               checkpoints, train, trainer, shards, fsdp, launch        a student learns
               activations, memory, plan                will it fit, and what will it cost?
               release                                  may others use it?
               evidence, likelihood, judge, votes       who is better, and says who?
third floor    run                                      the run folder and its manifest
top floor      plots, markup, live, widgets, checks, cards, report, lessons, demo, classroom,
               badges                                      show it, and test it;
                                                           nothing below imports them

A lower floor never imports a higher one.
"""

import os

# Nothing here reports to anyone. TRL would tell the hub of every trainer that is made.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
