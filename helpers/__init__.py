"""Alpaca Classroom's helpers: one small room an idea, from the ground up.

ground floor   files, received, visible, time_limit, io, file_kinds, file_rows, row_shapes,
               prompts, similarity, profiles, costs, prices,
               meaning, diversity, replies, parsing, headings, reply_marks, splitting,
               numbered_tasks, fields, json_tasks, bounded, field_names, fences, no_input, tails,
               one_line_tasks, json_repair,
               intervals, agreement, ratings, rubrics, exports, sources,
               verdicts, verdict_fields, verdict_labels, verdict_marks, answer_names,
               answer_scores, comparisons, comparatives, hedges, grades, readings
               import nothing of ours but one another, never torch
first floor    keys, addresses, start, embedded, endpoint, limits, parameters, error_bodies,
               failures, patience,
               abilities, budget, calls                  a model to ask
               hardware, architectures, tokens, batches, finite, adapter_config, student
                                                         a machine, shapes
second floor   filters, data, metrics                    rows that are sound, and facts about them
               asking, sieve, generation_folder, generate, batch    tasks from a teacher
               checkpoints, train, trainer, updates, shards, fsdp, launch    a student learns
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
