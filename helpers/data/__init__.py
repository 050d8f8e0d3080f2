"""What instruction data looks like, and what is wrong with it.

parsing          a teacher's reply becomes tasks, and a reason for each part that does not
cleaning         imported rows: repair, keep or reject, with a reason
filters          reject a generated task by its script and language
diversity        root verbs and their objects
near_duplicates  tasks that mean the same in other words (sentence embeddings)
"""
