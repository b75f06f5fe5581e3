"""An id made by chance is none of the words that a message is understood by."""

import time
from typing import cast

import pytest

from agent.understanding.classifier import Classifier, Ranking, Scored
from agent.understanding.ids import understood, with_taught_ids


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("delete report-991bc0ee", "delete invoice-7"),
        ("rename report-5e5604be to Mine", "rename invoice-7 to Mine"),
        ("who changed order-20260001?", "who changed invoice-7?"),
        ("show c0ffee12-7b1d-4c3e-9f00-0123456789ab", "show invoice-7"),
        ("show 7b1d0e12-7b1d-4c3e-9f00-0123456789ab", "show invoice-7"),
        ("“parcel-8ac1-x9”, please", "“invoice-7”, please"),
    ],
)
def test_an_id_made_by_chance_is_understood_as_one_that_was_taught(said: str, understood: str) -> None:
    assert with_taught_ids(said) == understood


@pytest.mark.parametrize(
    "said",
    [
        "trash invoice-7 and report-2026",
        "a well-known, up-to-date copy of it",
        "since 2026-01-05 from 203.0.113.7",
        "share it with ada.b-77xy@example.org or bob@b-77xyz.example",
        "the b2b-partners list",
        "-5e5604be",
    ],
)
def test_what_people_say_stays_as_it_is(said: str) -> None:
    assert with_taught_ids(said) == said


def test_only_what_is_like_nothing_is_looked_at_without_its_ids() -> None:
    asked: list[str] = []

    class Knowing:
        def rank(self, text: str) -> Ranking:
            asked.append(text)
            return Ranking((Scored("resource.trash", 0.9),), in_scope="chance" not in text, model="m")

    knowing = cast("Classifier", Knowing())
    assert understood(knowing, "delete report-991bc0ee").in_scope
    assert understood(knowing, "delete by chance report-991bc0ee")
    assert not understood(knowing, "by chance").in_scope
    assert not understood(knowing, "chance-991bc0ee!").in_scope
    assert asked == [
        "delete report-991bc0ee",
        "delete by chance report-991bc0ee",
        "delete by chance invoice-7",
        "by chance",
        "chance-991bc0ee!",
    ]


@pytest.mark.parametrize("hostile", ["a-" * 50_000, "a-b" * 30_000 + "@", "a" * 100_000 + "-", "a1-1" * 25_000])
def test_a_long_text_is_read_at_once(hostile: str) -> None:
    began = time.process_time()
    with_taught_ids(hostile)
    assert time.process_time() - began < 1
