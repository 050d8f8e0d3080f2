"""Why a reply ended, in the words of many providers: by itself, or by a filter."""

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
_ENUM = re.compile(r"<?(?:\w+\.)+(\w+)(?::[^>\n]*)?>?$")  # also as repr() writes it


def is_whole(finish: str | None) -> bool:
    """Whether a finish reason says that the reply ended by itself, in any provider's words."""
    return _plain(finish) in _WHOLE


def is_filtered(finish: str | None) -> bool:
    """Whether a finish reason says that a provider's filter ended the reply."""
    return any(word.strip("_") in _FILTERED for word in re.split(r"[:,;/|()]", _plain(finish)))


def _plain(finish: object) -> str:
    """A finish reason in lower case, without the name of an enum ("FinishReason.STOP")."""
    word = _ENUM.sub(r"\1", str(finish or "").strip()[:100])
    return word.lower().removeprefix("finish_reason_").replace(" ", "_")
