"""From a teacher's reply to tasks. Call :func:`task_list.parse_completion`.

task_list        the whole way: reply in, tasks and rejected parts out
thinking         cut out what a model thought before it answered
finish_reasons   did the reply end by itself, or did a filter end it?
headings         which lines can be headings; reply_marks lists all of them in order
splitting        which headings begin a task; numbered_tasks handles headings without a name
fields           instruction, input and output of one task; field_names knows their languages
one_line_tasks   tasks written in one line each
tails            text after an output that belongs to no task
fences           blocks of code, in which nothing is a heading
no_input         inputs that only say that there is none
json_tasks       replies in JSON; json_repair fixes its small errors
"""
