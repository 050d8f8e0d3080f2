"""Ask a model through OpenAI's protocol, and let it write tasks.

Asking
  endpoint             a server's address, model, key and prices; Endpoint.local() starts one
  addresses            which host an address names, and whether it has a password
  keys                 find a key in the environment, a .env file or Colab's secrets
  redaction            keep keys out of messages, pickled files and child processes
  token_prices         what tokens cost at the large providers
  embedded_model       the small model that comes as a Python package
  embedded_server      llama.cpp's server inside this process
  endpoint_abilities   find out what an endpoint can do
  request_parameters   rename, change or leave out parameters before a request is sent
  refused_parameters   learn from a refusal which parameter to change
  parameter_limits     read the bound that a refusal names
  replies              text, finish reason and token counts of a reply
  retries              send a request again after a failure
  failures             decide what a failure means: temporary, wrong key, no money, filter
  failure_messages     say what went wrong, in the server's words and without the key
  error_bodies         read the JSON body of an error
  retry_delays         read how long a server asks to wait
  budget               caps on dollars and tokens
  answer_cache         answers on disk, and what requests cost
  cached_calls         send chat requests that are paid for once

Writing tasks
  generate             start or resume a run; preview what it would cost
  generation_settings  how to ask, which tasks to keep, when to stop
  generation_loop      many requests in flight at once
  generation_progress  what a run has received and spent; its bill
  generation_estimate  what many tasks would cost
  generation_folder    the files of a run
  task_requests        the prompt of one request, and the most that it can cost
  raw_records          an answer as it is kept on disk, and the tasks in it
  task_filter          which tasks are kept, and why the others are not
  openai_batch         the same requests through OpenAI's Batch API
"""
