"""Classify finish reasons of many providers: did a reply end by itself, or did a filter end it?"""

import re

# Finish reasons of OpenAI, Anthropic, Gemini, Cohere, TGI, Bedrock and others, in lower case.
_WHOLE = {
    "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token",
    "complete", "completed", "finish", "finished", "done",
}  # fmt: skip
_FILTERED = {
    "content_filter", "content_filtered", "content_policy_violation", "safety", "image_safety",
    "sensitive", "recitation", "prohibited_content", "blocklist", "spii", "guardrail_intervened",
    "error_toxic",
}  # fmt: skip
# "FinishReason.STOP", also as repr() writes it: "<FinishReason.STOP: 1>".
_ENUM = re.compile(r"<?(?:\w+\.)+(\w+)(?::[^>\n]*)?>?$")


def is_whole(finish: str | None) -> bool:
    """Whether a finish reason says that the reply ended by itself."""
    return _plain(finish) in _WHOLE


def is_filtered(finish: str | None) -> bool:
    """Whether a finish reason says that a provider's filter ended the reply."""
    return any(word.strip("_") in _FILTERED for word in re.split(r"[:,;/|()]", _plain(finish)))


def _plain(finish: object) -> str:
    """A finish reason in lower case, without the name of an enum."""
    word = _ENUM.sub(r"\1", str(finish or "").strip()[:100])
    return word.lower().removeprefix("finish_reason_").replace(" ", "_")
