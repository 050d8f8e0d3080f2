"""Near-duplicates that share no words: an optional view by sentence embeddings.

Beside :mod:`helpers.similarity`, which counts words and is exact and free; this needs a model of
meaning, so it is off unless called, and downloads nothing unless told to. An *embedder* is any
function from a list of texts to an array of shape ``(texts, dimensions)``; two are offered.
"""

import numpy as np

from helpers.similarity import rouge_l


def endpoint_embedder(endpoint, model, batch=128):
    """An embedder that asks an OpenAI-compatible endpoint's ``/embeddings``; it may cost money."""

    def embed(texts):
        client, vectors = endpoint.client(timeout=endpoint.timeout), []
        for start in range(0, len(texts), batch):
            reply = client.embeddings.create(model=model, input=texts[start : start + batch])
            vectors += [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
        return np.array(vectors)

    return embed


def local_embedder(model, *, download=False):
    """An embedder from the package sentence-transformers, which has to be installed for it.

    ``model`` is a folder or a hub name already on this machine; only ``download=True`` fetches it.
    """
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, local_files_only=not download).encode


def same_meaning(texts, embed, *, alike=0.9, unlike=0.7, limit=50):
    """Pairs close in meaning that ROUGE-L lets pass: ``[(cosine, rouge_l, text, other), …]``.

    Cosine of at least ``alike`` and ROUGE-L of at most ``unlike``; the ``limit`` closest, best
    first. Compares block by block: memory grows with the number of texts, not with its square.
    Raises ValueError if the embedder returns something other than one vector a text.
    """
    if not texts:
        return []
    vectors = np.asarray(embed(list(texts)), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(
            f"the embedder returned an array of shape {vectors.shape} for {len(texts)} texts; "
            "expected one row for each."
        )
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    found = []
    for start in range(0, len(texts), 1024):
        cosines = vectors[start : start + 1024] @ vectors.T
        for row, column in zip(*np.nonzero(cosines >= alike), strict=True):
            i, j = start + int(row), int(column)
            if i < j:
                score = rouge_l(texts[i], texts[j])
                if score <= unlike:
                    found.append((float(cosines[row, column]), score, texts[i], texts[j]))
    return sorted(found, key=lambda pair: -pair[0])[:limit]
