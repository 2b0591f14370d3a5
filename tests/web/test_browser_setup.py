"""`python -m tests.browser` on machines with and without a Chromium."""

from pathlib import Path

import pytest

from tests import browser


def machine(monkeypatch: pytest.MonkeyPatch, bin_dir: Path, *, user_id: int, programs: dict[str, str]) -> None:
    for name, script in programs.items():
        (bin_dir / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin_dir / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_dir))
    monkeypatch.setattr(browser, "MAC", bin_dir / "absent")
    monkeypatch.setattr("os.geteuid", lambda: user_id)


def test_a_chromium_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, user_id=1000, programs={"chromium-browser": ""})
    assert browser.main() == 0
    assert browser.find_chromium() == tmp_path / "chromium-browser"


def test_root_on_debian_gets_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = f'[ "$1" = install ] && printf "#!/bin/sh\\n" > {tmp_path}/chromium && /bin/chmod +x {tmp_path}/chromium'
    machine(monkeypatch, tmp_path, user_id=0, programs={"apt-get": body})
    assert browser.main() == 0


def test_others_are_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, tmp_path, user_id=1000, programs={"apt-get": "exit 1"})
    assert browser.main() == 1
    assert "sudo apt-get install chromium" in capsys.readouterr().err
