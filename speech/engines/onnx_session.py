"""Opens an ONNX model on the CPU with the threads that its lane was given; silero, smart_turn and hibari run on it."""

from pathlib import Path

import onnxruntime

from protocol.errors import EngineError


def open_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """`model` is a file, a folder with a model.onnx in it, or the model's own bytes.

    Raises EngineError when it cannot be read: missing, cut short, or not a model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    if isinstance(model, Path):
        source: str | bytes = str(model / "model.onnx" if model.is_dir() else model)
    else:
        source = model
    try:
        return onnxruntime.InferenceSession(source, sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base but this
        raise EngineError(f"not a readable ONNX model: {error}") from error
