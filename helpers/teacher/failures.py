"""What a failed request means: does it pass, is it final, was it a filter, may it be charged?

Providers and gateways agree on little: statuses, codes, and where in a reply the reason is. Here a
failure of the ``openai`` client is read into the server's own words and into a decision.
"""

import json
import re

from helpers.safe_io.printable import printable
from helpers.teacher.endpoint import Endpoint
from helpers.teacher.error_bodies import (
    LONGEST,
    error_codes,
    error_message,
    header_pause,
    message_or_body,
    named_in,
    pause_in,
    status_in,
)
from helpers.teacher.keys import hide
from helpers.teacher.request_parameters import learn_from_refusal

LONGEST_WAIT = 60.0  # seconds that a server may ask us to wait
GATEWAY = {408, 499, 502, 504, *range(520, 528)}  # gave up on a server that may have answered
PASSING = {408, 409, 420, 423, 424, 425, 429, 498, 499}
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
# Gemini says this of a minute's limit as well, and then how long to wait.
_NO_QUOTA = re.compile(
    r"exceeded your current quota|per[-_ ]?day\b|PerDay|\b(?:daily|monthly)\b|usage limit", re.I
)
# What speaks of a whole account, not of one prompt.
_CLOSED = re.compile(
    r"(?:account|organi[sz]ation|project|access|api key|subscription|user)\b.{0,40}\b(?:disabled|"
    r"suspended|deactivated|terminated|banned|closed|revoked|restricted|not active|inactive|"
    r"(?:been|is) blocked)|account_(?:deactivated|suspended|disabled|closed|banned)|"
    r"access[_ ]terminated|missing scopes?|insufficient permissions?|country|territory|"
    r"(?:have|need|lacks?|without) (?:\w{1,40} )?(?:permissions?|scopes?)",
    re.I,
)
_NO_MODEL = re.compile(r"model_not_found|\bmodel\b.{0,60}\bdoes not exist|no such model", re.I)
_SOON = re.compile(
    r"overloaded|(?:at|over|no|insufficient) capacity|capacity (?:exceeded|reached)|"
    r"not (?:yet )?ready|(?:is|still) (?:currently )?loading|temporar|warming up|"
    r"try again (?:later|in\b|shortly|soon)|too many requests|\bbusy\b",
    re.I,
)
# A filter's words in codes, types and messages of OpenAI, Azure, DashScope, DeepSeek, OpenRouter,
# LiteLLM, Bedrock, Gemini, Moonshot, MiniMax, xAI, Cohere and Hunyuan.
_FILTER = re.compile(
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


class HalfAnswer(Exception):
    """A reply that is no answer: not JSON, or JSON without what the protocol promises.

    ``body`` is the error that some gateways send with status 200, and ``status_code`` the status
    that it names, if any.
    """

    def __init__(self, said: str, body: object = None):
        super().__init__(said)
        self.body, self.status_code = body, status_in(body)


def learns_from_refusal(error: Exception, sent: dict, endpoint: Endpoint) -> bool:
    """Whether a failure refuses a parameter of ``sent``, so that another try will be different."""
    status = _status(error)
    refuses = status in (400, 403, 404, 405, 422, 500, 501)
    if not (refuses or (status is None and isinstance(error, HalfAnswer))):
        return False
    if is_filtered_prompt(error) or _is_of_the_account(error):
        return False
    said, found = server_message(error, endpoint), named_in(_body(error))
    return learn_from_refusal(said, found, sent, endpoint, sure=status in (400, 422))


def is_temporary(error: Exception) -> bool:
    """Whether a failure is of the kind that passes by itself."""
    import openai

    status = _status(error)
    if status is not None:
        soon = status not in (401, 402, 403, 413) and _SOON.search(_said(error))
        return status in PASSING or status >= 500 or bool(soon)
    if isinstance(error, HalfAnswer):
        return not (is_key_error(error) or is_payment_error(error))
    return isinstance(
        error,
        (openai.APIConnectionError, openai.APIResponseValidationError,
         json.JSONDecodeError, UnicodeDecodeError),
    )  # fmt: skip


def may_be_charged(error: Exception) -> bool:
    """Whether a server may have answered, and charged, a try that failed.

    Not where it was never reached, nor where it refused; a gateway that gave up waiting says
    nothing about the server behind it.
    """
    status = _status(error)
    if status is not None:
        return status in GATEWAY
    if isinstance(error, HalfAnswer) and _is_of_the_account(error):
        return False
    cause = error
    while cause is not None:
        # By name: the client speaks HTTP through httpx or httpx2, from version to version.
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
            return False
        cause = cause.__cause__
    return True


def is_key_error(error: Exception) -> bool:
    """Whether a failure refuses the key itself, whatever its status."""
    status = _status(error)
    return status == 401 or (status in (None, 400, 403) and bool(_REFUSED_KEY.search(_said(error))))


def is_payment_error(error: Exception) -> bool:
    """Whether a failure says that an account has no money or quota left, and not only just now."""
    if _status(error) == 402 or _NO_MONEY.search(_said(error)):
        return True
    if _status(error) not in (None, 400, 403, 429) or not _NO_QUOTA.search(_said(error)):
        return False
    return retry_after(error) is None


def _is_of_the_account(error: Exception) -> bool:
    closed = _CLOSED.search(_said(error))
    return is_key_error(error) or is_payment_error(error) or bool(closed)


def final_reason(error: Exception, endpoint: Endpoint) -> str | None:
    """Why there is no use in sending again, in the server's words and with the way out; or None."""
    place, status, said = endpoint.base_url, _status(error), server_message(error, endpoint)
    if status is None and (not isinstance(error, HalfAnswer) or is_temporary(error)):
        return None
    sentence = said.rstrip(". ")
    if is_key_error(error):
        return (
            f"{place} refuses the key: {sentence}. Check the environment variable "
            f"{endpoint.key_env} (a new line at its end? a key of another provider?)."
        )
    if is_payment_error(error):
        return (
            f"the account at {place} has no money or quota left: {sentence}. Top it up there; "
            "what was answered is kept."
        )
    if not is_temporary(error):
        return _why_refused(error, endpoint, said)
    asked = retry_after(error)
    if asked is not None and asked > LONGEST_WAIT:
        return (
            f"{place} asks for a pause of {asked:.0f} seconds: {sentence}. What was answered is "
            "kept; start again after that."
        )
    return None


def _why_refused(error: Exception, endpoint: Endpoint, said: str) -> str:
    place, status = endpoint.base_url, _status(error)
    if status == 404 or _NO_MODEL.search(_said(error)):
        return (
            f"{place} knows no model {endpoint.model!r}, or not this kind of request: "
            f"{said.rstrip('. ')}. Check the name and the address (it ends in /v1)."
        )
    if status == 403 or _CLOSED.search(_said(error)):
        return f"{place} does not let this key use {endpoint.model!r}: {said}"
    if status in (400, 413, 422):
        return f"{place} cannot read the request: {said}"
    return f"{place} answers {status}: {said}"


def retry_after(error: Exception) -> float | None:
    """Seconds the server asks us to wait, in a header or in its words; or None."""
    response = getattr(error, "response", None)
    header = response.headers.get("retry-after") if response is not None else None
    pause = header_pause(header)
    return pause_in(_body(error)) if pause is None else pause


def is_filtered_prompt(error: Exception) -> bool:
    """Whether a provider's content filter refused this one prompt; the next may pass."""
    if _status(error) not in (400, 403, 422, 451, 500) and not isinstance(error, HalfAnswer):
        return False
    if _is_of_the_account(error):
        return False
    return _status(error) == 451 or bool(_FILTER.search(_said(error)))


def _status(error: Exception) -> int | None:
    """The HTTP status of a failure, or of the error that a reply with status 200 holds."""
    return getattr(error, "status_code", None)


def _body(error: Exception) -> object:
    return getattr(error, "body", None)


def _said(error: Exception) -> str:
    """Codes and words of a failure, as one text of bounded length to search in."""
    return f"{error_codes(_body(error))} {error_message(_body(error)) or str(error)[:LONGEST]}"


def server_message(error: Exception, endpoint: Endpoint) -> str:
    """A server's own words of a failure, at most 300 characters of them, without the key."""
    said = message_or_body(_body(error)) or str(error)[:LONGEST]
    return _without_key(said, endpoint)[:300]


def describe_error(error: Exception, endpoint: Endpoint) -> str:
    """A failure for people: its kind, its status, and the server's own words if it said any."""
    describe_error = f"{type(error).__name__} {_status(error) or ''}".strip()
    said = message_or_body(_body(error))
    return _without_key(f"{describe_error}: {said}" if said else describe_error, endpoint)[:400]


def _without_key(text: str, endpoint: Endpoint) -> str:
    for secret in endpoint.secrets():
        text = hide(text, secret)
    return printable(text)
