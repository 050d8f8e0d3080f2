"""Prices of models of the large providers, with the day on which each price was read.

Prices are US dollars per million tokens in and out, for short prompts and without discounts. They
change: check the provider's price page before you spend money, and correct an old price here. One
line adds or replaces a price::

    from helpers.teacher.token_prices import PRICES, Price
    PRICES["my-model"] = Price(0.50, 2.00, "2027-01-15")
"""

from typing import NamedTuple


class Price(NamedTuple):
    """Dollars per million tokens in and out, and the day on which the price was read."""

    dollars_in: float
    dollars_out: float
    read: str


BATCH_PRICE_SHARE = 0.5  # share of the price that OpenAI's Batch API charges, for tokens in and out

# Source: the price list of the package LiteLLM 1.110.2, which links the providers' price pages.
_READ = "2026-11-29"
_LISTED = {
    # OpenAI
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
    "o3": (2.00, 8.00),
    "o4-mini": (1.10, 4.40),
    "gpt-5": (1.25, 10.00),
    "gpt-5-mini": (0.25, 2.00),
    "gpt-5-nano": (0.05, 0.40),
    "gpt-5.1": (1.25, 10.00),
    "gpt-5.2": (1.75, 14.00),
    "gpt-5.4": (2.50, 15.00),
    "gpt-5.4-mini": (0.75, 4.50),
    "gpt-5.4-nano": (0.20, 1.25),
    "gpt-5.5": (5.00, 30.00),
    "gpt-5.6-luna": (0.20, 1.20),
    "gpt-5.6-terra": (2.00, 12.00),
    "gpt-5.6-sol": (4.00, 20.00),
    "gpt-6-luna": (0.10, 0.50),
    "gpt-6-sol": (2.00, 10.00),
    "gpt-6.1-terra": (1.00, 5.00),
    "gpt-6.1-sol": (2.00, 10.00),
    # Anthropic
    "claude-haiku-4-5": (1.00, 5.00),
    "claude-sonnet-5": (2.00, 10.00),
    "claude-sonnet-5-5": (2.00, 10.00),
    "claude-opus-5": (5.00, 25.00),
    "claude-opus-5-5": (4.00, 20.00),
    # Google
    "gemini-2.5-flash": (0.30, 2.50),
    "gemini-3.1-flash-lite": (0.25, 1.50),
    "gemini-3.5-flash": (1.50, 9.00),
    "gemini-3.8-flash": (0.75, 3.75),
    # DeepSeek, Mistral, Moonshot, Alibaba, xAI
    "deepseek-v4-flash": (0.30, 1.20),
    "deepseek-v4-pro": (1.32, 3.96),
    "mistral-small-latest": (0.15, 0.60),
    "mistral-medium-latest": (1.50, 7.50),
    "mistral-large-latest": (0.50, 1.50),
    "kimi-k2.6": (0.95, 4.00),
    "kimi-k3": (3.00, 15.00),
    "qwen3.8-flash": (0.15, 0.47),
    "qwen3.8-max": (2.00, 6.00),
    "grok-4.3": (1.25, 2.50),
    "grok-4.7": (2.00, 6.00),
}
PRICES: dict[str, Price] = {name: Price(*dollars, _READ) for name, dollars in _LISTED.items()}
