"""The breaker: pauses that grow while something is down, and end when it is back."""

from pubsub.breaker import FIRST_PAUSE, LONGEST_PAUSE, Breaker
from tests.fakes.clock import Clock


def test_each_failure_doubles_the_pause_up_to_a_limit() -> None:
    """What stays down is asked ever more rarely, but never less than every few seconds."""
    clock = Clock()
    breaker = Breaker(clock)
    pauses = []
    for _ in range(6):
        breaker.failed()
        pauses.append(breaker.remaining)
        clock.now += breaker.remaining

    assert pauses == [FIRST_PAUSE, 0.5, 1.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_failures_during_a_pause_count_once() -> None:
    """Several who fail together don't make the pause longer."""
    breaker = Breaker(Clock())
    breaker.failed()
    breaker.failed()

    assert breaker.remaining == FIRST_PAUSE


def test_success_closes_it() -> None:
    """After a success nothing waits, and the next failure starts with the first pause."""
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed()
    unhealthy = breaker.healthy
    clock.now += FIRST_PAUSE
    breaker.succeeded()
    healthy, remaining = breaker.healthy, breaker.remaining
    breaker.failed()

    assert (unhealthy, healthy, remaining) == (False, True, 0.0)
    assert breaker.remaining == FIRST_PAUSE
