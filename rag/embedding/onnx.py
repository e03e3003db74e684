"""Runs a prepared model on ONNX Runtime. Imports neither torch nor transformers nor sentence-transformers.

One text is one run: nothing is padded, and a text's vector is the same to the last bit whatever it is embedded with.
The session has a single thread; several texts run side by side on threads of ours, which is quicker than a session
that splits every matrix over the cores (`docs/embedding.md` has the figures).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.embedding.base import BatchProgress, Vectors
from rag.embedding.pieces import PIECES_FILE, Encoded, PieceEncoder, TextEncoder
from rag.embedding.prepared import MODEL_FILE, TOKENIZER_FILE, PreparedModel
from rag.errors import ModelDamaged

FEATURES = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""Graph inputs that can be filled, and the attribute of an encoding that holds them."""

_ERROR_ONLY = 3


class OnnxEmbedder:
    """A prepared model, loaded. Safe to use from several threads.

    Args:
        model: the prepared model; its files are not checked here.
        threads: texts embedded at a time; None takes the cores this process may use.

    Raises:
        ModelDamaged: ONNX Runtime or tokenizers cannot read a file.
    """

    def __init__(self, model: PreparedModel, threads: int | None = None) -> None:
        self.model = model
        self._threads = threads or available_cores()
        self._tokenizer = open_tokenizer(model)
        self._session = open_session(model.folder / MODEL_FILE, model.mending)
        self._inputs = [argument.name for argument in self._session.get_inputs()]

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @property
    def dimension(self) -> int:
        return self.model.dimension

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question, shape (dimension,), unit length."""
        return self._embed_one(self.model.query_prompt + text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of several short texts with the query prompt, shape (n, dimension), order kept."""
        return self._embed([self.model.query_prompt + text for text in texts], None)

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> Vectors:
        """The vectors of passages, shape (n, dimension), order kept; (0, dimension) for none.

        Texts longer than the model reads are cut at the end. `progress` is called in the calling thread.
        """
        return self._embed([self.model.passage_prompt + text for text in texts], progress)

    def _embed(self, texts: Sequence[str], progress: BatchProgress | None) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="embed") as pool:
            # One text at a time: handing one over takes 0.05 ms, and no thread waits long for another at the end.
            futures = [pool.submit(self._embed_one, text) for text in texts]
            try:
                for row, future in enumerate(futures):
                    vectors[row] = future.result()
                    if progress is not None:
                        progress(row + 1, len(texts))
            except BaseException:  # Ctrl-C among them: what has not begun is dropped
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return vectors

    def _embed_one(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text)
        vector: Vectors = self._session.run(None, features_of(encoding, self._inputs))[0][0]
        return vector


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def features_of(encoding: Encoded, inputs: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The graph's inputs for one encoded text, each of shape (1, tokens)."""
    return {name: np.array([getattr(encoding, FEATURES[name])], dtype=np.int64) for name in inputs}


def open_tokenizer(model: PreparedModel) -> TextEncoder:
    """The model's tokenizer, the small one where there is one: no padding, cut at the model's longest text."""
    if (model.folder / PIECES_FILE).exists():
        return PieceEncoder(model.folder, model.max_tokens, model.mending)
    path = model.folder / TOKENIZER_FILE
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelDamaged(f"{path} is not a tokenizer: {error}", hint=model.mending) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(model.max_tokens)
    return tokenizer


def open_session(path: Path, mending: str = "") -> onnxruntime.InferenceSession:
    """A session of one thread on the CPU; `mending` is the hint where the file is damaged."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERROR_ONLY
    # Lengths differ from run to run, so remembered allocation patterns only pile up.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no narrower base
        raise ModelDamaged(f"ONNX Runtime cannot open {path}: {error}", hint=mending) from error
