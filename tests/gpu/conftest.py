"""The engines on PyTorch: only with `make test-gpu`, because their libraries are gigabytes where CUDA comes along."""

import os

collect_ignore_glob = [] if os.environ.get("STAGEDOOR_TEST_GPU") else ["test_*.py"]
