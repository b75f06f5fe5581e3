"""Text comes out of files as people see it, and in parts that a resource can hold."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.files import TYPES, Unreadable, of_html, parts, read


def kept(tmp_path: Path, name: str, raw: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("name", "raw", "text", "media_type"),
    [
        ("a.txt", b"Plain.\r\nText.", "Plain.\nText.", "text/plain"),
        ("a.MD", "\ufeff# Émile".encode(), "# Émile", "text/markdown"),
        ("a.html", b"<h1>Title</h1><p>Text.", "# Title\n\nText.", "text/html"),
        ("a.txt", b"nul\x00nul", "nulnul", "text/plain"),
    ],
)
def test_text_is_read(tmp_path: Path, name: str, raw: bytes, text: str, media_type: str) -> None:
    assert read(kept(tmp_path, name, raw)) == (text, media_type)


def test_a_pdf_is_read(tmp_path: Path) -> None:
    assert read(kept(tmp_path, "a.pdf", PDF)).text == "The ferry leaves at seven."


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("a.exe", b"x", "Its name says no kind|A name that ends with"),
        ("a.txt", b"\xff\xfe", "not written in UTF-8"),
        ("a.txt", b" \n ", "There is no text in it"),
        ("a.pdf", b"%PDF-1.4 and nothing", "It cannot be read as PDF"),
        ("a.pdf", b"", "It cannot be read as PDF"),
    ],
)
def test_what_has_no_text_is_refused_with_a_sentence(tmp_path: Path, name: str, raw: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read(kept(tmp_path, name, raw))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<p>a &lt; b &eacute;</p>", "a < b é"),
        ("<script>alert(1)</script><style>p{}</style>seen", "seen"),
        ("<head><title>T</title></head><body>  wide   text\n </body>", "wide text"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("a<br>b", "a\nb"),
    ],
)
def test_html_is_told_as_people_see_it(html: str, text: str) -> None:
    assert of_html(html) == text


@given(st.text())
def test_any_html_is_told(html: str) -> None:
    of_html(html)


texts = (
    st.lists(st.sampled_from(["word " * 30, "x" * 300, "\x01" * 40, "é", "\n\n", "\n", " ", '"'])).map("".join)
    | st.text()
)


@given(texts, st.integers(min_value=60, max_value=400))
def test_parts_fit_and_leave_out_nothing_but_blanks(text: str, largest: int) -> None:
    found = parts(text, largest)
    assert all(len(orjson.dumps(part)) <= largest for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_text_that_fits_is_one_part_as_it_stands() -> None:
    assert parts("One.\n\nTwo.") == ["One.\n\nTwo."]


def test_a_longer_one_is_cut_between_paragraphs() -> None:
    assert parts("a" * 40 + "\n\n" + "b" * 40, 60) == ["a" * 40, "b" * 40]


def test_every_type_says_how_names_end() -> None:
    assert all(name.startswith(".") for name in TYPES)


def _pdf(text: str) -> bytes:
    """Write a page that shows a text (ISO 32000-1 §7)."""
    shown = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
    )
    body, places = "%PDF-1.4\n", []
    for n, said in enumerate(objects, 1):
        places.append(len(body))
        body += f"{n} 0 obj\n{said}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count, start = len(objects) + 1, len(body)
    trailer = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}".encode()


PDF = _pdf("The ferry leaves at seven.")
