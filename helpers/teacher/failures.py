"""Decide what a failed request means: temporary, a wrong key, no money, a content filter.

Providers and gateways agree on little. They differ in status, in codes, and in where the reason
is. Each function here answers one question about an exception of the ``openai`` client. What is
said to the user is in :mod:`helpers.teacher.failure_messages`.
"""

import json
import re

from helpers.teacher.error_bodies import LONGEST_TEXT, error_codes, error_message, status_in
from helpers.teacher.retry_delays import retry_after

# A gateway that gave up waiting for the server behind it, which may have answered all the same.
_GATEWAY_STATUS = {408, 499, 502, 504, *range(520, 528)}
_TEMPORARY_STATUS = {408, 409, 420, 423, 424, 425, 429, 498, 499}
_REFUSED_KEY = re.compile(
    r"(?:invalid|incorrect|wrong|bad|missing|malformed|unknown|expired|revoked|no)[_ ]"
    r"(?:api|auth\w{0,20}|access)[_ -]?(?:key|token|credentials?)?\b|"
    r"(?:api|access|auth\w{0,20})[_ -]?(?:key|token)\b.{0,30}\b(?:invalid|not valid|incorrect|"
    r"expired|revoked|missing|required|not found|wrong|malformed|unknown)|"
    r"api_?key_?(?:invalid|expired)|\bunauthori[sz]ed\b|unauthenticated|"
    r"authentication[_ ](?:error|failed|fails|required)|"
    r"(?:invalid|expired)[_ ](?:token|credentials?)|login fail|令牌|密钥|鉴权|"
    r"api ?key\W{0,3}(?:不|无效|错误)",
    re.I,
)
_NO_MONEY = re.compile(
    r"insufficient[_ ](?:account[_ ])?(?:quota|credits?|balance|funds)|"
    r"(?:balance|credits?|funds)\b.{0,20}\b(?:insufficient|exhausted|depleted|used up|too low)|"
    r"not enough (?:credit|balance)|billing_(?:hard_limit_reached|not_active)|"
    r"(?:no|out of|exceeded your) credits|payment[_ ](?:method )?required|key limit exceeded|"
    r"(?:reached|exceeded).{0,30}(?:spend|usage)\w{0,20}[_ ]limit|"
    r"budget (?:has been |is )?exceeded|budget_exceeded|arrears|欠费|余额",
    re.I,
)
# Gemini uses these words for a limit per minute as well, but then it says how long to wait.
_NO_QUOTA = re.compile(
    r"exceeded your current quota|per[-_ ]?day\b|PerDay|\b(?:daily|monthly)\b|usage limit", re.I
)
# The words are about a whole account, not about one prompt.
_CLOSED_ACCOUNT = re.compile(
    r"(?:account|organi[sz]ation|project|access|api key|subscription|user)\b.{0,40}\b(?:disabled|"
    r"suspended|deactivated|terminated|banned|closed|revoked|restricted|not active|inactive|"
    r"(?:been|is) blocked)|account_(?:deactivated|suspended|disabled|closed|banned)|"
    r"access[_ ]terminated|missing scopes?|insufficient permissions?|country|territory|"
    r"(?:have|need|lacks?|without) (?:\w{1,40} )?(?:permissions?|scopes?)",
    re.I,
)
_UNKNOWN_MODEL = re.compile(r"model_not_found|\bmodel\b.{0,60}\bdoes not exist|no such model", re.I)
_BUSY = re.compile(
    r"overloaded|(?:at|over|no|insufficient) capacity|capacity (?:exceeded|reached)|"
    r"not (?:yet )?ready|(?:is|still) (?:currently )?loading|temporar|warming up|"
    r"try again (?:later|in\b|shortly|soon)|too many requests|\bbusy\b",
    re.I,
)
# What content filters say in codes, types and messages: OpenAI, Azure, DashScope, DeepSeek,
# OpenRouter, LiteLLM, Bedrock, Gemini, Moonshot, MiniMax, xAI, Cohere and Hunyuan.
_CONTENT_FILTER = re.compile(
    r"content[_ ]?(?:policy|filter|management|safety)|ContentPolicyViolation|"
    r"content exists risk|considered high risk|risk control|"
    r"guardrail|toxic|jailbreak|hate speech|block_?reason|违禁|内容安全|风险|정책 위반|"
    r"data_?inspection|inappropriate content|moderation|(?:prompt|input|request|content)\b.{0,40}"
    r"\bflagged|flagged\b.{0,60}\b(?:prompt|input|content|polic)|responsible[_ ]?ai[_ ]?polic|"
    r"safety[_ ](?:system|filter|setting|polic|check|reason|guideline)|prohibited[_ ]content|"
    r"blocked by .{0,40}(?:safety|filter|guardrail|polic)|guardrail_?intervened|"
    r"blocked[_ ](?:output|input|prompt|response|content|due)|"
    r"(?:output|input|prompt|response|content|request)\b.{0,30}\b(?:was|is|been|got)? ?blocked|"
    r"(?<!case)(?<!case.)sensitive\b(?! parameter)|\bnsfw\b|unsafe|harmful|sexual|"
    r"violat\w{1,10} .{0,60}(?:usage|content|use|safety|our|the|\w) ?(?:polic|guideline|terms)|"
    r"usage (?:polic|guideline)|SensitiveContent|"
    r"敏感|违规|违法|不合规|不安全|审核|유해|부적절",
    re.I,
)


class InvalidReply(Exception):
    """A reply with status 200 that is not an answer: not JSON, or JSON without choices.

    ``body`` is the error that some gateways send with status 200, and ``status_code`` the status
    that this error names, if any.
    """

    def __init__(self, message: str, body: object = None):
        super().__init__(message)
        self.body, self.status_code = body, status_in(body)


def is_temporary(error: Exception) -> bool:
    """Whether the same request may succeed later."""
    import openai

    status = status_of(error)
    if status is not None:
        busy = status not in (401, 402, 403, 413) and _BUSY.search(_words_of(error))
        return status in _TEMPORARY_STATUS or status >= 500 or bool(busy)
    if isinstance(error, InvalidReply):
        return not (is_key_error(error) or is_payment_error(error))
    return isinstance(
        error,
        (openai.APIConnectionError, openai.APIResponseValidationError,
         json.JSONDecodeError, UnicodeDecodeError),
    )  # fmt: skip


def may_be_charged(error: Exception) -> bool:
    """Whether the provider may charge a try that failed, because the server may have answered it.

    False if the server was never reached, or if it refused the request. A gateway that gave up
    waiting says nothing about the server behind it, so there the answer is True.
    """
    status = status_of(error)
    if status is not None:
        return status in _GATEWAY_STATUS
    if isinstance(error, InvalidReply) and is_account_error(error):
        return False
    cause: BaseException | None = error
    while cause is not None:
        # Compared by name, because the client uses httpx or httpx2, depending on its version.
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
            return False
        cause = cause.__cause__
    return True


def is_key_error(error: Exception) -> bool:
    """Whether the server refuses the key itself, whatever the status."""
    status = status_of(error)
    if status == 401:
        return True
    return status in (None, 400, 403) and bool(_REFUSED_KEY.search(_words_of(error)))


def is_payment_error(error: Exception) -> bool:
    """Whether the account has no money or quota left, and waiting a minute would not help."""
    status, words = status_of(error), _words_of(error)
    if status == 402 or _NO_MONEY.search(words):
        return True
    if status not in (None, 400, 403, 429) or not _NO_QUOTA.search(words):
        return False
    return retry_after(error) is None


def is_closed_account(error: Exception) -> bool:
    """Whether the server says that the account, or this key's access, is closed or restricted."""
    return bool(_CLOSED_ACCOUNT.search(_words_of(error)))


def is_account_error(error: Exception) -> bool:
    """Whether a failure is about the key or the account, not about one request."""
    return is_key_error(error) or is_payment_error(error) or is_closed_account(error)


def is_unknown_model(error: Exception) -> bool:
    """Whether the server says that it does not have the model."""
    return bool(_UNKNOWN_MODEL.search(_words_of(error)))


def is_filtered_prompt(error: Exception) -> bool:
    """Whether the provider's content filter refused this one prompt; another may be accepted."""
    status = status_of(error)
    if status not in (400, 403, 422, 451, 500) and not isinstance(error, InvalidReply):
        return False
    if is_account_error(error):
        return False
    return status == 451 or bool(_CONTENT_FILTER.search(_words_of(error)))


def status_of(error: Exception) -> int | None:
    """The HTTP status of a failure, or that of the error in a reply with status 200; or None."""
    return getattr(error, "status_code", None)


def body_of(error: Exception) -> object:
    """The JSON body of a failure, or None."""
    return getattr(error, "body", None)


def _words_of(error: Exception) -> str:
    """Codes and message of a failure, joined to one text to search in, of bounded length."""
    body = body_of(error)
    return f"{error_codes(body)} {error_message(body) or str(error)[:LONGEST_TEXT]}"
