"""The load: clients that write all the time, and note each mutation before it is sent and when it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from tests.faults.doors import Door, LostError, NotSentError, Said, WrongError, http_door, socket_door
from tests.faults.ledger import Ledger, Verdict
from tests.faults.mutations import Mutation, batch, story
from tests.servers import Server

WRITERS = 4
PAUSE = 0.1
INSIST_SECONDS = 30.0
READ = {"query": "{ traces(first: 5) { nodes { id steps(first: 5) { nodes { id } } } } }"}


class Load:
    """Clients of one server."""

    def __init__(self, ledger: Ledger, *, insisting: bool) -> None:
        self._ledger = ledger
        self._insisting = insisting
        self._stopped = False

    def stop(self) -> None:
        """Begin nothing new; what has been begun comes to its end."""
        self._stopped = True

    async def write(self, number: int, door: Door) -> None:
        """Write one thing after the other; every other client may insist on an answer."""
        insists = self._insisting and number % 2 == 0
        while not self._stopped:
            work: Iterable[Mutation] = [batch(insists=insists)] if number % 3 == 0 else story(insists=insists)
            for mutation in work:
                await self._send(mutation, door)

    async def read(self, door: Door) -> None:
        """Ask one question after the other."""
        while not self._stopped:
            try:
                said = await door.ask(READ)
            except (NotSentError, LostError):
                self._ledger.reads[Verdict.FAIL] += 1
                await asyncio.sleep(PAUSE)  # nobody tells when the server is back
                continue
            except WrongError as error:
                self._ledger.wonder("read", str(error))
                continue
            if said.errors:
                self._refused("read", said)
                self._ledger.reads[Verdict.FAIL] += 1
                await asyncio.sleep(PAUSE)  # nobody tells when the server is back
            else:
                self._ledger.reads[Verdict.OK] += 1

    async def _send(self, mutation: Mutation, door: Door) -> None:
        """Send a mutation once, or until it is acknowledged if it insists."""
        deadline = asyncio.get_running_loop().time() + INSIST_SECONDS
        while await self._attempt(mutation, door) is not Verdict.OK:
            # Less than it was asked to wait: an impatient client is the harder one.
            await asyncio.sleep(PAUSE)  # nobody tells when the server is back
            if not mutation.insists or asyncio.get_running_loop().time() > deadline:
                return

    async def _attempt(self, mutation: Mutation, door: Door) -> Verdict:
        self._ledger.invoke(mutation)
        verdict, answer = await self._verdict(mutation, door)
        self._ledger.note(mutation, verdict, answer)
        return verdict

    async def _verdict(self, mutation: Mutation, door: Door) -> tuple[Verdict, str]:
        try:
            said = await door.ask(mutation.request)
        except NotSentError as error:
            return Verdict.FAIL, repr(error)
        except LostError as error:
            return Verdict.UNKNOWN, repr(error)
        except WrongError as error:
            self._ledger.wonder(mutation.key, str(error))
            return Verdict.UNKNOWN, repr(error)
        if said.errors:
            return self._refused(mutation.key, said), said.text
        payload = said.data[mutation.field] if said.data else {"refused": True}
        if payload.get("userErrors") or payload.get("refused"):
            self._ledger.wonder(mutation.key, said.text)
        return Verdict.OK, said.text

    def _refused(self, what: str, said: Said) -> Verdict:
        """What a refusal says; one that does not ask to come back later is a surprise."""
        extensions = said.errors[0]["extensions"]
        if said.data or len(said.errors) > 1 or extensions["code"] != "OVERLOADED" or not extensions["retryAfter"] > 0:
            self._ledger.wonder(what, said.text)
        return Verdict.UNKNOWN if extensions.get("outcome") == "UNKNOWN" else Verdict.FAIL


@asynccontextmanager
async def loaded(
    server: Server, project_id: str, ledger: Ledger, patience: float, *, insisting: bool
) -> AsyncIterator[None]:
    """Write and read for as long as the body takes; an answer that takes longer than `patience` is a surprise."""
    load = Load(ledger, insisting=insisting)
    async with AsyncExitStack() as stack:
        opened = [http_door(server, project_id, patience) for _ in range(WRITERS + 1)]
        reader, *writers = [await stack.enter_async_context(door) for door in opened]
        socket = await stack.enter_async_context(socket_door(server, project_id, patience))
        clients = await stack.enter_async_context(asyncio.TaskGroup())
        clients.create_task(load.read(reader))
        doors: list[Door] = [*writers, socket]
        for number, door in enumerate(doors):
            clients.create_task(load.write(number, door))
        yield
        load.stop()
