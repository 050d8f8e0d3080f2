"""Reading a task list as models really write it: text in, tasks and reasons out.

Asked for ::

    4. Instruction: …
    4. Input: … or <noinput>
    4. Output: …
    ###
    5. Instruction: …

they think first, add preambles, forget ``###``, set headings in bold, as titles or in code fences,
lose count, leave out the Input line or the word "Instruction", translate the field names. Three
promises hold all the same: tasks never merge, a task that was cut is never kept, and nothing is
dropped without a reason. What ends a task is the next heading, never a bare ``###`` or number,
which answers contain too (Alpaca's release lost every output with "20." in it to a stop string,
and merged 37 tasks by splitting at ``###``).

:mod:`helpers.headings` says which lines can be headings, :mod:`helpers.splitting` which of them
begin a task, :mod:`helpers.fields` what its instruction, input and output are. Here it all comes
together.
"""

import json
import re

from helpers.fields import read_line, read_task, trimmed, usual_output
from helpers.headings import is_rule
from helpers.json_tasks import json_rows
from helpers.replies import is_filtered, is_whole, without_thinking
from helpers.splitting import Body, split_tasks, without_preamble

_NO_INPUT = re.compile(
    r"\W*(?:(?:there is )?(?:no|none|without|not)\W*(?:additional |specific |further |extra )?"
    r"(?:in ?put)s?\W*(?:is |are )?(?:needed|required|necessary|provided|given|available)?"
    r"|none(?: (?:is )?(?:needed|required|necessary|provided|given|available))?|nil|null|empty"
    r"|n ?/ ?a|not (?:applicable|needed|required|necessary|provided)|blank"
    r"|(?:추가 ?)?(?:입력)?(?:값|이|은)?\s*(?:필요\s*)?(?:없음|없습니다)"
    r"|해당\s*(?:사항\s*)?없음|불필요|비어 ?있음"
    r"|tidak ada(?: masukan| input)?(?: yang (?:diperlukan|dibutuhkan))?|tanpa (?:masukan|input)"
    r"|(?:masukan |input )?tidak (?:di)?(?:perlu|butuh)(?:kan)?|nihil"
    r")\W*|[-–—.…\s]{0,3}",
    re.I,
)
_LONGEST_NO_INPUT = 80  # characters
_CLOSING = re.compile(  # words to the reader, after the list
    r"\W*(?:let me know|feel free|i hope (?:this|these)|hope (?:this|these)|would you like"
    r"|these (?:are|tasks|instructions|examples)|if you(?:['’]d| would)? (?:need|like|want)"
    r"|is there anything|that(?:['’]s| is) (?:all|it)|there you (?:have|go)|note:"
    r"|this (?:concludes|completes|list)|end(?: of|\W*$)|semoga|beri ?tahu|(?:jika|bila|kalau) anda"
    r"|apakah anda|silakan|demikian|더 (?:필요|많은|궁금)|추가로|도움이|필요하시면|궁금한|이상으로"
    r"|이상입니다|(?:위의? )?과제)",
    re.I,
)
_OF_THE_LIST = re.compile(
    r"\b(?:tasks?|instructions?|examples?|list|more|continue|end|hope this helps|tugas|perintah"
    r"|contoh|daftar|lagi|lainnya|membantu|bermanfaat)\b|과제|지시|목록|예시|더 |추가|도움이 되",
    re.I,
)
_LETTER = re.compile(r"^\W*(?:dear|hi|hello|subject|yth|halo|안녕|제목)\b", re.M | re.I)


def parse_completion(
    text: str, start: int, finish_reason: str | None
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Tasks out of one task-list completion: ``(tasks, drops)``.

    ``start`` is the number of the first task, whose heading ``"{start}. Instruction:"`` stood at
    the end of the prompt. ``tasks`` are dicts with instruction, input, output. ``drops`` are dicts
    with ``reason`` and ``text``: a last task cut by the length limit (any ``finish_reason`` but
    those of a whole answer), one without a part it needs, or two that could not be told apart.
    """
    answer, whole = _clean(without_thinking(text)), is_whole(finish_reason)
    if not answer.strip():
        reason = "no task in the reply" if whole else _cut_by(finish_reason)
        return [], [{"reason": reason, "text": text}]
    bodies = split_tasks(answer + "\n" * whole, start)  # a newline says that the line is whole
    if not any(body.of("output") for body in bodies) and _is_json(answer):
        return parse_structured(answer, finish_reason)
    tasks, drops = [], []
    for body, (task, fault) in zip(bodies, _read(answer, bodies), strict=True):
        cut = not whole and body is bodies[-1]
        if cut or fault:
            body_text = trimmed(answer[body.head.end : body.end].strip())
            drops.append({"reason": _cut_by(finish_reason) if cut else fault, "text": body_text})
        else:
            if body is bodies[-1]:
                task["output"] = _without_closing(task["output"])
            if body is bodies[0] and not body.head.end:
                task["instruction"] = without_preamble(task["instruction"])
            tasks.append({**task, "input": normal_input(task["input"])})
    return tasks, drops


def _read(text: str, bodies: list[Body]) -> list[tuple[dict[str, str] | None, str | None]]:
    """``(task, fault)`` of every task of a list; one of both is None."""
    if not any(body.of("output") for body in bodies):
        lines = [read_line(text[body.head.end : body.end]) for body in bodies]
        faults = [None if all(lines) else "no output field"] * len(lines)
        return list(zip(lines, faults, strict=True))
    usual, bare = usual_output(bodies), not any(body.head.look.name for body in bodies[1:])
    return [read_task(text, body, usual, bare) for body in bodies]


def parse_structured(
    text: str, finish_reason: str | None
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Tasks out of a completion asked for as JSON: ``(tasks, drops)`` as above.

    Expects ``{"tasks": [{"instruction", "input", "output"}, …]}``, alone, in a code fence, or with
    words around it, the bare list, single objects, or one object a line. A text that does not
    parse, as one that was cut, is one drop: half a JSON text cannot be trusted.
    """
    answer = without_thinking(text)
    rows, rest = json_rows(answer)
    tasks, drops = [], []
    for row in rows:
        task, fault = _read_row(row)
        if fault:
            drops.append({"reason": fault, "text": json.dumps(row, ensure_ascii=False)})
        else:
            tasks.append(task)
    if rest is not None:
        whole = is_whole(finish_reason)
        reason = "not the JSON that was asked for" if whole else _cut_by(finish_reason)
        drops.append({"reason": reason, "text": rest or text})
    elif not rows:
        drops.append({"reason": "no task in the reply", "text": text})
    return tasks, drops


def _is_json(text: str) -> bool:
    """Whether a reply holds tasks as JSON although a list was asked for."""
    rows = [row for row in json_rows(text)[0] if isinstance(row, dict)]
    return any("instruction" in row and "output" in row for row in rows)


def _read_row(row: object) -> tuple[dict[str, str] | None, str | None]:
    """``(task, None)`` for one JSON object, or ``(None, why it is not a task)``."""
    fields = row if isinstance(row, dict) else {}
    given = {name: fields.get(name) or "" for name in ("instruction", "input", "output")}
    if not all(isinstance(value, str) for value in given.values()):
        return None, "a field is not text"
    if not any(char.isalnum() for char in given["instruction"]):
        return None, "empty instruction"
    task = {name: value.strip() for name, value in given.items()}
    return {**task, "input": normal_input(task["input"])}, None


def normal_input(text: str) -> str:
    """An input that only says that there is none (``<noinput>``, "N/A", "없음") becomes empty."""
    said = text.strip()
    return "" if len(said) <= _LONGEST_NO_INPUT and _NO_INPUT.fullmatch(said) else text


def _clean(text: str) -> str:
    """A reply with line ends of one kind, and without a quote mark before every line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\n")
    lines = text.split("\n")
    if all(line.startswith(">") or not line.strip() for line in lines):
        text = "\n".join(re.sub(r"^> ?", "", line) for line in lines)
    return text


def _cut_by(finish_reason: str | None) -> str:
    by_filter = is_filtered(finish_reason)
    return "stopped by the provider's filter" if by_filter else "cut by the length limit"


def _without_closing(output: str) -> str:
    """The list's last output without words to the reader after it ("Let me know …")."""
    lines = output.split("\n")
    if len(lines) < 2 or not _CLOSING.match(lines[-1]) or _LETTER.search(output):
        return output
    before = trimmed("\n".join(lines[:-1]))
    between = lines[len(before.split("\n")) : -1]
    ruled = any(is_rule(line) for line in between)
    sure = ruled or (between and _OF_THE_LIST.search(lines[-1]))
    return before if before and sure else output
