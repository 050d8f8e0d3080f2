"""Read and write files that may be incomplete, harmful, or in use by another program.

Reading rows of instruction data:
file_rows        the rows of a file, by its content: JSON, JSON Lines, CSV, TSV or parquet
json_rows        rows of JSON and JSON Lines
table_rows       rows of CSV and TSV
parquet_rows     rows of parquet
row_shapes       turn rows of any usual shape into tasks
chat_rows        read one exchange of a chat as a task
field_values     is a field empty, and does it belong to the task?

Reading files from other people:
file_kinds       recognise the kind of a file by its first bytes
compression      unpack gzip, bzip2 and xz, with a limit on the size
bounded_json     parse JSON, with a limit on its length and nesting
received         check a folder from someone else before anything in it is used
regular_files    read regular files only, no pipes and devices
message_content  the text of a chat message
printable        make text of unknown origin safe to show

Writing:
writing          write whole files and folders or none
appending        append whole lines; a killed program leaves none incomplete
locks            locks between programs
"""
