"""Sentence meaning by all-MiniLM-L6-v2, int8, on onnxruntime: the mean of its word vectors, as unit vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.meaning import MEANING_SIZE
from protocol.errors import EngineError

MAX_TOKENS: Final = 256  # sentence-transformers' limit for this model; about a minute of speech


class MiniLm:
    """A MeaningEngine. `folder` holds model.onnx and tokenizer.json."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Raises EngineError when one of the two files cannot be read."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # neither library has a common base for its errors but this
            raise EngineError(f"{folder}: not a readable sentence model: {error}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def run(self, jobs: Sequence[str]) -> list[NDArray[np.float32] | Exception]:
        """See MeaningEngine."""
        tokens = [self._tokens(text) for text in jobs]
        good = [ids for ids in tokens if not isinstance(ids, Exception)]
        vectors = iter(self._vectors(good)) if good else iter(())
        return [ids if isinstance(ids, Exception) else next(vectors) for ids in tokens]

    def _tokens(self, text: str) -> list[int] | Exception:
        try:
            ids: list[int] = self._tokenizer.encode(text).ids
        except TypeError as error:
            return EngineError(f"not a text: {error}")
        return ids

    def _vectors(self, texts: Sequence[list[int]]) -> NDArray[np.float32]:
        """[n, 384] of token ids; shorter texts are padded to the longest, which leaves their vectors as they are."""
        shape = len(texts), max(map(len, texts))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: NDArray[np.float32] = self._session.run(["last_hidden_state"], feeds)[0]  # [n, tokens, 384]
        sums = (states * mask[:, :, np.newaxis]).sum(axis=1)  # the mean's direction: its length goes next
        vectors: NDArray[np.float32] = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
        if vectors.shape[1] != MEANING_SIZE:
            raise EngineError(f"the model's vectors have {vectors.shape[1]} numbers, not {MEANING_SIZE}")
        return vectors
