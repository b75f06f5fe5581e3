"""Text out of files that people have: plain text, Markdown, HTML and PDF, in parts that a resource can hold."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import orjson

LARGEST_FILE = 20_000_000
"""Bytes of a file that is read: a book has one million, and its pictures are not needed."""

LARGEST_PART = 60_000
"""Bytes of JSON of a part: attributes have 65,536, with its path and type (commands/text.py)."""

_BETWEEN = 4
"""Bytes of JSON of two newlines between paragraphs; the quotation marks around a part take less."""

_MOST_OF_A_CHARACTER = 6
"""Bytes of JSON, as \\u0001 takes."""

TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
}
"""The media types of files that can be read, by how their names end."""

_PARAGRAPH = re.compile(r"\n\s*\n")
_BLANKS = re.compile(r"[ \t\r\f\v]*\n\s*\n\s*")


class Unreadable(Exception):  # noqa: N818 - it says what the file is
    """No text can be had from a file; the message is one sentence that says what to do."""


class Text(NamedTuple):
    """What a file says, and as what it was written."""

    text: str
    media_type: str


def read(path: Path) -> Text:
    """Give the text of a file. Raises Unreadable, and OSError."""
    media_type = TYPES.get(path.suffix.lower())
    if media_type is None:
        raise Unreadable(
            f"A name that ends with {path.suffix or 'nothing'} says no kind of text; name {', '.join(TYPES)}."
        )
    if path.stat().st_size > LARGEST_FILE:
        raise Unreadable(f"It has more than {LARGEST_FILE // 1_000_000} MB; cut it into smaller files.")
    raw = path.read_bytes()
    text = _of_pdf(raw) if media_type == "application/pdf" else _decoded(raw)
    if media_type == "text/html":
        text = of_html(text)
    # What JSON or PostgreSQL cannot carry says nothing to anybody.
    text = text.replace("\0", "").encode("utf-8", "ignore").decode().strip()
    if not text:
        raise Unreadable("There is no text in it; a scan needs to be recognised first.")
    return Text(text, media_type)


def parts(text: str, largest: int = LARGEST_PART) -> list[str]:
    """Cut a text so that each part takes at most so many bytes as JSON: between paragraphs where it can be.

    What is cut are only blanks: what is not blank is in one of the parts.
    """
    found, together, size = list[str](), list[str](), 0
    for paragraph in _paragraphs(text, largest):
        more = _size(paragraph) + _BETWEEN
        if together and size + more > largest:
            found.append("\n\n".join(together))
            together, size = [], 0
        together.append(paragraph)
        size += more
    return [*found, "\n\n".join(together)] if together else found


def of_html(text: str) -> str:
    """Give what an HTML page says, with headings and items of lists as Markdown has them."""
    page = _Page()
    page.feed(text)
    page.close()
    return _BLANKS.sub("\n\n", "".join(page.said)).strip()


class _Page(HTMLParser):
    """Collects what people see of a page."""

    _HIDDEN = frozenset({"script", "style", "template", "noscript", "head", "svg", "nav"})
    _HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
    _APART = frozenset(
        {"p", "div", "section", "article", "ul", "ol", "table", "blockquote", "header", "footer", "main"}
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said = list[str]()
        self._hidden = 0
        self._kept_as_is = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - what tags say beside their names is not seen
        self._hidden += tag in self._HIDDEN
        if tag in self._HEADINGS:
            self.said.append(f"\n\n{'#' * int(tag[1])} ")
        elif tag == "li":
            self.said.append("\n- ")
        elif tag in {"br", "tr"}:
            self.said.append("\n")
        elif tag in {"td", "th"}:
            self.said.append(" ")
        elif tag == "pre":
            self._kept_as_is += 1
            self.said.append("\n\n```\n")
        elif tag in self._APART:
            self.said.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in self._HIDDEN))
        if tag == "pre" and self._kept_as_is:
            self._kept_as_is -= 1
            self.said.append("\n```\n\n")
        elif tag in self._APART | self._HEADINGS:
            self.said.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.said.append(data if self._kept_as_is else re.sub(r"\s+", " ", data))


def _of_pdf(raw: bytes) -> str:
    from pypdf import PdfReader  # noqa: PLC0415 - few files are PDF
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        return "\n\n".join(page.extract_text() for page in PdfReader(BytesIO(raw)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(
            f"It cannot be read as PDF ({type(error).__name__}); save it again, without a password."
        ) from error


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Unreadable("It is not written in UTF-8; save it so.") from None


def _paragraphs(text: str, largest: int) -> Iterator[str]:
    """Give the paragraphs, those cut that are larger than a part."""
    longest = (largest - _BETWEEN) // _MOST_OF_A_CHARACTER
    for paragraph in _PARAGRAPH.split(text):
        start, large = 0, _size(paragraph) + _BETWEEN > largest
        while large and len(paragraph) - start > longest:
            blank = paragraph.rfind(" ", start + longest // 2, start + longest)
            cut = blank if blank > 0 else start + longest
            yield from filter(None, [paragraph[start:cut].strip()])
            start = cut
        yield from filter(None, [paragraph[start:].strip()])


def _size(text: str) -> int:
    return len(orjson.dumps(text))
