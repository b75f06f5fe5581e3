"""Sentences as vectors: alike when they mean alike, and the same whatever they are asked with."""

import numpy as np

from agent.understanding.embedding import DIMENSIONS, embed, read

RENAME = "Please rename invoice seven"
TITLE = "Give invoice 7 another title"
RAIN = "Will it rain in Bergen tomorrow?"


def test_a_vector_has_length_one() -> None:
    vectors = embed([RENAME, RAIN])
    assert vectors.shape == (2, DIMENSIONS)
    assert vectors.dtype == np.dtype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_what_is_read_is_the_vector_and_two_of_the_wording_each_of_length_one() -> None:
    pooled = read([RENAME, RAIN]).reshape(2, 3, DIMENSIONS)
    np.testing.assert_array_equal(pooled[:, 0], embed([RENAME, RAIN]))
    np.testing.assert_allclose(np.linalg.norm(pooled, axis=2), 1, atol=1e-6)


def test_wording_likens_texts_of_the_same_words_more_than_meaning_does() -> None:
    meaning, wording, _ = read(["share it with Bob", "share it with nobody"]).reshape(2, 3, DIMENSIONS).swapaxes(0, 1)
    assert wording[0] @ wording[1] > meaning[0] @ meaning[1]


def test_what_means_alike_is_near() -> None:
    rename, title, rain = embed([RENAME, TITLE, RAIN])
    assert rename @ title > 0.5 > rename @ rain


def test_a_vector_does_not_depend_on_its_company() -> None:
    company = [RENAME, TITLE, RAIN, "Rename it", *(f"Rename invoice {number}" for number in range(40))]
    np.testing.assert_allclose(read(company)[:3], np.vstack([read([text]) for text in company[:3]]), atol=1e-5)


def test_no_text_gives_no_vector() -> None:
    assert embed([]).shape == (0, DIMENSIONS)


def test_an_empty_text_and_one_too_long_have_vectors_too() -> None:
    assert np.isfinite(read(["", "rename " * 5000])).all()
