"""Instruction data before it is used: what is wrong with imported rows, and what to do about it."""
