"""Asking a model over an OpenAI-compatible protocol, and letting it write tasks.

Asking
  endpoint            where to ask: a server, or the model in this process
  keys, addresses     where a key comes from; which machine an address leads to
  embedded_model      the small model that comes as a Python package
  abilities           what an endpoint can do, found out by asking
  request_parameters  which parameters it accepts; parameter_limits reads their bounds
  replies             text, finish reason and tokens of a reply
  retries             send again, wait, or give up; failures and error_bodies say which
  prices, budget      what tokens cost; a cap that holds
  cached_calls        chat calls that are paid for once

Writing tasks
  task_requests       the prompt of one request, and the settings of a run
  generate            the loop: ask, parse, filter, keep
  task_filter         which tasks are kept, and why the others are not
  generation_folder   the files of a run
  openai_batch        the same requests through OpenAI's Batch API
"""
