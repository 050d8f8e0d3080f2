"""What stands after a task's output and belongs to no task.

After the last one: words to the reader, a model's end tokens, the other side of a chat, a next
heading that was only begun. Before the next one: titles of sections ("## Part 2"), notes about it.
An answer's own last lines look like that as well, so each cut needs a sign besides the words.
"""

import re

from helpers.data.parsing.fences import left_open
from helpers.data.parsing.field_names import PROMPT_NAMES
from helpers.data.parsing.headings import is_frame, is_rule, mark_of

_CLOSING = re.compile(  # words to the reader, after the list
    r"\W*(?:let me know|feel free|i hope (?:this|these)|hope (?:this|these)|would you like"
    r"|these (?:are|tasks|instructions|examples)|if you(?:['’]d| would)? (?:need|like|want)"
    r"|is there anything|that(?:['’]s| is) (?:all|it)|there you (?:have|go)|note:"
    r"|this (?:concludes|completes|list)|end(?: of|\W*$)|to be continued|continu(?:ed?|ing|es)\b"
    r"|(?:and )?\d{1,4} more|tasks? \d{1,4}|(?:the )?(?:rest|remaining|next|other)\b"
    r"|more (?:tasks|instructions|examples)"
    r"|semoga|beri ?tahu|(?:jika|bila|kalau) anda|bersambung|(?:ber|di)?lanjut"
    r"|apakah anda|silakan|demikian|더 (?:필요|많은|궁금)|추가로|도움이|필요하시면|궁금한|이상으로"
    r"|이상입니다|계속|다음 (?:메시지|답변)|(?:위의? )?과제)",
    re.I,
)
_OF_THE_LIST = re.compile(
    r"\b(?:tasks?|instructions?|examples?|list|more|continued?|end|hope this helps"
    r"|(?:next|following) (?:message|reply|response|part)|tugas|perintah"
    r"|contoh|daftar|lagi|lainnya|membantu|bermanfaat|bersambung|(?:di)?lanjutkan)\b"
    r"|과제|지시|목록|예시|더 |추가|도움이 되|계속",
    re.I,
)
_DOTS = re.compile(r"[\s*(\[]*(?:\.{3,6}|…{1,2})[\s*)\]]*")  # "and so on"
_LETTER = re.compile(r"^[^\w\n]*(?:dear|hi|hello|subject|yth|halo|안녕|제목)\b", re.M | re.I)
_TURN = re.compile(
    r"[#*\s]{0,8}(?:user|human|assistant|ai|system|you|사용자|어시스턴트|pengguna|asisten)"
    r"[*\s]{0,4}[:：]",
    re.I,
)
_TOKENS = (
    r"<\|(?:im_end|im_start|end_?of_?text|eot_id|eom_id|end|eos|end_of_turn|return|user|assistant"
    r"|END_OF_TURN_TOKEN)\|>|</s>|<eos>|<end_of_turn>|<EOT>|<｜end▁of▁sentence｜>|\[/?INST\]|\[EOS\]"
)
_END_TOKEN = re.compile(rf"(?:{_TOKENS})\Z", re.I)
_NEXT_TURN = re.compile(
    rf"(?:{_TOKENS})\s{{0,4}}(?:<\|(?:im_start|start_header_id|user|assistant)\|>"
    r"|<start_of_turn>|<s>|\[INST\])"
    r"|(?<=[\w.!?)\]\n])<\|(?:endoftext|im_end|eot_id)\|>",  # and a text that goes on without end
    re.I,
)
_SECTION = re.compile(
    r"\s{0,3}(?:#{2,6}[ \t]{1,4}\S|(?:#[ \t]{1,4}|\*\*|={2,}[ ]?|-{2,}[ ])"
    r"(?:part|section|category|topic|batch|group|set|부|파트|섹션|분류|카테고리|bagian|kategori)\b"
    r"|(?:part|section|bagian)[ ](?:\d{1,3}|[IVX]{1,5}|[A-Z])\b[^\n]{0,60}$)",
    re.I,
)
_META = (
    r"(?:(?:task[ ])?(?:difficulty|category|type|level)|domains?|tags?|skills?|난이도|분류|유형"
    r"|카테고리|kategori|tingkat[ ]kesulitan|jenis)"
)
_NOTE = re.compile(
    rf"\s{{0,3}}(?P<signs>[#*_>\- ]{{0,8}})(?:(?P<number>\d{{1,4}})[.)][ ]{{0,4}}[*_]{{0,3}})?"
    rf"{_META}[*_ ]{{0,4}}[:：]",
    re.I,
)
_LABELLED = re.compile(r"[\s#*_>\-]{0,8}[^\W\d_][\w ]{0,30}[*_ ]{0,4}[:：]")
_BEGUN = (*PROMPT_NAMES, "task", "instruksi", "tugas", "과제", "prompt", "question", "input")


def without_tail(output: str, number: int) -> str:
    """The output of the list's last task, whose number is given, without what follows it."""
    turn = _NEXT_TURN.search(output)
    output = without_end_tokens(_without_turn(output[: turn.start()] if turn else output))
    shorter = _without_closing(output, sure=False)
    if shorter != output:  # whoever says one thing to the reader may have said another before
        output = _without_closing(shorter, sure=True)
    return _without_begun(without_titles(output, number + 1), number)


def without_titles(output: str, number: int | None) -> str:
    """An output without titles of sections after it, and notes about the next task, ``number``."""
    lines = output.split("\n")
    place, cut = len(lines) - 1, None
    while place > 0:
        line, apart = lines[place], is_frame(lines[place - 1])
        title = bool(_SECTION.match(line)) or is_note(line, number)
        apart = apart or not _LABELLED.match(lines[place - 1])
        if is_note(line, number, apart) or (title and is_frame(lines[place - 1])):
            cut = place
        if not title and not is_note(line, number, False) and not is_frame(line):
            break
        place -= 1
    before = trimmed("\n".join(lines[:cut])) if cut else ""
    return before if before.strip() and not left_open(lines[:cut]) else output


def is_note(line: str, number: int | None, apart: bool = True) -> bool:
    """Whether a line only says of which sort the task ``number`` is ("**Difficulty:** easy").

    Plain words could be a field of the text itself: the line must have the task's number, or bold
    type where it stands ``apart``.
    """
    note = _NOTE.match(line)
    if not note:
        return False
    if note["number"]:
        return int(note["number"]) == number
    return apart and ("**" in note["signs"] or "#" in note["signs"])


def trimmed(text: str) -> str:
    """A text without the rules, and the ends of fences around it, that follow it."""
    lines, popped = text.rstrip().split("\n"), []
    while lines and is_frame(lines[-1]):
        popped.append(lines.pop())
    signs = left_open(lines)
    closing = [line for line in reversed(popped) if signs and line.strip().startswith(signs)]
    if closing:
        lines.append(closing[0])  # it ends a fence that begins inside the text
    return "\n".join(lines).rstrip()


def without_end_tokens(text: str) -> str:
    """A text without the tokens with which a model ends ("<|im_end|>")."""
    end = len(text.rstrip())
    struck = "<s>" in text  # HTML: "</s>" ends struck-out text
    while token := _END_TOKEN.search(text[max(0, end - 30) : end]):
        if struck and token[0] == "</s>":
            break
        end -= len(token[0])
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end] if end < len(text.rstrip()) else text


def _without_turn(output: str) -> str:
    """An output without the other side of the chat ("User: Thanks!") after a rule."""
    lines = output.split("\n")
    ruled = None
    for i, line in enumerate(lines):
        if ruled and _TURN.match(line):
            return output if left_open(lines[:ruled]) else trimmed("\n".join(lines[:ruled]))
        ruled = i if i and is_rule(line) else ruled if not line.strip() else None
    return output


def _without_closing(output: str, sure: bool) -> str:
    """The list's last output without a line of words to the reader ("Let me know …").

    Where that is not ``sure`` yet, the line must stand under a rule or speak of the list.
    """
    lines = output.split("\n")
    if len(lines) < 2 or _LETTER.search(output):
        return output
    dots = _DOTS.fullmatch(lines[-1][:300])
    if not (dots or _CLOSING.match(lines[-1][:300])):
        return output
    before = trimmed("\n".join(lines[:-1]))
    between = lines[len(before.split("\n")) : -1]
    ruled = any(is_rule(line) for line in between)
    sure = ruled or (between and (dots or sure or _OF_THE_LIST.search(lines[-1][:300])))
    return before if before and sure else output


def _without_begun(output: str, number: int) -> str:
    """The list's last output without the heading of a next task that has not begun."""
    lines = output.split("\n")
    before = trimmed("\n".join(lines[:-1]))
    apart = len(lines) > 1 and (not lines[-2].strip() or is_frame(lines[-2]))
    if not before or before.endswith((":", "：")) or left_open(lines[:-1]):
        return output
    return before if _is_begun(lines[-1], number + 1, apart, before) else output


def _is_begun(line: str, number: int, apart: bool, before: str) -> bool:
    """Whether a line is the heading, or the beginning of one, of the task ``number``."""
    mark = mark_of(line)
    if not mark or mark.kind not in ("head", "item"):
        return False
    if mark.kind == "head":
        own = mark.number == number or (mark.number is None and mark.rank == 2 and mark.alone)
        return own and mark.rank > 0 and (apart or mark.alone)
    if mark.number != number or not (apart or mark.decorated):
        return False
    word = line[mark.end :].strip(" *_:`").lower()
    above = mark_of(before.rpartition("\n")[2])
    listed = above is not None and above.kind == "item" and above.number == number - 1
    begun = len(word) > 1 and any(name.startswith(word) for name in _BEGUN)
    return not word or (begun and not listed)
