"""What is said when a GPU is configured and there is none. The engines on PyTorch, ears to mind, ask here.

PyTorch itself is an argument: it is an extra, and nothing here imports it.
"""

from typing import Any, Literal

from protocol.errors import EngineError

#: "auto": the model's own.
Dtype = Literal["auto", "float16", "bfloat16", "float32"]


def check_device(torch: Any, device: str) -> None:
    """Raises EngineError when `device` is a GPU that this PyTorch does not see."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        built = torch.version.cuda or "without CUDA"
        raise EngineError(
            f"gpu.device is {device!r}, and PyTorch ({torch.__version__}, built {built}) sees no GPU: "
            "check `nvidia-smi`, install a CUDA build of torch, or set gpu.device to cpu"
        )
