"""Reading and writing files that may be cut off, hostile or in use.

writing          write whole files or none; lock a folder; survive a kill
file_kinds       tell a file's kind by its first bytes
file_rows        the rows of a JSON, JSON Lines, CSV, TSV or parquet file
row_shapes       Alpaca rows, chat messages, prompt and completion: all become one shape
message_content  the text of a chat message
bounded_json     parse JSON with a limit on its size and nesting
received         check a folder that somebody else made before anything in it is read
printable        make text of unknown origin safe to print
"""
