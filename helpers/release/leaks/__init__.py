"""What must not leave this machine: keys, passwords, and paths that name a person.

text   search one text; the entry point
keys   keys and passwords
paths  folders of a user or a machine
files  search the files of a folder before an upload
"""
