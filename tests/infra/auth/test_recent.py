"""What was used last is remembered, and no more than there is room for."""

from infra.auth.recent import Recent


def test_the_least_recently_used_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.get("a") == 1
    recent.keep("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    assert len(recent) == 2


def test_keeping_again_is_using() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    recent.keep("a", 4)
    recent.keep("c", 3)
    assert [recent.get(key) for key in "abc"] == [4, None, 3]


def test_what_is_forgotten_is_gone() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.forget("a")
    recent.forget("b")
    assert recent.get("a") is None
    assert len(recent) == 0
