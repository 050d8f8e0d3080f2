"""Alpaca Classroom's helpers: one small room an idea, from the ground up.

ground floor   io, prompts, similarity, profiles    import nothing of ours, never torch
first floor    endpoint, batches, student           a model to ask, tensors, a model to teach
second floor   generate, filters, train, fsdp, shards, metrics, judge    the work of one lesson each
third floor    run                                  the run folder and its manifest
top floor      plots, widgets, report, lessons      show it; nothing below imports them

A lower floor never imports a higher one.
"""
