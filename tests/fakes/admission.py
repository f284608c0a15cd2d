"""Admission to the fake contract: one key opens it, others show how a door behaves when admission fails."""

from models.errors import Fault, NotFound, Overloaded, Refused, Unauthenticated, Unavailable
from tests.fakes.contract import FakeContext, Moments

KEY = "Bearer tg_good"
SLOW = "Bearer tg_slow"

FAILING: dict[str | None, Fault] = {
    None: Unauthenticated("Send an API key."),
    "Bearer tg_down": Unavailable(retry_after=1.5),
    "Bearer tg_busy": Overloaded(retry_after=2.0),
    "Bearer tg_refused": Refused(),
}


class FakeAdmission:
    """Admits who shows `KEY`, or `SLOW` when the test lets it, to a context with the moments of the test."""

    def __init__(self) -> None:
        self.moments = Moments()
        self.revoked = False

    async def __call__(self, authorization: str | None, project: str | None) -> FakeContext:
        if authorization == SLOW:
            self.moments.started.set()
            await self.moments.go.wait()
            authorization = KEY
        if authorization == "Bearer tg_bug":
            raise ValueError("a secret detail")
        if authorization != KEY or self.revoked:
            raise FAILING.get(authorization, Unauthenticated())
        if project == "absent":
            raise NotFound("There is no such project.", path=["project"])
        return FakeContext(moments=self.moments, project=project or "default")
