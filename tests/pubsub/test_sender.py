"""Announcements on their way to Redis: bounded, and never waited for."""

from models.ids import new_id
from pubsub.sender import LIMIT_BYTES, Sender
from pubsub.stream import open_stream
from pubsub.supervision import in_background
from tests.pubsub.commits import a_commit


async def test_what_does_not_fit_is_dropped(redis_url: str) -> None:
    """The queue holds its limit and no more; what it took is announced, what it did not take is left to the log."""
    project = new_id()
    _, _, payload = a_commit(1, 1_000)
    fitting = LIMIT_BYTES // len(payload)
    async with open_stream(redis_url) as stream:
        sender = Sender(stream)
        for number in range(1, fitting + 10):
            sender.offer((project, (number, number, payload)))
        async with in_background(sender.run):
            await sender.empty()
        last_position = (await stream.range(project, fitting - 1))[-1][1]
        beyond = await stream.range(project, fitting)

    assert last_position == fitting
    assert beyond == []


async def test_there_is_room_again_after_sending(redis_url: str) -> None:
    """A queue that was full takes more as soon as it is empty."""
    project = new_id()
    _, _, payload = a_commit(1, 1_000)
    count = 2 * LIMIT_BYTES // len(payload)
    async with open_stream(redis_url) as stream:
        sender = Sender(stream)
        async with in_background(sender.run):
            for number in range(1, count + 1):
                sender.offer((project, (number, number, payload)))
                await sender.empty()
        found = await stream.range(project, count - 1)

    assert [last for _, last, _ in found] == [count]
