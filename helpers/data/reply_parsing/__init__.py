"""Turn a teacher's reply into tasks. Call :func:`task_list.parse_completion`.

task_list         all steps: reply in, tasks and rejected parts out
thinking          remove what a model thought before it answered
finish_reasons    did the reply end by itself, or did a filter end it?

The lines of a list, from the smallest part to the largest:

field_names       the names of instruction, input and output in several languages
heading_patterns  the regular expressions of headings
headings          recognise the heading in one line
code_fences       find code blocks, in which nothing is a heading
reply_headings    all headings of a reply, in order
preamble          sentences that only announce the list
task_splitting    which headings begin a task
unnamed_headings  tasks whose headings are numbers or separators alone

The fields of one task:

task_fields       read instruction, input and output
own_headings      which Input and Output headings are the task's own
field_text        extract the text below a heading
hidden_tasks      detect a second task inside a task
one_line_tasks    tasks that are written in one line each
no_input          inputs that only say that there is none
trailing_text     text after an output that belongs to no task

Replies in JSON:

json_tasks        the tasks in a reply's JSON
json_values       the JSON values in a reply, and its damaged parts
json_repair       repair small errors in JSON
"""
