"""Cut off text that stands after a task's output and belongs to no task.

After the last task: words to the reader, a model's end tokens, the next turn of a chat, the
beginning of a next heading. Before the next task: titles of sections ("## Part 2"), lines about it
("**Difficulty:** easy"). An answer's last lines may look the same, so each cut needs a second sign.
"""

import re

from helpers.data.reply_parsing.code_fences import open_fence
from helpers.data.reply_parsing.field_names import PROMPT_NAMES
from helpers.data.reply_parsing.headings import has_no_text, heading_of, is_separator

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
_MENTIONS_LIST = re.compile(
    r"\b(?:tasks?|instructions?|examples?|list|more|continued?|end|hope this helps"
    r"|(?:next|following) (?:message|reply|response|part)|tugas|perintah"
    r"|contoh|daftar|lagi|lainnya|membantu|bermanfaat|bersambung|(?:di)?lanjutkan)\b"
    r"|과제|지시|목록|예시|더 |추가|도움이 되|계속",
    re.I,
)
_DOTS = re.compile(r"[\s*(\[]*(?:\.{3,6}|…{1,2})[\s*)\]]*")  # "and so on"
_LETTER = re.compile(r"^[^\w\n]*(?:dear|hi|hello|subject|yth|halo|안녕|제목)\b", re.M | re.I)
_CHAT_TURN = re.compile(
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
    r"|(?<=[\w.!?)\]\n])<\|(?:endoftext|im_end|eot_id)\|>",  # and then text without end
    re.I,
)
_SECTION = re.compile(
    r"\s{0,3}(?:#{2,6}[ \t]{1,4}\S|(?:#[ \t]{1,4}|\*\*|={2,}[ ]?|-{2,}[ ])"
    r"(?:part|section|category|topic|batch|group|set|부|파트|섹션|분류|카테고리|bagian|kategori)\b"
    r"|(?:part|section|bagian)[ ](?:\d{1,3}|[IVX]{1,5}|[A-Z])\b[^\n]{0,60}$)",
    re.I,
)
_METADATA_NAMES = (
    r"(?:(?:task[ ])?(?:difficulty|category|type|level)|domains?|tags?|skills?|난이도|분류|유형"
    r"|카테고리|kategori|tingkat[ ]kesulitan|jenis)"
)
_METADATA = re.compile(
    rf"\s{{0,3}}(?P<signs>[#*_>\- ]{{0,8}})(?:(?P<number>\d{{1,4}})[.)][ ]{{0,4}}[*_]{{0,3}})?"
    rf"{_METADATA_NAMES}[*_ ]{{0,4}}[:：]",
    re.I,
)
_LABELLED = re.compile(r"[\s#*_>\-]{0,8}[^\W\d_][\w ]{0,30}[*_ ]{0,4}[:：]")
# A next heading that was begun starts with one of these, whole or in part.
_HEADING_WORDS = (
    *PROMPT_NAMES, "task", "instruksi", "tugas", "과제", "prompt", "question", "input",
)  # fmt: skip
_LONGEST_TOKEN = 30  # characters


def without_trailing_text(output: str, number: int) -> str:
    """The output of the list's last task without the text that follows it.

    ``number`` is the number of that task.
    """
    turn = _NEXT_TURN.search(output)
    output = without_end_tokens(_without_turn(output[: turn.start()] if turn else output))
    shorter = _without_closing(output, certain=False)
    if shorter != output:  # one sentence to the reader makes another one before it likely
        output = _without_closing(shorter, certain=True)
    return _without_next_heading(without_section_titles(output, number + 1), number)


def without_section_titles(output: str, number: int | None) -> str:
    """An output without section titles after it, and lines about the next task.

    ``number`` is the number of the next task.
    """
    lines = output.split("\n")
    index, cut = len(lines) - 1, None
    while index > 0:
        line, above = lines[index], lines[index - 1]
        title = bool(_SECTION.match(line)) or is_metadata(line, number)
        set_apart = has_no_text(above) or not _LABELLED.match(above)
        if is_metadata(line, number, set_apart) or (title and has_no_text(above)):
            cut = index
        if not (title or is_metadata(line, number, False) or has_no_text(line)):
            break
        index -= 1
    before = without_separators("\n".join(lines[:cut])) if cut else ""
    return before if before.strip() and not open_fence(lines[:cut]) else output


def is_metadata(line: str, number: int | None, set_apart: bool = True) -> bool:
    """Whether a line only describes the task with this number ("**Difficulty:** easy").

    A line in plain type could be a field of the text itself. So the line must have the task's
    number, or be in bold type or a title and ``set_apart`` from the text.
    """
    found = _METADATA.match(line)
    if not found:
        return False
    if found["number"]:
        return int(found["number"]) == number
    return set_apart and ("**" in found["signs"] or "#" in found["signs"])


def without_separators(text: str) -> str:
    """A text without blank lines, separators and fences at its end.

    A fence stays if it closes a code block that begins inside the text.
    """
    lines, removed = text.rstrip().split("\n"), []
    while lines and has_no_text(lines[-1]):
        removed.append(lines.pop())
    signs = open_fence(lines)
    closing = [line for line in reversed(removed) if signs and line.strip().startswith(signs)]
    return "\n".join([*lines, *closing[:1]]).rstrip()


def without_end_tokens(text: str) -> str:
    """A text without the tokens with which a model ends ("<|im_end|>")."""
    end = len(text.rstrip())
    strikes_through = "<s>" in text  # HTML: "</s>" ends such text
    while token := _END_TOKEN.search(text[max(0, end - _LONGEST_TOKEN) : end]):
        if strikes_through and token[0] == "</s>":
            break
        end -= len(token[0])
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end] if end < len(text.rstrip()) else text


def _without_turn(output: str) -> str:
    """An output without the next turn of a chat ("User: Thanks!") after a separator."""
    lines = output.split("\n")
    separator: int | None = None  # the index of a separator with no text between it and the line
    for i, line in enumerate(lines):
        if separator and _CHAT_TURN.match(line):
            before = lines[:separator]
            return output if open_fence(before) else without_separators("\n".join(before))
        if i and is_separator(line):
            separator = i
        elif line.strip():
            separator = None
    return output


def _without_closing(output: str, certain: bool) -> str:
    """The list's last output without a last line of words to the reader ("Let me know …").

    Unless that is already ``certain``, the line must follow a separator or mention the list.
    """
    lines = output.split("\n")
    if len(lines) < 2 or _LETTER.search(output):
        return output
    last = lines[-1][:300]
    dots = _DOTS.fullmatch(last)
    if not (dots or _CLOSING.match(last)):
        return output
    before = without_separators("\n".join(lines[:-1]))
    between = lines[len(before.split("\n")) : -1]
    after_separator = any(is_separator(line) for line in between)
    to_reader = between and (dots or certain or _MENTIONS_LIST.search(last))
    return before if before and (after_separator or to_reader) else output


def _without_next_heading(output: str, number: int) -> str:
    """The list's last output without the heading of a next task that has no text."""
    lines = output.split("\n")
    before = without_separators("\n".join(lines[:-1]))
    set_apart = len(lines) > 1 and has_no_text(lines[-2])
    if not before or before.endswith((":", "：")) or open_fence(lines[:-1]):
        return output
    return before if _is_next_heading(lines[-1], number + 1, set_apart, before) else output


def _is_next_heading(line: str, number: int, set_apart: bool, before: str) -> bool:
    """Whether a line is the heading of the task ``number``, or the beginning of one."""
    heading = heading_of(line)
    if heading and heading.kind == "task":
        unnumbered = heading.number is None and heading.certainty == 2 and heading.fills_line
        matches = heading.number == number or unnumbered
        return matches and heading.certainty > 0 and (set_apart or heading.fills_line)
    if not heading or heading.kind != "number" or heading.number != number:
        return False
    if not (set_apart or heading.decorated):
        return False
    word = line[heading.end :].strip(" *_:`").lower()
    if not word:
        return True
    above = heading_of(before.rpartition("\n")[2])
    continues_list = above is not None and above.kind == "number" and above.number == number - 1
    begun = len(word) > 1 and any(name.startswith(word) for name in _HEADING_WORDS)
    return begun and not continues_list
