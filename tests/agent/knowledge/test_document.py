"""What is indexed of a resource and of the platform's own pages."""

from pathlib import Path
from typing import Any

from agent.knowledge.document import of_resource, pages

INVOICE = {
    "resource_id": "invoice-7",
    "kind": "invoice",
    "name": "Invoice 7, Rossi",
    "attributes": {
        "amount": 1200,
        "to": {"city": "Rome"},
        "lines": [{"item": "chairs"}, {"item": "desks"}],
        "paid": None,
    },
    "tags": ["overdue", "2026"],
    "owner": "alice",
    "editors": ["bob"],
    "viewers": ["carol"],
    "version": 3,
    "position": "resource:6:2",
}


def kept(**changed: Any) -> dict[str, Any]:
    return INVOICE | changed


def test_a_resource_is_told_by_its_name_kind_tags_and_attributes() -> None:
    assert of_resource(INVOICE).text.split("\n\n") == [
        "name: Invoice 7, Rossi",
        "kind: invoice",
        "tags: overdue, 2026",
        "amount: 1200",
        "lines item: chairs",
        "lines item: desks",
        "to city: Rome",
    ]


def test_a_document_is_its_text_as_it_stands() -> None:
    found = of_resource(kept(kind="document", attributes={"text": " As it\n\nstands. ", "path": "a.txt"}))
    assert (found.title, found.text) == ("Invoice 7, Rossi", " As it\n\nstands. ")


def test_a_document_without_text_is_told_as_others_are() -> None:
    assert "pages: 3" in of_resource(kept(kind="document", attributes={"pages": 3})).text


def test_who_has_any_role_reads_it() -> None:
    assert of_resource(INVOICE).readers == ("alice", "bob", "carol")


def test_its_digest_tells_whether_vectors_are_made_again() -> None:
    digest = of_resource(INVOICE).digest("m1")
    assert of_resource(kept(version=4, viewers=["dave"], position="resource:6:3")).digest("m1") == digest
    assert of_resource(kept(name="Invoice 8")).digest("m1") != digest
    assert of_resource(kept(tags=["paid"])).digest("m1") != digest
    assert of_resource(INVOICE).digest("m2") != digest


def test_pages_are_named_by_their_path_and_called_by_their_first_heading(tmp_path: Path) -> None:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "README.md").write_text("# Annal\n\nText.")
    (tmp_path / "docs" / "deep" / "a.md").write_text("No heading.")
    (tmp_path / "docs" / "b.txt").write_text("No Markdown.")
    found = {each.id: each for each in pages(tmp_path)}
    assert {id_: each.title for id_, each in found.items()} == {
        "README.md": "Annal",
        "docs/deep/a.md": "docs/deep/a.md",
    }
    assert found["README.md"].readers is None


def test_where_there_are_no_pages_there_are_none(tmp_path: Path) -> None:
    assert list(pages(tmp_path)) == []
