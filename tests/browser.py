"""Makes sure that a Chromium is there for the tests of the page: `python -m tests.browser`, run by `make test`.

Playwright's own browsers come from a download host; Debian's package comes from the registry that the machine
already uses. `tests/web/conftest.py` comes next: it starts what `find_chromium` finds.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = """\
No Chromium was found; the tests in tests/web need one. Install it and run this again:
  Debian, Ubuntu   sudo apt-get install chromium
  Fedora           sudo dnf install chromium
  macOS            brew install --cask google-chrome
"""


def find_chromium() -> Path | None:
    """The Chromium or Chrome of this machine, or None."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return MAC if MAC.exists() else None


def install() -> None:
    """Installs Debian's Chromium where that can be done without asking: as root, with apt-get."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", "-qq"], check=False, env=quiet)
    subprocess.run([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False, env=quiet)


def main() -> int:
    """0 when a Chromium is there, else 1 and words about what to install."""
    if find_chromium() is None:
        install()
    if find_chromium() is None:
        sys.stderr.write(ADVICE)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
