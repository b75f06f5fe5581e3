"""A checkpoint is what its key signed, to the last byte, and follows on the one before it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import signed
from schemas.checkpoint import (
    BEFORE_THE_FIRST,
    Block,
    Checkpoint,
    Forged,
    Journal,
    beginning,
    contradiction,
    leaf,
    tree,
)
from schemas.journal import link
from schemas.merkle import Tree, leads

OURS, THEIRS = signed.key_of(b"o" * 32), signed.key_of(b"t" * 32)
HERE, THERE = Journal("resource", 0), Journal("account", 3)
TIME, LATER = "2026-11-26T20:00:00.000Z", "2026-11-26T20:01:00.000Z"


def grown(before: Block, records: int) -> Block:
    """Let a journal grow by records that count."""
    head = bytes.fromhex(before.head)
    leaves = []
    for n in range(records):
        head = link(head, b"key", b"%d" % n)
        leaves.append(leaf(before.next + n, head))
    said = {"start": before.next, "next": before.next + records, "head": head.hex(), "count": records}
    return before.model_copy(update={**said, "root": Tree(leaves).root.hex()})


def first() -> Checkpoint:
    return Checkpoint.make(None, TIME, [grown(beginning(HERE), 3), grown(beginning(THERE), 1)], OURS)


def second() -> Checkpoint:
    blocks = first().journals()
    return Checkpoint.make(first(), LATER, [grown(blocks[HERE], 0), grown(blocks[THERE], 2)], OURS)


def test_it_is_read_as_it_was_written() -> None:
    for checkpoint in (first(), second()):
        assert Checkpoint.read(checkpoint.write()) == checkpoint
    assert first().statement.previous == BEFORE_THE_FIRST
    assert second().statement.previous == first().statement.hash()
    assert [str(block.journal) for block in second().blocks] == ["account:3", "resource:0"]


def test_the_same_is_signed_alike() -> None:
    assert first().write() == first().write()


DOCUMENT = second().write()


@pytest.mark.parametrize("at", range(len(DOCUMENT)))
def test_no_byte_of_it_can_be_changed(at: int) -> None:
    for other in {DOCUMENT[at] ^ 1, ord("0"), ord(" ")} - {DOCUMENT[at]}:
        with pytest.raises(Forged):
            Checkpoint.read(DOCUMENT[:at] + bytes([other]) + DOCUMENT[at + 1 :])


@given(st.binary())
def test_anything_else_is_none(noise: bytes) -> None:
    with pytest.raises(Forged, match="no checkpoint"):
        Checkpoint.read(noise)


def test_whoever_signs_says_so() -> None:
    theirs = Checkpoint.make(first(), LATER, first().blocks, THEIRS)
    assert Checkpoint.read(theirs.write()).statement.key == signed.name_of(THEIRS)
    said = theirs.statement.model_copy(update={"key": signed.name_of(OURS)})
    with pytest.raises(Forged, match="not signed by the key"):
        Checkpoint.read(theirs.model_copy(update={"statement": said}).write())


def test_other_blocks_under_the_same_signature_are_noticed() -> None:
    with pytest.raises(Forged, match="says other things of the journals"):
        Checkpoint.read(first().model_copy(update={"blocks": second().blocks}).write())


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    signature = signed.sign(OURS, "checkpoint 1", {"n": 1})
    assert signed.is_signed(signed.name_of(OURS), "checkpoint 1", {"n": 1}, signature)
    assert not signed.is_signed(signed.name_of(OURS), "export 1", {"n": 1}, signature)
    assert not signed.is_signed("00" * 32, "checkpoint 1", {"n": 1}, signature)


def test_each_follows_on_the_one_before() -> None:
    assert contradiction(None, first()) is None
    assert contradiction(first(), second()) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"start": 0}, "that it went on from 0, and it was known up to 3"),
        ({"next": 2}, "that it ends at 2, and it was longer"),
        ({"count": 1}, "what cannot be: 1 records from 3 to 3"),
        ({"head": "00" * 32}, "what cannot be: 0 records from 3 to 3"),
    ],
)
def test_what_cannot_have_become_of_a_journal_is_noticed(changed: dict[str, Any], said: str) -> None:
    block = grown(first().journals()[HERE], 0).model_copy(update=changed)
    wrong = Checkpoint.make(first(), LATER, [block, grown(first().journals()[THERE], 0)], OURS)
    assert said in (contradiction(first(), wrong) or "")


def test_what_cannot_follow_is_noticed() -> None:
    fork = Checkpoint.make(None, LATER, first().blocks, OURS)
    assert "stands where 2 was to be" in (contradiction(first(), fork) or "")
    of_fork = Checkpoint.make(fork, LATER, second().blocks, OURS)
    assert "names another checkpoint" in (contradiction(first(), of_fork) or "")
    fewer = Checkpoint.make(first(), LATER, second().blocks[:1], OURS)
    assert "says nothing of the journal resource:0" in (contradiction(first(), fewer) or "")
    earlier = Checkpoint.make(first(), "2026-11-26T19:00:00.000Z", second().blocks, OURS)
    assert "before the one that it follows" in (contradiction(first(), earlier) or "")


def test_a_block_leads_to_what_is_signed() -> None:
    blocks = second().blocks
    made, root = tree(blocks), bytes.fromhex(second().statement.root)
    for index, block in enumerate(blocks):
        assert leads(signed.canonical(block.model_dump()), index, len(blocks), made.path(index), root)
