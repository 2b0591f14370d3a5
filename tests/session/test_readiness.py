"""What a load balancer is told: /ready and /health of a room with places, without, and with an engine that is away."""

import httpx

from protocol.messages import Hello
from server.listener import build_asgi
from tests.session.crews import MortalWorld


async def test_a_load_balancer_is_told_how_it_stands() -> None:
    world = MortalWorld(max_sessions=1, max_waiting=2)
    room = world.room()
    transport = httpx.ASGITransport(app=build_asgi(room, ()))
    async with httpx.AsyncClient(transport=transport, base_url="http://stagedoor") as balancer:
        ready = await balancer.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "places": 1, "waiting": 0, "wait_s": 0})

        async def tell(text: str) -> None:
            raise AssertionError(text)

        session = await room.admit(Hello(), tell)
        full = await balancer.get("/ready")
        assert (full.status_code, full.json()["status"]) == (503, "full")
        assert full.headers["retry-after"] == "120"
        health = (await balancer.get("/health")).json()
        assert (health["status"], health["sessions"], health["capacity"], health["waiting"]) == ("ok", 1, 1, 0)
        assert health["lanes"]["asr"]["ready"]

        await room.close_session(session)
        world.crews["asr"].die()
        away = await balancer.get("/ready")
        assert (away.status_code, away.json()["status"]) == (503, "recovering")
