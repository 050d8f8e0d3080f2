"""Read, filter and clean instruction data.

reply_parsing    turn a teacher's reply into tasks, with a reason for each rejected part
cleaning         imported rows: repair, keep or reject, with a reason
filters          reject a generated task by its script and language
diversity        root verbs and their objects
near_duplicates  tasks that mean the same in other words (sentence embeddings)
"""
