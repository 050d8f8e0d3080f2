"""Properties of every reply: no text is lost, only whole tasks are kept, in linear time."""

import json
import random
import time

import pytest
from conftest import ROOT

from helpers.data.reply_parsing.json_tasks import LONGEST_REST
from helpers.data.reply_parsing.no_input import without_no_input
from helpers.data.reply_parsing.task_list import parse_completion, parse_json_completion

FIELDS = {
    "en": ("Instruction", "Input", "Output", "Task"),
    "ko": ("지시", "입력", "출력", "과제"),
    "id": ("Perintah", "Masukan", "Keluaran", "Tugas"),
}
# Headings of instruction, input and output, and the gap between tasks. I, N, O and T stand for the
# names of these fields and of the task.
STYLES = {
    "plain": ("{n}. {I}: ", "{n}. {N}: ", "{n}. {O}: ", "\n###\n"),
    "below": ("{n}. {I}:\n", "{n}. {N}:\n", "{n}. {O}:\n", "\n\n"),
    "bold": ("**{n}. {I}:** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "inset": ("{n}. **{I}**: ", "   **{N}**: ", "   **{O}**: ", "\n\n"),
    "name only": ("{I}: ", "{N}: ", "{O}: ", "\n\n"),
    "bold name": ("**{I}:** ", "**{N}:** ", "**{O}:** ", "\n\n---\n\n"),
    "hashes": ("### {I}:\n", "### {N}:\n", "### {O}:\n", "\n\n"),
    "no colon": ("### {n}. {I}\n", "#### {N}\n", "#### {O}\n", "\n\n"),
    "title": ("### {T} {n}\n**{I}:** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "bold title": ("**{T} {n}**\n{I}: ", "{N}: ", "{O}: ", "\n\n---\n\n"),
    "named title": ("## {T} {n}: Words\n- **{I}:** ", "- **{N}:** ", "- **{O}:** ", "\n\n"),
    "title alone": ("### {T} {n}\n", "**{N}:** ", "**{O}:** ", "\n\n"),
    "task": ("{T} {n}: ", "{N}: ", "{O}: ", "\n\n"),
    "task, dash": ("**{T} {n}** - ", "**{N}** - ", "**{O}** - ", "\n\n"),
    "number": ("{n}. ", "{N}: ", "{O}: ", "\n\n"),
    "bold number": ("**{n}.** ", "**{N}:** ", "**{O}:** ", "\n\n"),
    "number alone": ("**{n}.**\n", "{N}: ", "{O}: ", "\n\n"),
    "hash and number": ("### {n}\n", "**{N}:** ", "**{O}:** ", "\n\n"),
    "brackets": ("({n}) ", "- {N}: ", "- {O}: ", "\n\n"),
    "hash": ("#{n} {I}: ", "{N}: ", "{O}: ", "\n"),
    "number after": ("{I} {n}: ", "{N} {n}: ", "{O} {n}: ", "\n\n"),
    "dash": ("{n}. {I} - ", "{N} - ", "{O} - ", "\n\n"),
    "square": ("[{I}] ", "[{N}] ", "[{O}] ", "\n\n"),
    "full width": ("{n}．{I}：", "{N}：", "{O}：", "\n\n"),
    "numbered parts": ("**{T} {n}**\n1. {I}: ", "2. {N}: ", "3. {O}: ", "\n\n"),
}
INSTRUCTIONS = [
    "Name a tree.", "Fix this function:\ndef f(x):\n    return x", "List 20. things for day 3.",
    "Sort the words:\n- pear\n- fig", "Explain what `#` means.", "Translate: Good morning",
    "나무 이름을 하나 말해라.", "5번 문제를 왜 틀리는지 설명해라.", "Sebutkan satu nama pohon.",
]  # fmt: skip
INPUTS = [
    "", "", "2, 3", "1\n2\n3", "- tea\n- milk", "```python\nprint(1)\n# Output: 1\nInput: 3\n```",
    "1. pear\n2. fig\n3. apple", "It ends in 20.", "a | b\n--|--\n1 | 2",
    "Dear Sir,\n\nplease call.",
]  # fmt: skip
OUTPUTS = [
    "Oak", "1. Boil water.\n2. Pour.\n3. Wait.", "### Serving\nWarm.\n\n### Storing\nCold.",
    "```python\ndef f():\n    # Instruction: none\n    print('Output: 5')\n\n    return 5\n```",
    "Bread\n\n19. Knead.\n20. Bake.\n\nDone in 20.", "It is 5.\n\nBecause 2 and 3 are 5.",
    "- one\n- two\n  - three", "**Result:** it works.\n\n**Why:** it must.", "참나무", "20.",
    "# Title\n\nText with a number: 7.", "Step 1: go.\nStep 2: stop.",
    "```\nInput: 1\nOutput: 2\n```",
    "Total: 5. Instruction manuals are useful.", "1) Add\n2) Stir\n\nServe.",
]  # fmt: skip


def random_list(seed, style):
    """``(tasks, text, start)``: random tasks, and the reply in which a model writes them."""
    rng = random.Random(seed)
    names = dict(zip("INOT", FIELDS[rng.choice(sorted(FIELDS))], strict=True))
    *headings, gap = STYLES[style]
    start, texts, tasks = rng.randint(1, 8), [], []
    for n in range(start, start + rng.randint(1, 6)):
        asks, given, output = (heading.format(n=n, **names) for heading in headings)
        task = {"instruction": rng.choice(INSTRUCTIONS), "input": rng.choice(INPUTS)}
        task["output"] = rng.choice(OUTPUTS)
        said = task["input"] or rng.choice(["none", "<noinput>", "N/A", None])
        line = "" if said is None else f"{given}{said}\n"
        below = "\n" if task["output"].startswith("```") or rng.random() < 0.5 else ""
        texts.append(f"{asks}{task['instruction']}\n{line}{output}{below}{task['output']}")
        tasks.append(task)
    text = gap.join(texts)
    if rng.random() < 0.5:  # the prompt ended with the first heading
        text = text[len(headings[0].format(n=start, **names)) :]
    return tasks, text, start


@pytest.mark.parametrize("style", STYLES)
def test_random_lists_are_read_as_they_were_written(style):
    for seed in range(40):
        tasks, text, start = random_list(seed, style)
        assert parse_completion(text, start, "stop") == (tasks, []), text


@pytest.mark.parametrize("style", STYLES)
def test_a_random_list_cut_anywhere_keeps_whole_tasks_only(style):
    for seed in range(8):
        tasks, text, start = random_list(seed, style)
        for end in random.Random(seed).sample(range(1, len(text)), min(20, len(text) - 1)):
            kept, drops = parse_completion(text[:end], start, "length")
            assert kept == tasks[: len(kept)] and drops, text[:end]
            assert len(kept) + len(drops) <= len(tasks)


UNITS = [
    "*", "#", "\n", "9", " ", "`", ">", "-", "[", "{", '{"a":', '["', ",", '\\"', "#\n", "```\n",
    "5.\n",
    "5. a\n\n", "Task 5:\n", "Q: a\n", "Instruction: a\n", "Output: a\n", "a\n---\n", "<think>\n",
    "Q: a\nA: b\n", "### Task 4\n**Instruction:** a\n", "Output: x\nTask 5:\n1. a\n\n",
    '{"instruction": "a", "output": }\n', "1. ", "Output:", "\u00a0", "~~~\n", "~~~a\n```\n",
    "</think>",
    "</s>", "<|im_end|>", "**a** ", "___a", "\\(", "/*", "//", " Input: a", "5. Output: a ",
    "\n5. Note: a",
    "[1,", '{"a":[],', "} ", '"a" ', "Input: a\n\n5. a\n\n", "## a\n\n", "(", "④",
]  # fmt: skip
CONTEXTS = [
    "{}",
    " a\nOutput: b{}",
    " a {}\n4. Input: c\n4. Output: b\n\n{}x",
    '{{"tasks": [{{"task": "{}',
]


def seconds(context, unit, length):
    text = context.format(*[(unit * length)[:length]] * 2)
    began = time.process_time()
    parse_completion(text, 4, "stop")
    parse_json_completion(text, "stop")
    without_no_input(f"no input{text}x")
    return time.process_time() - began


@pytest.mark.parametrize("unit", UNITS)
def test_reading_takes_linear_time(unit):
    for context in CONTEXTS:
        for _ in range(4):  # other work on this machine may disturb a measurement
            short, long = (seconds(context, unit, length) for length in (10_000, 20_000))
            if long < max(3.5 * short, 0.02):
                break
        else:
            pytest.fail(f"{context!r}: {short:.3f} s, {long:.3f} s for twice the text")


@pytest.mark.parametrize("unit", ['{"instruction": "xx" z} ', '{"instruction": "xx" z}\n'])
def test_unreadable_text_is_kept_once_and_in_linear_time(unit):
    def read(repeats):
        began = time.process_time()
        tasks, drops = parse_json_completion(unit * repeats, "stop")
        spent = time.process_time() - began
        kept = sum(len(drop["text"]) for drop in drops)
        assert not tasks and drops and kept <= min(len(unit) * repeats, LONGEST_REST)
        return spent

    read(LONGEST_REST // len(unit) + 100)
    assert min(read(2000) for _ in range(3)) < 3 * read(1000) + 0.05


def test_text_around_a_damaged_part_is_kept():
    text = '{"instruction": "one" z} middle {"instruction": "two" z} end'
    (drop,) = parse_json_completion(text, "stop")[1]
    assert drop["text"].split() == text.split()


RAW = ROOT.parent / "shared" / "data" / "raw_completions"


@pytest.mark.skipif(not RAW.is_dir(), reason=f"the raw completions are not here ({RAW})")
@pytest.mark.parametrize("name", ["en_kissshhot_instructions", "en_leadawon_dialogue_instructions"])
def test_no_word_of_a_real_reply_is_lost(name):
    texts = set()
    for line in (RAW / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        response = json.loads(line)["metadata"]["response"]
        texts.add(response if isinstance(response, str) else json.dumps(response))
    for text in texts:
        tasks, drops = parse_completion(text, 9, "stop")
        assert tasks or drops or not text.strip()
        found = [drop["text"] for drop in drops] + [v for task in tasks for v in task.values()]
        # Every word of the answer is in a task or a drop. Only headings between them are missing.
        kept = {word for word in " ".join(found).split() if word.isalpha()}
        asked = {word for word in text.split() if word.isalpha()}
        assert asked - kept <= {"Instruction", "Input", "Output", "Task"}
