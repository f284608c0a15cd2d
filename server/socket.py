"""One WebSocket, from its introduction to its end, and the operations that run on it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import Receive, Send

from models.errors import Fault, Overloaded, Unavailable
from operations.answers import Answer, failure_answer
from operations.engine import Engine
from server.admission import Admit
from server.heartbeat import Heartbeat
from server.messages import (
    ACKNOWLEDGED,
    PING,
    Closing,
    Code,
    Complete,
    Envelope,
    Init,
    Message,
    Ping,
    Subscribe,
    envelope,
    pong,
    read_message,
)
from server.operation import operate
from server.portions import is_portion
from server.transport import Outlet

CLOSE_SECONDS = 2.0

# The reason for closing a socket whose client does not read; after it come the last cursors that were sent to it.
SLOW_CONSUMER = "SLOW_CONSUMER"


@dataclass(frozen=True, kw_only=True)
class SocketLimits:
    """What a client may take, in operations and in seconds."""

    operations: int = 20
    init_seconds: float = 5.0
    ping_seconds: float = 20.0
    send_seconds: float = 20.0


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a client shows: an authorization, and the project in which it wants to work."""

    authorization: str | None = None
    project: str | None = None


class Socket:
    """A socket that was accepted. Whatever runs for it ends with `run`."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        outlet: Outlet,
        engine: Engine,
        admit: Admit,
        limits: SocketLimits,
        shown: Credentials,
    ) -> None:
        self._receive = receive
        self._send = send
        self._outlet = outlet
        self._engine = engine
        self._admit = admit
        self._limits = limits
        self._shown = shown
        self._introduced = False
        self._acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        # Those of them that are queries and mutations, or may be.
        self._single: set[asyncio.Task[None]] = set()
        self._leaving: Closing | None = None
        self._cursors: dict[str, str] = {}
        self._told: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._heartbeat = Heartbeat(limits.ping_seconds, limits.send_seconds)

    def end(self, closing: Closing) -> None:
        """Have the socket closed, from wherever."""
        if not self._told.done():
            self._told.set_result(closing)

    def leave(self, closing: Closing) -> None:
        """Have the socket closed when all queries and mutations that were begun are answered; begin no others.

        So whoever is closed like this without an answer knows that nothing was done, and can ask again elsewhere.
        """
        self._leaving = closing
        self._leave_when_answered()

    def _leave_when_answered(self) -> None:
        if self._leaving is not None and not self._single:
            self.end(self._leaving)

    async def run(self) -> None:
        """Serve the client until it leaves or has to be closed."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._watch())
                await self._read()
        except* Closing as group:
            await self._close(group.exceptions[0])
        except* Exception as group:  # noqa: BLE001  a door: what is not ours is masked and logged
            failure_answer(group)
            await self._close(Closing(Code.INTERNAL, "Something went wrong on our side"))

    async def _read(self) -> None:
        while True:
            frame = await self._receive()
            if frame["type"] == "websocket.disconnect":
                raise Closing(Code.GONE, "")
            self._heartbeat.hear()
            await self._handle(read_message(frame.get("text")))

    async def _handle(self, message: Message) -> None:
        match message:
            case Init(payload=payload):
                self._introduce(payload)
            case Ping(payload=payload):
                await self._say([pong(payload)])
            case Subscribe():
                await self._start(message)
            case Complete(id=identity):
                self._cursors.pop(identity, None)
                task = self._operations.pop(identity, None)
                if task is not None:
                    task.cancel()

    def _introduce(self, payload: Mapping[str, Any]) -> None:
        if self._introduced:
            raise Closing(Code.REPEATED_INIT, "Too many initialisation requests")
        self._introduced = True
        self._shown = _credentials(payload, self._shown)
        # In a task, for the client may say more meanwhile.
        self._tasks.create_task(self._acknowledge())

    async def _acknowledge(self) -> None:
        try:
            await self._admitted()
        except Unavailable as fault:
            raise Closing(Code.TRY_AGAIN_LATER, fault.message) from None
        except Fault as fault:
            raise Closing(Code.FORBIDDEN, f"Forbidden: {fault.message}") from None
        self._acknowledged = True
        await self._say([ACKNOWLEDGED])

    async def _admitted(self) -> object:
        return await self._admit(self._shown.authorization, self._shown.project)

    async def _start(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise Closing(Code.UNAUTHORIZED, "Unauthorized")
        if self._leaving is not None:
            return
        if message.id in self._operations:
            raise Closing(Code.DUPLICATE_ID, f"Subscriber for {message.id} already exists")
        written = envelope(message.id)
        if len(self._operations) >= self._limits.operations:
            most = self._limits.operations
            busy = Overloaded(f"No more than {most} operations run at once on one socket; end one, or open another.")
            await self._say([written.error(failure_answer(busy).errors)])
            return
        task = self._tasks.create_task(self._operate(message, written))
        self._operations[message.id] = task
        self._single.add(task)
        task.add_done_callback(self._free)

    async def _operate(self, message: Subscribe, written: Envelope) -> None:
        try:
            say, tap = partial(self._tell, message.id, written), partial(self._take, message.id, written)
            follows = partial(self._free, self._operations[message.id])
            last = await operate(self._engine, self._admitted, message.request, written, say, tap, follows)
        except Closing:
            raise
        except Exception as error:  # noqa: BLE001  a door: what is not ours is masked and logged
            last = written.error(failure_answer(error).errors)
        # Free before the client knows, for it may use the id again at once.
        self._operations.pop(message.id, None)
        self._cursors.pop(message.id, None)
        await self._say([last])

    def _free(self, task: asyncio.Task[None]) -> None:
        """No longer wait for an operation before leaving."""
        self._single.discard(task)
        self._leave_when_answered()

    async def _tell(self, identity: str, written: Envelope, answers: Sequence[Answer]) -> None:
        """Say the answers to an operation."""
        if not self._take(identity, written, answers):
            await self._say([written.next(answer.body) for answer in answers])
            self._remember(identity, answers[-1])

    def _take(self, identity: str, written: Envelope, answers: Sequence[Answer]) -> bool:
        """Say them if nobody has to wait for it."""
        if not is_portion(answers) or not self._outlet.write([written.next(answer.body) for answer in answers]):
            return False
        self._remember(identity, answers[-1])
        return True

    def _remember(self, identity: str, answer: Answer) -> None:
        if answer.cursor is not None:
            self._cursors[identity] = answer.cursor

    async def _say(self, texts: Sequence[bytes]) -> None:
        if self._outlet.write(texts):
            return
        with self._heartbeat.sending():
            try:
                for text in texts:
                    await self._send({"type": "websocket.send", "text": text.decode()})
            except OSError:
                raise Closing(Code.GONE, "") from None

    async def _watch(self) -> None:
        await self._wait(self._limits.init_seconds)
        if not self._introduced:
            raise Closing(Code.INIT_TIMEOUT, "Connection initialisation timeout")
        while True:
            await self._wait(self._heartbeat.pause)
            # Who does not hear us ask does not read what it follows either.
            if self._heartbeat.stalled or (self._heartbeat.silent and self._cursors):
                raise Closing(Code.TERMINATED, " ".join([SLOW_CONSUMER, *self._cursors.values()]))
            if self._heartbeat.silent:
                raise Closing(Code.TERMINATED, "The ping has not been answered")
            # In tasks, for a peer that does not read would keep us from looking.
            if self._acknowledged and self._heartbeat.ask():
                self._tasks.create_task(self._say([PING]))
            if self._acknowledged and self._heartbeat.doubt():
                self._tasks.create_task(self._confirm())

    async def _wait(self, seconds: float) -> None:
        await asyncio.wait([self._told], timeout=seconds)
        if self._told.done():
            raise self._told.result()

    async def _confirm(self) -> None:
        """See whether the client is still welcome: its key may have been revoked, or its time may be over."""
        try:
            await self._admitted()
        except Unavailable:
            return
        except Fault as fault:
            raise Closing(Code.FORBIDDEN, f"Forbidden: {fault.message}") from None

    async def _close(self, closing: BaseException) -> None:
        if not isinstance(closing, Closing) or closing.code is Code.GONE:
            return
        # A peer that does not read does not read this either.
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})


def _credentials(payload: Mapping[str, Any], shown: Credentials) -> Credentials:
    """What the introduction says, and else what the headers of the handshake said."""
    named = {str(name).lower(): value for name, value in payload.items()}
    authorization = named.get("authorization", shown.authorization)
    project = named.get("project", named.get("x-tracegraph-project", shown.project))
    for value in (authorization, project):
        if value is not None and not isinstance(value, str):
            raise Closing(Code.FORBIDDEN, "Forbidden: the authorization and the project have to be strings")
    return Credentials(authorization=authorization, project=project)
