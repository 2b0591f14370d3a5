"""The built wheel runs in a fresh environment, far away from the checkout."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_runs_in_a_fresh_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, HOUSE)
    (wheel,) = tmp_path.glob("stagedoor-*.whl")
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    # What it depends on is tested already: borrow it from this environment, but nothing of the checkout.
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    site = next((tmp_path / "fresh" / "lib").glob("python*/site-packages"))
    borrowed = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    stagedoor = tmp_path / "fresh" / "bin" / "stagedoor"
    assert "whisper-base" in run(stagedoor, "models", "list")
    assert "run" in run(stagedoor, "--help")
    monkeypatch.setenv("STAGEDOOR__STORE__URL", f"sqlite:///{tmp_path}/stagedoor.db")
    assert "no accounts yet" in run(stagedoor, "creators", "list")  # its migrations came along
    where = run(python, "-c", "import stagedoor.server.launcher as it; print(it.HOUSE)").strip()
    assert Path(where).is_relative_to(tmp_path)
    assert (Path(where) / "web_client" / "dist" / "index.html").is_file()
    assert (Path(where) / "personas" / "nova.toml").is_file()
