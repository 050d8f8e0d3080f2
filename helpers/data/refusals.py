"""Answers in which a model says that it cannot, or talks about being a model.

Narrower than the filter of generation (:mod:`helpers.filters`), which may turn away a good answer
because another one is made in a second. Here a row is somebody's data: "I apologize for the delay"
is what a shop should write, and a task about excuses, complaints or negations is left alone.
"""

import re

_MODEL = (
    r"(?:an? |just |only |merely )*(?:large |ai |a\.i\. |artificial |intelligence |virtual "
    r"|digital "
    r"|computer |machine |text-based )*(?:ai|a\.i\.|language model|llm|chatbot|gpt(?:-\d)?"
    r"|assistant"
    r"|artificial intelligence|intelligence|program)(?: (?:language )?(?:model|assistant|system))?"
)
_CANNOT = (
    r"(?:can(?:no|['’])t|can not|(?:am|['’]?m) (?:unable|not able|not capable|not allowed)"
    r"|(?:won['’]t|will not)(?: be able)?|could(?: not|n['’]t)|do(?: not|n['’]t) have)"
)
_SERVE = (
    r"(?:to )?(?:(?:help|assist|provide|answer|do (?:that|this|so)|fulfil|complete|comply|create"
    r"|generate|access|perform|write|produce|engage|browse|carry out|respond|process|execute"
    r"|summari[sz]e|translate)\w*\b"
    r"|(?:see|open|view|read|play|visit|show|send|display) (?:\w+ ){0,2}(?:images?|pictures?"
    r"|photos?"
    r"|links?|urls?|websites?|pages?|files?|videos?|audio|e?-?mails?)\b"
    r"|(?:any |the |enough |sufficient |direct )*(?:personal|real[- ]?time|feelings|opinions"
    r"|emotions"
    r"|ability|capab\w+|access|information|context|details|data)\b)"
)
_DO = r"(?:to )?\w+"  # after an apology, whatever it is
_SORRY = r"(?:(?:i['’]?m|i am|we['’]?re|we are)? ?(?:so |very |really |deeply )?(?:sorry|afraid))"
_OPENING = (
    rf"^\W*(?:{_SORRY}|unfortunately|regrettably|(?:i |my )?(?:sincerely )?apologi\w+)"
    r"(?: for (?:any |the )?\w+)?\W+(?:but |that |however,? )*(?:at this time,? |currently,? )?"
)
_PATTERNS = (
    # As a language model, I …
    rf"^.{{0,60}}\bas {_MODEL}(?: (?:created|developed|trained|made|built) by \w+)?,? "
    rf"(?:i|we|my|it|there|you)\b",
    rf"\bas {_MODEL},? i (?:\w+ ){{0,2}}{_CANNOT}",
    rf"\bi(?:['’]m| am) {_MODEL}\b.{{0,80}}?\b{_CANNOT}",
    # I am sorry, but I cannot help with that.
    rf"{_OPENING}(?:i|we)\b ?(?:\w+ly )?{_CANNOT} (?:\w+ly )?{_DO}",
    rf"^\W*(?:no\W+)?(?:i|we)\b ?(?:\w+ly )?{_CANNOT} (?:\w+ly )?{_SERVE}",
    r"^\W*(?:i['’]?m |i am )?sorry\b.{0,20}\b(?:there (?:is|was|are) no|you (?:did not|didn['’]t"
    r"|have not"
    r"|haven['’]t)|i (?:do not|don['’]t) see)\b.{0,60}\b(?:provide|given|attach|image|input|text"
    r"|link)",
    r"^\W*(?:i (?:must|have to) (?:decline|refuse)|i (?:do not|don['’]t) feel comfortable)",
    # The task cannot be done by a model.
    r"^\W*(?:sorry\W+|unfortunately\W+)?(?:but )?(?:this|the)(?: \w+)? (?:task|instruction|request"
    r"|prompt)s? (?=is|involves|requires|can|does|would|goes|falls|violates|asks).{0,160}?"
    r"\b(?:cannot|can['’]t|unable|not|beyond|outside|violates|against)\b.{0,80}?\b(?:gpt|ai|model"
    r"|completed?|performed|done|fulfilled|generated?|polic(?:y|ies)|guidelines)\b",
    r"^\W*(?:sorry\W+|unfortunately\W+)?(?:this|the) (?:task|request) (?:requires"
    r"|involves)\b.{0,120}"
    r"\b(?:cannot|can['’]t) be (?:done|completed|performed|generated)\b",
    r"^\W*sorry\W+(?:but )?(?:this|the)\b.{0,80}\b(?:cannot|can['’]t|not possible)\b",
    r"^\W*(?:unable to (?:perform|complete|generate|process|access)|no output\b.{0,20}\b(?:gpt"
    r"|model))",
    r"^\W*it is (?:not possible|impossible) for (?:me|an? (?:ai|model|language model))\b",
    r"\b(?:openai['’]s|content|usage) polic(?:y|ies)\b.{0,40}\b(?:prohibit|not allow|violat)",
    # Indonesian
    r"^\W*(?:(?:saya |kami )?(?:mohon |minta )?maaf|sayangnya|sayang sekali)\b.{0,40}?\b(?:saya"
    r"|kami"
    r"|aku|permintaan|tugas|hal)\b.{0,20}?\b(?:tidak|tak|belum) (?:bisa|dapat|mampu|boleh|memiliki"
    r"|punya|diizinkan)",
    r"^\W*(?:saya|kami) (?:tidak|tak|belum) (?:bisa|dapat|mampu) (?:membantu|menjawab|memberikan"
    r"|melakukan|memenuhi|membuat|mengakses|melihat|membuka|menyediakan|memproses|menulis)",
    r"\bsebagai (?:sebuah )?(?:ai|model bahasa|asisten (?:ai|virtual)|kecerdasan buatan"
    r"|model ai)\b",
    r"^\W*(?:saya|aku)(?: ini)?(?: hanya(?:lah)?| adalah)* (?:sebuah )?(?:ai|model bahasa"
    r"|kecerdasan"
    r" buatan|asisten ai)\b.{0,60}\b(?:tidak|tak|bukan)\b",
    # Korean
    r"^\W*(?:죄송|미안|유감|아쉽)[^\n]{0,80}?(?:수 ?(?:가|는)? ?없|못 ?(?:합|해|하)|어렵(?:습|네"
    r"|다)|불가능)",
    r"(?:AI|인공 ?지능|언어 ?모델|챗봇|어시스턴트)(?:로서|로써|으로서|이라서?|이기|이므로|라서"
    r"|입니다)"
    r"[^\n]{0,80}?(?:없|않|못|어렵|불가)",
    r"^[^\n]{0,30}(?:AI|인공 ?지능|언어 ?모델)(?:로서|으로서)",
    r"^[^\n]{0,40}(?:도와 ?드릴|답변 ?(?:해 ?)?(?:드릴|할)|답해? ?드릴|제공 ?(?:해 ?)?(?:드릴|할)"
    r"|대답할) 수"
    r" ?(?:가|는)? ?없",
    # Others, as they occur in data that was translated or mixed
    r"^\W*(?:lo siento|désolée?|tut mir leid|es tut mir leid|desculpe|spiacente"
    r"|mi dispiace)\b.{0,40}?"
    r"\b(?:no puedo|ne peux pas|kann (?:ich )?|não posso|non posso)",
    r"^.{0,40}\b(?:como (?:un )?modelo de lenguaje|en tant qu[e'’] ?(?:ia|modèle)|als (?:ki|"
    r"sprachmodell)|como (?:uma? )?(?:ia|modelo de linguagem))\b",
    r"^\W*(?:很?抱歉|对不起|對不起)[^\n]{0,20}(?:无法|無法|不能|没有|沒有)",
    r"作为(?:一个|一名)?(?:AI|人工智能|语言模型)",
    r"^\W*申し訳[^\n]{0,60}(?:できません|できかねます|ありません。?私)",
    r"(?:AI|言語モデル)(?:アシスタント)?として",
)
_REFUSAL = re.compile("|".join(_PATTERNS), re.I)
# Tasks whose good answer may say sorry or no, or speak about models.
_ABOUT_IT = re.compile(
    r"\b(apolog\w*|excuses?|sorry|refus\w*|declin\w*|reject\w*|complain\w*|negati\w*|can(?:no"
    r"|['’])?t"
    r"|can not|will not|won['’]t|regret\w*|unable|not able|impossible|unfortunately|do(?: not"
    r"|n['’]t) understand|disagree\w*"
    r"|say(?:ing)? no|turn\w* down|roleplay|role-play|dialogue|chatbot|assistant|robot"
    r"|maaf\w*|alasan|menolak|penolakan|tidak (?:bisa|dapat)|percakapan|robot"
    r")\b|사과|거절|변명|핑계|죄송|미안|못 ?(?:하|해)|수 없|대화|챗봇|로봇",
    re.I,
)
_HEAD = 400  # characters: a refusal comes early, and answers about models come in all lengths


def refuses(row: dict) -> bool:
    """Whether a row's output refuses the task, in English, Indonesian, Korean and some others."""
    found = _REFUSAL.search(row["output"][:_HEAD])
    return bool(found) and not _ABOUT_IT.search(row["instruction"] + "\n" + row["input"][:_HEAD])
