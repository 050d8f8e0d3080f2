"""Alpaca Classroom's helpers: one small room an idea, from the ground up.

ground floor   io, prompts, similarity, profiles, meaning, diversity, parsing
               import nothing of ours but one another, never torch
first floor    endpoint, patience, batches, student     a model to ask, tensors, a model to teach
second floor   metrics, filters, asking, sieve, generate, batch    tasks from a teacher
               train, shards, fsdp                      a student that learns from them
               judge                                    who is better, and says who?
third floor    run                                      the run folder and its manifest
top floor      plots, widgets, cards, report, lessons   show it; nothing below imports them

A lower floor never imports a higher one.
"""
