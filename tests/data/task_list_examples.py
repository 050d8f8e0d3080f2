"""Tasks, and the same two tasks as lists in several layouts. Shared by the tests of parsing."""

import json

RIVER = {"instruction": "Name a river in France.", "input": "", "output": "The Loire."}
SUM = {"instruction": "Add the numbers.", "input": "1\n2", "output": "3"}
TREE = {"instruction": "Name a tree.", "input": "", "output": "Oak"}
TWO = {"instruction": "Add 2, 3.", "input": "", "output": "5"}

NUMBERED = (
    "4. Instruction: Name a tree.\n4. Input: none\n4. Output: Oak\n\n"
    "5. Instruction: Add 2, 3.\n5. Input: none\n5. Output: 5"
)
LISTS = [
    NUMBERED,
    NUMBERED.replace("4.", "1.").replace("5.", "2."),
    "**Instruction:** Name a tree.\n**Output:** Oak\n\n**Instruction:** Add 2, 3.\n**Output:** 5",
    "### Task 4\n**Instruction:** Name a tree.\n**Output:** Oak\n\n### Task 5\n"
    "**Instruction:** Add 2, 3.\n**Output:** 5",
    "### 과제 1\n**지시:** Name a tree.\n**출력:** Oak\n\n### 과제 2\n"
    "**지시:** Add 2, 3.\n**출력:** 5",
    "4. Name a tree.\nInput: none\nOutput: Oak\n\n5. Add 2, 3.\nInput: none\nOutput: 5",
    "1. Name a tree.\nOutput: Oak\n\n2. Add 2, 3.\nOutput: 5",
    "Q4: Name a tree.\nA4: Oak\n\nQ5: Add 2, 3.\nA5: 5",
]


def structured(*tasks):
    """The tasks as the JSON that the prompt asks for."""
    return json.dumps({"tasks": list(tasks)})
