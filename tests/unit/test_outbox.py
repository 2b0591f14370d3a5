"""What leaves for a client, and when: paced, in order, and nothing stale. The clock is virtual."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from protocol.errors import SlowReaderError
from protocol.messages import Pong, ReplyChunk, ServerMessage
from protocol.timeline import OUTPUT_RATE_HZ
from server.outbox import LEAD_S, MAX_WAITING, Outbox
from tests.session.virtual import VirtualLoop, run_virtual

CHUNK_SAMPLES = 4800  # 200 ms
SOON_S = 0.002  # timers are no finer than a millisecond


def chunk(reply_id: int, seq: int, *, last: bool = False) -> ReplyChunk:
    audio = b"" if last else bytes(2 * CHUNK_SAMPLES)
    return ReplyChunk(reply_id, seq, seq * CHUNK_SAMPLES, audio, b"", last=last)


def now() -> float:
    return asyncio.get_running_loop().time()


def outbox(sent: list[ReplyChunk] | None = None) -> Outbox:
    return Outbox(now, (sent if sent is not None else []).append)


async def poll(box: Outbox) -> ServerMessage | None:
    """What leaves now, without waiting; None: nothing is due."""
    try:
        async with asyncio.timeout(0):
            return await box.next()
    except TimeoutError:
        return None


async def drain(box: Outbox) -> list[ServerMessage]:
    """Everything that leaves now."""
    left: list[ServerMessage] = []
    while (message := await poll(box)) is not None:
        left.append(message)
    return left


# --- messages -----------------------------------------------------------------------------------------------


def test_messages_keep_their_order() -> None:
    async def story() -> None:
        box = outbox()
        for nonce in range(5):
            box.post(Pong(nonce, 0.0))
        assert await drain(box) == [Pong(nonce, 0.0) for nonce in range(5)]

    run_virtual(story())


def test_messages_go_before_the_voice() -> None:
    async def story() -> None:
        box = outbox()
        box.put(chunk(1, 0))
        box.release(1)
        box.post(Pong(1, 0.0))
        assert await drain(box) == [Pong(1, 0.0), chunk(1, 0)]

    run_virtual(story())


def test_a_waiting_reader_is_woken() -> None:
    async def story() -> None:
        box = outbox()
        reader = asyncio.create_task(box.next())
        await asyncio.sleep(60)
        assert not reader.done()
        box.post(Pong(1, 0.0))
        assert await reader == Pong(1, 0.0)

        reader = asyncio.create_task(box.next())
        box.put(chunk(1, 0))
        await asyncio.sleep(60)
        assert not reader.done()
        box.release(1)
        assert await reader == chunk(1, 0)

    run_virtual(story())


def test_a_client_that_does_not_read_is_lost() -> None:
    async def story() -> None:
        box = outbox()
        for nonce in range(MAX_WAITING):
            box.post(Pong(nonce, 0.0))
        assert await poll(box) == Pong(0, 0.0)
        box.post(Pong(0, 0.0))
        box.post(Pong(1, 0.0))
        for _ in range(2):
            with pytest.raises(SlowReaderError, match=f"{MAX_WAITING} messages"):
                await box.next()

    run_virtual(story())


# --- the pace of a reply ------------------------------------------------------------------------------------


def test_a_reply_leaves_one_second_ahead_of_its_playback() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        for seq in range(50):
            box.put(chunk(1, seq))
        began = now()
        for seq in range(50):
            assert await box.next() == chunk(1, seq)
            due_s = max(0.0, seq * CHUNK_SAMPLES / OUTPUT_RATE_HZ - LEAD_S)
            assert now() - began == pytest.approx(due_s, abs=SOON_S)

    run_virtual(story())


def test_the_pace_counts_from_the_first_chunk_not_from_the_release() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        await asyncio.sleep(30)
        for seq in range(10):
            box.put(chunk(1, seq))
        ahead = int(LEAD_S * OUTPUT_RATE_HZ / CHUNK_SAMPLES) + 1
        assert await drain(box) == [chunk(1, seq) for seq in range(ahead)]

    run_virtual(story())


def test_a_reply_made_too_slowly_leaves_as_it_is_made() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        for seq in range(3):
            await asyncio.sleep(10)
            box.put(chunk(1, seq))
            assert await drain(box) == [chunk(1, seq)]

    run_virtual(story())


def test_each_chunk_that_leaves_is_told() -> None:
    async def story() -> None:
        told: list[ReplyChunk] = []
        box = outbox(told)
        box.put(chunk(1, 0))
        box.put(chunk(1, 1, last=True))
        assert told == []
        box.release(1)
        assert told == []
        assert await drain(box) == told == [chunk(1, 0), chunk(1, 1, last=True)]

    run_virtual(story())


# --- nothing stale ------------------------------------------------------------------------------------------


def test_a_guess_is_not_heard() -> None:
    async def story() -> None:
        box = outbox()
        box.put(chunk(1, 0))
        assert await drain(box) == []
        assert box.drop(1) == 0
        await asyncio.sleep(60)
        assert await drain(box) == []

    run_virtual(story())


def test_a_cancelled_reply_says_how_much_of_it_was_sent() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        for seq in range(50):
            box.put(chunk(1, seq))
        sent = await drain(box)
        assert 0 < len(sent) < 50
        assert box.drop(1) == len(sent) * CHUNK_SAMPLES
        assert box.drop(1) == 0
        await asyncio.sleep(60)
        assert await drain(box) == []

    run_virtual(story())


def test_what_was_cancelled_does_not_come_back() -> None:
    async def story() -> None:
        box = outbox()
        box.drop(2)
        box.put(chunk(2, 0))
        box.release(2)
        box.put(chunk(2, 1))
        box.put(chunk(1, 0))
        box.release(1)
        assert await drain(box) == []
        box.put(chunk(3, 0))
        box.release(3)
        assert await drain(box) == [chunk(3, 0)]

    run_virtual(story())


def test_a_reader_that_waits_for_a_cancelled_chunk_waits_on() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        for seq in range(50):
            box.put(chunk(1, seq))
        await drain(box)
        reader = asyncio.create_task(box.next())
        await asyncio.sleep(0.01)
        box.drop(1)
        await asyncio.sleep(60)
        assert not reader.done()
        box.post(Pong(1, 0.0))
        assert await reader == Pong(1, 0.0)

    run_virtual(story())


def test_a_newer_reply_takes_the_place_of_an_older_one() -> None:
    async def story() -> None:
        box = outbox()
        box.release(1)
        box.put(chunk(1, 0))
        box.put(chunk(2, 0))
        box.put(chunk(1, 1))
        assert await drain(box) == []
        box.release(2)
        assert await drain(box) == [chunk(2, 0)]

    run_virtual(story())


# --- any history --------------------------------------------------------------------------------------------


class AnyHistory(RuleBasedStateMachine):
    """An outbox beside the plainest model of it: the newest reply's number, its chunks, and what time allows."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._told: list[ReplyChunk] = []
        self._box = self._run(self._new_box())
        self._posted: list[ServerMessage] = []
        self._over_id = 0  # this reply and all before it may never be heard again
        self._newest_id = 0
        self._released = False
        self._waiting: list[ReplyChunk] = []
        self._sent_samples = 0
        self._began_at: float | None = None
        self._n_made = 0

    async def _new_box(self) -> Outbox:
        return Outbox(now, self._told.append)

    def _run(self, story: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(story)

    def teardown(self) -> None:
        self._runner.close()

    def _begin(self, reply_id: int) -> bool:
        """Whether the reply is the newest; a higher number than ever makes it so."""
        if reply_id > max(self._newest_id, self._over_id):
            self._newest_id, self._released, self._waiting = reply_id, False, []
            self._sent_samples, self._began_at, self._n_made = 0, None, 0
        return reply_id == self._newest_id and reply_id > self._over_id

    @rule(nonce=st.integers(0, 9))
    def post(self, nonce: int) -> None:
        if len(self._posted) < MAX_WAITING:
            self._box.post(Pong(nonce, 0.0))
            self._posted.append(Pong(nonce, 0.0))

    @rule(step=st.integers(-2, 1), n_chunks=st.integers(1, 9))
    def put(self, step: int, n_chunks: int) -> None:
        reply_id = max(1, self._newest_id + step)
        current = self._begin(reply_id)
        for _ in range(n_chunks):
            made = chunk(reply_id, self._n_made)
            self._box.put(made)
            if current:
                self._waiting.append(made)
                self._n_made += 1

    @rule(step=st.integers(-2, 1))
    def release(self, step: int) -> None:
        reply_id = max(1, self._newest_id + step)
        self._box.release(reply_id)
        if self._begin(reply_id):
            self._released = True

    @rule(step=st.integers(-2, 2))
    def drop(self, step: int) -> None:
        reply_id = max(1, self._newest_id + step)
        alive = reply_id == self._newest_id > self._over_id
        assert self._box.drop(reply_id) == (self._sent_samples if alive else 0)
        self._over_id = max(self._over_id, reply_id)
        if self._newest_id <= self._over_id:
            self._waiting = []

    @rule(seconds=st.sampled_from([0.05, 0.2, 0.95, 5.0]))
    def wait(self, seconds: float) -> None:
        self._run(asyncio.sleep(seconds))

    @rule()
    def read(self) -> None:
        left = self._run(poll(self._box))
        if self._posted:
            assert left == self._posted.pop(0)
        elif self._may_leave():
            assert left == self._waiting.pop(0)
            assert self._told.pop() == left
            self._began_at = self._clock() if self._began_at is None else self._began_at
            self._sent_samples = left.start_samples + CHUNK_SAMPLES
        else:
            assert left is None

    def _clock(self) -> float:
        return self._runner.get_loop().time()

    def _may_leave(self) -> bool:
        if not self._released or not self._waiting:
            return False
        if self._began_at is None:
            return True
        ahead_s = self._waiting[0].start_samples / OUTPUT_RATE_HZ - (self._clock() - self._began_at)
        return ahead_s <= LEAD_S + SOON_S


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_reader_that_is_cancelled_as_a_message_comes_ends() -> None:
    """wait_for of Python 3.11 returns here and forgets the cancellation: the reader would go on for ever."""

    async def story() -> None:
        box = outbox()
        for seq in range(20):
            box.put(chunk(1, seq))
        box.release(1)

        async def read_on() -> None:
            while True:
                await box.next()

        reader = asyncio.create_task(read_on())
        await asyncio.sleep(1.05)  # it waits for a chunk that is due a little later
        box.post(Pong(1, 0.0))
        reader.cancel()
        await asyncio.wait([reader], timeout=5)
        assert reader.cancelled()

    run_virtual(story())
