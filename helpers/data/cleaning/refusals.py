"""Detect answers in which a model refuses the task, or talks about being a model.

These rules reject fewer answers than those in ``filters``, which may reject a good answer because
the teacher can write another one. Here nobody can replace a row. "We cannot offer a refund" is a
good answer of a shop. So a task that asks for a message, a scene or an excuse may be answered with
"I can't". Only a model's own words ("As an AI language model, …") count as a refusal there too.
"""

import re

from helpers.data.cleaning.word_patterns import one_of, pattern
from helpers.files.row_shapes import Task

_KINDS = (
    "large", "ai", r"a\.i\.", "artificial", "intelligence", "virtual", "digital", "computer",
    "machine", "text-based",
)  # fmt: skip
_MODELS = (
    "ai", r"a\.i\.", "language model", "llm", "chatbot", r"gpt(?:-\d)?", "assistant",
    "artificial intelligence", "intelligence", "program",
)  # fmt: skip
_MODEL = (
    rf"(?:an? |just |only |merely )*(?:{one_of(_KINDS)} )*{one_of(_MODELS)}"
    r"(?: (?:language )?(?:model|assistant|system))?"
)
_PRODUCTS = ("chatgpt", r"gpt-?\d", "claude", "bard", "gemini", "bing chat")
_CANNOT = one_of(
    "can(?:no|['’])t", "can not", "(?:am|['’]?m) (?:unable|not able|not capable|not allowed)",
    "(?:won['’]t|will not)(?: be able)?", "could(?: not|n['’]t)", "do(?: not|n['’]t) have",
)  # fmt: skip
_I_CANNOT = r"\bi(?: can(?:no|['’])t| can not|(?:['’]?m| am) (?:unable|not able)| won['’]t be able)"
_SERVICES = (
    "help", "assist", "provide", "answer", "do (?:that|this|so)", "fulfil", "complete", "comply",
    "create", "generate", "access", "perform", "write", "produce", "engage", "browse", "carry out",
    "respond", "process", "execute", r"summari[sz]e", "translate",
)  # fmt: skip
_SHOWING = ("see", "open", "view", "read", "play", "visit", "show", "send", "display")
_SHOWN = (
    "images?", "pictures?", "photos?", "links?", "urls?", "websites?", "pages?", "files?",
    "videos?", "audio", "e?-?mails?",
)  # fmt: skip
_LACKED = (
    "personal", "real[- ]?time", "feelings", "opinions", "emotions", "ability", r"capab\w+",
    "access", "information", "context", "details", "data",
)  # fmt: skip
_SERVE = "(?:to )?" + one_of(
    rf"{one_of(_SERVICES)}\w*\b",
    rf"{one_of(_SHOWING)} (?:\w+ ){{0,2}}{one_of(_SHOWN)}\b",
    rf"(?:any |the |enough |sufficient |direct )*{one_of(_LACKED)}\b",
)
_MATERIAL = one_of(
    "text", "articles?", "passage", "paragraph", "sentences?", "input", "image", "code", "links?",
    "document", "file", "data", "list", "details", "information", "context", "content",
)  # fmt: skip
_SORRY = r"(?:(?:i['’]?m|i am|we['’]?re|we are)? ?(?:so |very |really |deeply )?(?:sorry|afraid))"
_OPENING = (
    rf"^\W*(?:{_SORRY}|unfortunately|regrettably|(?:i |my )?(?:sincerely )?apologi\w+)"
    r"(?: for (?:any |the )?\w+)?\W+(?:but |that |however,? )*(?:at this time,? |currently,? )?"
)
_ADVERB = r"(?:\w+ly )?"

# Phrases that only a model uses, about itself or about the request.
_MODEL_PHRASES = (
    rf"^.{{0,60}}\b(?:as|being) {_MODEL}(?: (?:created|developed|trained|made|built) by \w+)?,? "
    r"(?:i|we|my|it|there|you)\b",
    rf"\bas {_MODEL},? i (?:\w+ ){{0,2}}{_CANNOT}",
    rf"\bi(?:['’]m| am) {_MODEL}\b.{{0,80}}?\b{_CANNOT}",
    rf"^\W*(?:hello\W+|hi\W+)?i(?:['’]m| am) {one_of(_PRODUCTS)}\b",
    rf"\bi(?:['’]m| am) {_MODEL},? (?:created|developed|trained|made|built) by \w+",
    rf"{_I_CANNOT} ?(?:to )?(?:help|assist)(?: \w+)?(?: with)? (?:that|this|your|such)\b",
    rf"{_I_CANNOT} ?(?:to )?(?:fulfil|comply|complete|assist|generate|process)\w*\b.{{0,20}}"
    r"\b(?:requests?|prompt|task)",
    r"^\W*(?:sorry\W+|unfortunately\W+)?(?:but )?(?:this|the)(?: \w+)?"
    r" (?:task|instruction|request|prompt)s?"
    r" (?=is|involves|requires|can|does|would|goes|falls|violates|asks).{0,160}?"
    r"\b(?:cannot|can['’]t|unable|not|beyond|outside|violates|against)\b.{0,80}?"
    r"\b(?:gpt|ai|model|completed?|performed|done|fulfilled|generated?|polic(?:y|ies)|guidelines)\b",
    r"^\W*(?:sorry\W+|unfortunately\W+)?(?:this|the) (?:task|request) (?:requires|involves)\b"
    r".{0,120}\b(?:cannot|can['’]t) be (?:done|completed|performed|generated)\b",
    r"^\W*sorry\W+(?:but )?(?:this|the (?:task|request))\b.{0,40}\b(?:cannot|can['’]t) be "
    r"(?:done|completed|performed|generated|automated)\b",
    r"\bthe (?:gpt|ai|language)(?:-\d)? model (?:cannot|can['’]t|is (?:unable|not able))\b",
    r"^\W*(?:unable to (?:perform|complete|generate|process|access)"
    r"|no output\b.{0,20}\b(?:gpt|model))",
    r"^\W*it is (?:not possible|impossible) for (?:me|an? (?:ai|model|language model))\b",
    r"\b(?:openai['’]s|content|usage) polic(?:y|ies)\b.{0,40}\b(?:prohibit|not allow|violat)",
)
# Phrases that a person may use too, in a message or a story.
_COMMON_PHRASES = (
    rf"{_OPENING}(?:i|we)\b ?{_ADVERB}{_CANNOT}(?: {_ADVERB}(?:to )?\w+|\W*$)",
    rf"^\W*(?:no\W+)?(?:i|we)\b ?{_ADVERB}{_CANNOT} {_ADVERB}{_SERVE}",
    r"^\W*(?:i['’]?m |i am )?sorry\b.{0,20}\b(?:there (?:is|was|are) no"
    r"|you (?:did not|didn['’]t|have not|haven['’]t)|i (?:do not|don['’]t) see)\b.{0,60}"
    r"\b(?:provide|given|attach|image|input|text|link)",
    r"^\W*(?:i (?:must|have to) (?:decline|refuse)|i (?:do not|don['’]t) feel comfortable)",
    r"^\W*sorry\W+(?:but )?(?:this|the)\b.{0,80}\b(?:cannot|can['’]t|not possible)\b",
    # The material of the task is missing.
    r"^\W*(?:sorry\W+(?:but )?)?(?:please|(?:could|can) you(?: please)?|kindly) "
    rf"(?:provide|share|give|paste|send|enter|specify|upload)\b.{{0,60}}\b{_MATERIAL}\b.{{0,30}}"
    r"\b(?:you (?:would |['’]d )?(?:like|want|need)|you['’]d like|for) me to\b",
    r"^\W*(?:it (?:seems|looks|appears)(?: like| that| as if)* )?(?:you (?:did not|didn['’]t"
    r"|have not|haven['’]t|forgot to) (?:provid|includ|attach|specif|past|shar|upload|giv)\w*)"
    rf"(?: \w+){{0,4}} {_MATERIAL}\b",
)
_INDONESIAN_MODEL = (
    r"\bsebagai (?:sebuah )?(?:ai|model bahasa|asisten (?:ai|virtual)|kecerdasan buatan"
    r"|model ai)\b",
    r"^\W*(?:saya|aku)(?: ini)?(?: hanya(?:lah)?| adalah)* (?:sebuah )?"
    r"(?:ai|model bahasa|kecerdasan buatan|asisten ai)\b.{0,60}\b(?:tidak|tak|bukan)\b",
)
_INDONESIAN = (
    r"^\W*(?:(?:saya |kami )?(?:mohon |minta )?maaf|sayangnya|sayang sekali)\b.{0,40}?"
    r"\b(?:saya|kami|aku|permintaan|tugas|hal)\b.{0,20}?"
    r"\b(?:tidak|tak|belum) (?:bisa|dapat|mampu|boleh|memiliki|punya|diizinkan)",
    r"^\W*(?:saya|kami) (?:tidak|tak|belum) (?:bisa|dapat|mampu) (?:membantu|menjawab|memberikan"
    r"|melakukan|memenuhi|membuat|mengakses|melihat|membuka|menyediakan|memproses|menulis)",
)
_KOREAN_MODEL = (
    r"(?:AI|인공 ?지능|언어 ?모델|챗봇|어시스턴트)"
    r"(?:로서|로써|으로서|이라서?|이기|이므로|라서|입니다)[^\n]{0,80}?(?:없|않|못|어렵|불가)",
    r"^[^\n]{0,30}(?:AI|인공 ?지능|언어 ?모델)(?:로서|으로서)",
    r"^[^\n]{0,20}요청하신 (?:내용|작업|이미지|글|사항)[^\n]{0,20}(?:생성|작성|수행|처리|제공)"
    r"\w{0,3} ?(?:할|해 ?드릴|드릴)? ?수 ?(?:가|는)? ?없",
)
_KOREAN = (
    r"^\W*(?:죄송|미안|유감|아쉽)[^\n]{0,80}?"
    r"(?:수 ?(?:가|는)? ?없|못 ?(?:합|해|하)|어렵(?:습|네|다)|불가능)",
    r"^[^\n]{0,40}(?:도와 ?드릴|답변 ?(?:해 ?)?(?:드릴|할)|답해? ?드릴|제공 ?(?:해 ?)?(?:드릴|할)"
    r"|대답할) 수 ?(?:가|는)? ?없",
    r"^[^\n]{0,40}답변(?:을)? ?(?:드리기|하기)(?:가|는)? ?어렵",
)
_OTHER_LANGUAGES = (  # from translated or mixed data
    r"^\W*(?:lo siento|désolée?|tut mir leid|es tut mir leid|desculpe|spiacente|mi dispiace)\b"
    r".{0,40}?\b(?:no puedo|ne peux pas|kann (?:ich )?|não posso|non posso)",
    r"^\W*(?:很?抱歉|对不起|對不起)[^\n]{0,20}(?:无法|無法|不能|没有|沒有)",
    r"^\W*申し訳[^\n]{0,60}(?:できません|できかねます|ありません。?私)",
)
_OTHER_LANGUAGES_MODEL = (
    r"^.{0,40}\b(?:como (?:un )?modelo de lenguaje|en tant qu[e'’] ?(?:ia|modèle)"
    r"|als (?:ki|sprachmodell)|como (?:uma? )?(?:ia|modelo de linguagem))\b",
    r"作为(?:一个|一名)?(?:AI|人工智能|语言模型)",
    r"(?:AI|言語モデル)(?:アシスタント)?として",
)
_BY_A_MODEL = pattern(
    one_of(_MODEL_PHRASES, _INDONESIAN_MODEL, _KOREAN_MODEL, _OTHER_LANGUAGES_MODEL)
)
_BY_ANYONE = pattern(one_of(_COMMON_PHRASES, _INDONESIAN, _KOREAN, _OTHER_LANGUAGES))

# Tasks whose good answer may apologise, say no, or be about models.
_SAYING_NO = (
    r"apolog\w*", "excuses?", "sorry", r"refus\w*", r"declin\w*", r"reject\w*", r"complain\w*",
    r"negati\w*", "can(?:no|['’])?t", "can not", "will not", "won['’]t", r"regret\w*", "unable",
    "not able", "impossible", "unfortunately", "do(?: not|n['’]t) understand", r"disagree\w*",
    r"say(?:ing)? no", r"turn\w* down", "roleplay", "role-play", "dialogue", "chatbot", "assistant",
    "robot", "chatgpt",
)  # fmt: skip
_SAYING_NO_IN_INDONESIAN = (
    r"maaf\w*", "alasan", "menolak", "penolakan", "tidak (?:bisa|dapat)", "percakapan",
)  # fmt: skip
_SAYING_NO_IN_KOREAN = (
    "사과", "거절", "변명", "핑계", "죄송", "미안", "못 ?(?:하|해)", "수 없", "대화", "챗봇",
    "로봇",
)  # fmt: skip
_ABOUT_SAYING_NO = pattern(
    rf"\b{one_of(_SAYING_NO, _SAYING_NO_IN_INDONESIAN)}\b|{one_of(_SAYING_NO_IN_KOREAN)}"
)
# Tasks that ask for the words of another person: a message, a scene, a translation.
_MESSAGES = (
    "messages?", "e-?mails?", "letters?", "sms", "repl(?:y|ies)", "respond", "responses?", "notes?",
    "tweets?", "posts?", "memos?", "announcements?", "notices?", "customers?", "clients?",
    "refunds?", "guests?", "voicemail", "break-?ups?", "break up", "breaking up",
    r"(?:write|send|compose|draft|give me)\b.{0,30}\btexts?", "tell (?:him|her|them|my)",
    "what (?:would|could|should|do) (?:i|you|we|one) say",
    r"what (?:would|could|should|might|does|did|do)\b.{0,40}\bsay", "speech", "toast", r"resign\w*",
)  # fmt: skip
_FICTION = (
    "stor(?:y|ies)", "novels?", "scenes?", "scripts?", "monologues?", "characters?", "lyrics",
    "songs?", "poems?", "haiku", "plays?", "diary", "journal", "fiction", "in the voice", "opening",
    "phrases?", "sayings?", "lines?", "quotes?", "persona", "first person", "confession", "said",
)  # fmt: skip
_INVENTING = one_of(
    "write", "compose", "create", "invent", "continue", "generate", "give", "tell", "make", "what",
    "imagine", "pretend", "how", "complete",
)  # fmt: skip
_MESSAGES_IN_INDONESIAN = (
    "pesan", "surat", "surel", "balasan", "balas", "pelanggan", "cerita", "dialog", "naskah",
    "puisi", "lirik",
)  # fmt: skip
_MESSAGES_IN_KOREAN = (
    "문자", "메시지", "메일", "편지", "답장", "회신", "안내", "공지", "대본", "이야기", "소설",
    "고객", "손님", "대사", "독백", "가사", "일기", "글을",
)  # fmt: skip
_WORDS_OF_OTHERS = pattern(
    rf"\b{one_of(_MESSAGES, _MESSAGES_IN_INDONESIAN)}\b|{one_of(_MESSAGES_IN_KOREAN)}"
    rf"|\b{_INVENTING}\b.{{0,80}}\b{one_of(_FICTION)}\b"
)
_REWORDING = pattern(
    r"\b(?:translat\w*|paraphras\w*|rewrit\w*|rephras\w*|correct\w*|fix\w*|punctuat\w*"
    r"|transcrib\w*|terjemah\w*)\b|번역|고쳐|고치"
)
_BEGINNING = 400  # characters: a refusal comes early


def refuses(task: Task) -> bool:
    """Whether an output refuses its task, in English, Indonesian, Korean and some others."""
    answer, instruction = task["output"][:_BEGINNING], task["instruction"]
    if _ABOUT_SAYING_NO.search(instruction + "\n" + task["input"][:_BEGINNING]):
        return False
    if _BY_A_MODEL.search(answer):
        return True
    has_text = task["input"].strip() or re.search(r"[:：\"“'‘]", instruction)
    if _WORDS_OF_OTHERS.search(instruction) or (has_text and _REWORDING.search(instruction)):
        return False
    return bool(_BY_ANYONE.search(answer))
