"""The page's files as browsers want them: compressed at the build, sent compressed, hashed names kept for ever.

`web_client/dist/` is made by `make page` (Vite); `/avatars/` are the looks that `avatar/rig/` builds.
"""

from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HOUSE = Path(__file__).resolve().parents[1]
PAGE = HOUSE / "web_client" / "dist"
LOOKS = HOUSE / "avatar" / "rig" / "looks"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".glb": "model/gltf-binary",
}
SCREENS = {".": "index.html", "": "index.html", "console": "console.html"}  # addresses without a file name
HASHED = "assets/"  # files whose names change with what they hold
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # kept, but asked for anew each time; the answer is 304 when nothing changed
NOT_BUILT = "The page is not built. Run `make page`, or `make run`, which does it too."


def looks_of(folder: Path | None) -> tuple[Path, ...]:
    """Where avatars may lie, best first: beside the operator's own personas, then those of the house."""
    return (folder, LOOKS) if folder else (LOOKS,)


class PageFiles(StaticFiles):
    """Static files with their compressed copies (`.br`, `.gz`) and with how long they may be kept."""

    async def check_config(self) -> None:
        """A folder that is not there is no fault: the server says what to do when somebody asks for the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See StaticFiles. Raises HTTPException 404 for what is not there."""
        name = SCREENS.get(path, path.replace("\\", "/"))
        accepted = Headers(scope=scope).get("accept-encoding", "")
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepted and self.lookup_path(name + suffix)[1] is not None:
                response = await super().get_response(name + suffix, scope)
                response.headers["content-encoding"] = encoding
                break
        else:
            response = await self._plain(name, scope)
        response.headers["content-type"] = MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
        response.headers["cache-control"] = FOREVER if name.startswith(HASHED) else ASK_AGAIN
        response.headers["vary"] = "accept-encoding"
        return response

    async def _plain(self, name: str, scope: Scope) -> Response:
        try:
            return await super().get_response(name, scope)
        except HTTPException as error:
            if name in SCREENS.values() and error.status_code == 404:
                raise HTTPException(503, NOT_BUILT) from error
            raise


class LookFiles(PageFiles):
    """The avatars of several folders under one address; of what else lies there nothing is sent."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(directory=folders[-1], check_dir=False)
        self.all_directories = list(folders)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See PageFiles."""
        if Path(path).suffix != ".glb":
            raise HTTPException(404)
        return await super().get_response(path, scope)
