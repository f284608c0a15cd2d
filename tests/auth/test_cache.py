"""A cache: bounded in number and in age."""

from hypothesis import given
from hypothesis import strategies as some

from auth.cache import Cache
from tests.fakes.clock import Clock

KEYS = some.integers(0, 12)


def test_a_value_is_forgotten_when_it_is_old() -> None:
    """Until its time is over a value is there, from then on it is not."""
    clock = Clock()
    cache: Cache[str, int] = Cache(10, 5.0, clock)
    cache.put("key", 1)
    clock.now += 4.9
    young = cache.get("key")
    clock.now += 0.1

    assert (young, cache.get("key"), len(cache)) == (1, None, 0)


def test_reading_makes_no_value_younger() -> None:
    """A busy key grows old like any other."""
    clock = Clock()
    cache: Cache[str, int] = Cache(10, 5.0, clock)
    cache.put("key", 1)
    for _ in range(5):
        clock.now += 1.0
        cache.get("key")

    assert cache.get("key") is None


def test_the_one_unused_for_longest_gives_way() -> None:
    """When there is no room, what is in use stays."""
    cache: Cache[str, int] = Cache(2, 5.0, Clock())
    cache.put("old", 1)
    cache.put("unused", 2)
    cache.get("old")
    cache.put("new", 3)

    assert [cache.get(key) for key in ("old", "unused", "new")] == [1, None, 3]


def test_drop_and_clear_forget() -> None:
    """What is dropped is gone, what is not known can be dropped too, and clearing takes everything."""
    cache: Cache[str, int] = Cache(5, 5.0, Clock())
    for number, key in enumerate("abc"):
        cache.put(key, number)
    cache.drop("a")
    cache.drop("z")
    dropped = [cache.get(key) for key in "abc"]
    cache.clear()

    assert dropped == [None, 1, 2]
    assert len(cache) == 0


@given(puts=some.lists(some.tuples(KEYS, some.integers(1)), max_size=60))
def test_it_is_never_larger_than_its_size_and_never_wrong(puts: list[tuple[int, int]]) -> None:
    """Whatever is put in: never more than the size, and a value that is there is the last one put."""
    cache: Cache[int, int] = Cache(4, 5.0, Clock())
    expected: dict[int, int] = {}
    for key, value in puts:
        cache.put(key, value)
        expected[key] = value

        assert len(cache) <= 4
        assert cache.get(key) == value
    assert all(cache.get(key) in (None, expected.get(key)) for key in range(13))
