"""Find tasks that mean the same in different words, with sentence embeddings. Optional.

ROUGE-L (``similarity``) compares words, is exact and costs nothing. The comparison here needs a
model of meaning. It only runs if you call it, and downloads a model only with ``download=True``.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from helpers.similarity import rouge_l

# From a list of texts to an array of shape ``(texts, dimensions)``.
Embedder = Callable[[list[str]], Any]


class EmbeddingEndpoint(Protocol):
    """What is needed of an endpoint: its time limit in seconds, and its OpenAI client."""

    timeout: float

    def client(self, *, timeout: float) -> Any: ...


def endpoint_embedder(endpoint: EmbeddingEndpoint, model: str, batch: int = 128) -> Embedder:
    """An embedder that calls ``/embeddings`` of an OpenAI-compatible endpoint. It may cost money.

    ``batch`` is the number of texts in one request.
    """

    def embed(texts: list[str]) -> np.ndarray:
        client, vectors = endpoint.client(timeout=endpoint.timeout), []
        for start in range(0, len(texts), batch):
            reply = client.embeddings.create(model=model, input=texts[start : start + batch])
            vectors += [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
        return np.array(vectors)

    return embed


def local_embedder(model: str, *, download: bool = False) -> Embedder:
    """An embedder that runs on this machine; it needs the package sentence-transformers.

    ``model`` is a folder, or the hub name of a model in the cache. With ``download`` a model that
    is missing there is downloaded.
    """
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, local_files_only=not download).encode


def same_meaning(
    texts: Sequence[str],
    embed: Embedder,
    *,
    alike: float = 0.9,
    unlike: float = 0.7,
    limit: int = 50,
) -> list[tuple[float, float, str, str]]:
    """Pairs of texts with similar meaning that ROUGE-L does not detect.

    Returns ``[(cosine, rouge_l, text, other), …]``: the ``limit`` pairs with the highest cosine,
    best first. Their cosine is at least ``alike`` and their ROUGE-L at most ``unlike``. The texts
    are compared in blocks, so memory grows in proportion to their number.

    Raises ValueError if the embedder does not return one vector for each text.
    """
    if not texts:
        return []
    vectors = _unit_vectors(texts, embed)
    found = []
    for start in range(0, len(texts), 1024):
        cosines = vectors[start : start + 1024] @ vectors.T
        for row, column in zip(*np.nonzero(cosines >= alike), strict=True):
            i, j = start + int(row), int(column)
            score = rouge_l(texts[i], texts[j]) if i < j else None
            if score is not None and score <= unlike:
                found.append((float(cosines[row, column]), score, texts[i], texts[j]))
    return sorted(found, key=lambda pair: -pair[0])[:limit]


def _unit_vectors(texts: Sequence[str], embed: Embedder) -> np.ndarray:
    """The embeddings of the texts, each scaled to length 1."""
    vectors = np.asarray(embed(list(texts)), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(
            f"the embedder returned an array of shape {vectors.shape} for {len(texts)} texts; "
            "expected one row for each."
        )
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
