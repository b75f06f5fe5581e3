"""A text is cut so that each chunk says what it says by itself, and its span gives it back."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.chunking import LONGEST, MOST, chunks

pieces = st.sampled_from(
    [
        "# Heading",
        "## Another one",
        "Some words. And more!",
        "- an item",
        "| a | row |",
        "```",
        "x = 1",
        "",
        " ",
        "a" * 30,
    ]
)
texts = st.lists(pieces | st.text(max_size=50), max_size=40).map("\n".join) | st.text(max_size=500)
long_texts = st.lists(pieces | st.just("word " * 150) | st.just("x" * 3_000), max_size=12).map("\n".join)


def said(text: str) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in chunks(text)]


@given(texts | long_texts)
def test_whatever_is_not_blank_stands_in_one_chunk_and_in_order(text: str) -> None:
    found = chunks(text)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert "".join("".join(said(text)).split()) == "".join(text.split())


@given(texts | long_texts)
def test_no_chunk_is_too_long_nor_has_a_blank_around_it(text: str) -> None:
    for chunk in said(text):
        assert chunk == chunk.strip() != ""
        assert len(chunk.split()) <= MOST
        assert len(chunk) <= LONGEST


def test_a_chunk_stays_below_its_heading() -> None:
    text = "# Birds\n\nSparrows are small.\n\n# Fish\n\nPerch are not birds."
    assert said(text) == ["# Birds\n\nSparrows are small.", "# Fish\n\nPerch are not birds."]
    assert [chunk.heading for chunk in chunks(text)] == ["Birds", "Fish"]


def test_headings_that_follow_on_one_another_stay_together() -> None:
    text = "# Animals\n\n## Birds\n\nSparrows are small."
    assert said(text) == [text]
    assert chunks(text)[0].heading == "Birds"


def test_a_long_section_is_cut_at_the_end_of_a_paragraph() -> None:
    paragraph = "This paragraph has twenty words, " + "and so on " * 5 + "to its end."
    text = "\n\n".join([paragraph] * 20)
    for chunk in said(text):
        assert chunk.startswith("This paragraph")
        assert chunk.endswith("to its end.")


def test_a_long_paragraph_is_cut_at_the_end_of_a_sentence() -> None:
    text = " ".join(["A sentence of six words here."] * 100)
    assert all(chunk.startswith("A sentence") and chunk.endswith("here.") for chunk in said(text))


def test_what_looks_like_a_heading_in_code_is_none() -> None:
    text = "# Run it\n\n```sh\n# first\nmake\n```\n\nThen wait."
    assert said(text) == [text]


def test_a_long_hostile_text_is_cut_in_no_time() -> None:
    for hostile in (
        "." * 65_000,
        ".'" * 32_000,
        "# " * 32_000,
        "`" * 65_000,
        ". " * 32_000,
        "\n" * 65_000,
        "a.b" * 20_000,
    ):
        began = time.perf_counter()
        chunks(hostile)
        assert time.perf_counter() - began < 1
