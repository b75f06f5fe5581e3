"""Which things a text speaks of."""

import pytest

from agent.slots import Gazetteer, Thing
from tests.agent.slots.talking import ADA, BOB, KNOWN, ME, ada, bob, eight, report, said, seven, values


@pytest.mark.parametrize(
    "text",
    [
        "trash invoice-7",
        "trash Invoice-7",
        "trash invoice 7",
        "delete the resource invoice-7 please",
        "get rid of Invoice 7, Rossi",
        'get rid of "Invoice 7, Rossi"',
        "delete invoice 7 rossi",
        "throw the Rossi invoice away",
    ],
)
def test_a_thing_is_known_by_its_id_and_name(text: str) -> None:
    assert values("resource.trash", text) == {"resource_id": "invoice-7"}


@pytest.mark.parametrize(
    "text",
    ["trash it", "trash this one", "delete this invoice", "delete that invoice", "get rid of that", "bin the invoice"],
)
def test_a_pronoun_is_what_was_spoken_of_last(text: str) -> None:
    assert values("resource.trash", text, seven, eight) == {"resource_id": "invoice-7"}


@pytest.mark.parametrize(
    "text", ["suspend the account of Ada Lovelace", "suspend the account of Ada", "suspend the user Ada Lovelace"]
)
def test_somebody_elses_account_is_not_the_one_spoken_of(text: str) -> None:
    assert values("account.suspend", text, bob) == {"account_id": ADA}


@pytest.mark.parametrize(
    "text",
    ["suspend the account of Zoe", "suspend that user called Zoe", 'suspend the account "Zoe"', "suspend user 17"],
)
def test_somebody_who_is_not_known_is_nobody_spoken_of(text: str) -> None:
    assert values("account.suspend", text, bob) == {}


@pytest.mark.parametrize(
    "text", ["trash the invoice for Bianchi", "trash the invoice of Bianchi", "trash the Bianchi invoice"]
)
def test_what_is_named_in_part_is_not_the_one_spoken_of(text: str) -> None:
    assert values("resource.trash", text, seven) == {"resource_id": "invoice-8"}


@pytest.mark.parametrize("text", ["trash my contract", "trash this contract", "trash the offer", "trash invoice 17"])
def test_what_is_of_another_kind_is_not_the_one_spoken_of(text: str) -> None:
    assert values("resource.trash", text, seven) == {}


def test_a_pronoun_of_a_kind_passes_over_others() -> None:
    assert values("resource.trash", "trash that invoice", report, eight, seven) == {"resource_id": "invoice-8"}


def test_a_pronoun_means_nothing_if_nothing_was_spoken_of() -> None:
    filled = said("resource.trash", "trash it")
    assert (filled.values, filled.missing, filled.ambiguous) == ({}, ("resource_id",), {})


def test_the_invoice_is_ambiguous_when_there_are_two() -> None:
    assert said("resource.trash", "trash the invoice").ambiguous == {"resource_id": (seven, eight)}


def test_the_report_is_the_only_one() -> None:
    assert values("resource.trash", "trash the report") == {"resource_id": "r-2026"}


def test_a_misspelt_name_is_found_if_no_other_is_near() -> None:
    assert values("resource.trash", "trash the Quartely Report") == {"resource_id": "r-2026"}


def test_another_number_is_no_misspelling() -> None:
    filled = said("resource.trash", "trash Invoice 9, Rossi")
    assert filled.values == {}
    assert seven in filled.ambiguous["resource_id"]


def test_things_of_one_name_are_ambiguous() -> None:
    twins = (Thing("resource", "a-1", "Budget"), Thing("resource", "a-2", "Budget"))
    assert said("resource.trash", "trash Budget", known=Gazetteer(twins)).ambiguous == {"resource_id": twins}


def test_an_id_that_is_not_seen_is_taken_as_it_is() -> None:
    assert values("resource.trash", "trash contract-2026-11") == {"resource_id": "contract-2026-11"}
    assert values("resource.trash", "trash invoice-9") == {"resource_id": "invoice-9"}


def test_a_misspelt_id_is_asked_about() -> None:
    filled = said("resource.trash", "trash invioce-7")
    assert filled.values == {}
    assert filled.ambiguous["resource_id"][0] == seven


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("the second", "invoice-8"),
        ("the first one", "invoice-7"),
        ("number 2", "invoice-8"),
        ("2", "invoice-8"),
        ("the last one", "invoice-8"),
        ("the Bianchi one", "invoice-8"),
    ],
)
def test_one_of_those_offered_is_chosen(text: str, id_: str) -> None:
    assert values("resource.trash", text, candidates=(seven, eight), asked="resource_id") == {"resource_id": id_}


@pytest.mark.parametrize("text", ["no, the other one", "the other one", "I meant the other"])
def test_the_other_one_is_not_the_one_spoken_of(text: str) -> None:
    assert values("resource.trash", text, seven, candidates=(seven, eight)) == {"resource_id": "invoice-8"}
    assert values("resource.trash", text, seven, eight) == {"resource_id": "invoice-8"}


def test_the_other_one_of_three_is_ambiguous() -> None:
    filled = said("resource.trash", "the other one", seven, candidates=(seven, eight, report))
    assert filled.ambiguous == {"resource_id": (eight, report)}


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("share invoice-7 with bob", BOB),
        ("share invoice-7 with Bob as a viewer", BOB),
        ("share invoice-7 with bob@example.org", BOB),
        ("let Ada Lovelace see invoice-7", ADA),
        ("give Ada access to invoice-7", ADA),
        (f"share invoice-7 with {ADA}", ADA),
        ("share invoice-7 with me", ME),
    ],
)
def test_people_are_known_by_name_and_address(text: str, account: str) -> None:
    filled = values("resource.share", text)
    assert (filled["resource_id"], filled["account"]) == ("invoice-7", account)


def test_an_address_that_nobody_has_is_invalid() -> None:
    filled = said("resource.share", "share invoice-7 with eve@example.org")
    assert filled.invalid == {
        "account": "You see no account with the address eve@example.org; say the account's name or id."
    }


def test_him_is_who_was_spoken_of() -> None:
    assert values("resource.share", "share it with him", seven, bob) == {"resource_id": "invoice-7", "account": BOB}


def test_my_account_is_mine() -> None:
    assert values("account.close", "close my account") == {"account_id": ME}
    assert values("account.revoke_sessions", "sign me out everywhere") == {"account_id": ME}
    assert values("account.erase", "forget me") == {"account_id": ME}
    assert values("account.erase", "I want to be forgotten") == {"account_id": ME}


def test_show_me_is_not_about_me() -> None:
    assert "account_id" not in values("account.read", "show me the account of nobody")
    assert values("account.read", "show me Ada Lovelace") == {"account_id": ADA}


def test_my_resources_are_those_i_own() -> None:
    assert values("resource.list", "show me my resources")["owner"] == ME
    assert "owner" not in values("resource.list", "show me all resources")


def test_an_account_and_a_role_are_told_apart() -> None:
    assert values("account.give_role", "give bob the role auditor") == {"account_id": BOB, "role": "auditor"}
    assert values("account.give_role", "make Ada Lovelace a clerk") == {"account_id": ADA, "role": "clerk"}


def test_what_is_brought_into_being_is_named_by_a_word() -> None:
    assert values("role.define", "define a role called bookkeeper that may resource:read and kind:read") == {
        "role": "bookkeeper",
        "permissions": ["resource:read", "kind:read"],
    }


@pytest.mark.parametrize(
    "text", ["take this role out of use", "delete that role altogether", "retire the role for good"]
)
def test_what_follows_a_role_is_not_its_name(text: str) -> None:
    assert values("role.retire", text) == {}


def test_the_invoices_are_those_of_a_kind() -> None:
    assert values("resource.list", "list all invoices") == {"kind": "invoice"}
    assert values("resource.list", "show me my invoices") == {"kind": "invoice", "owner": ME}


def test_of_a_subject_the_domain_is_known() -> None:
    assert values("audit.subject", "audit invoice-7") == {"domain": "resource", "subject": "invoice-7"}
    assert values("audit.subject", "audit the subject x-12 of account") == {"domain": "account", "subject": "x-12"}


def test_a_part_of_an_id_is_no_mention() -> None:
    assert values("audit.subject", "audit invoice-12")["subject"] == "invoice-12"
    assert values("resource.trash", "trash invoice-7-draft") == {"resource_id": "invoice-7-draft"}


def test_words_around_a_noun_are_no_name() -> None:
    assert values("resource.history", "how did the invoice come about", seven) == {"resource_id": "invoice-7"}


def test_whom_it_is_shared_with_does_not_narrow_it_down() -> None:
    found = values("resource.share", "share the invoice with Ada as editor", seven)
    assert found == {"resource_id": "invoice-7", "account": ADA, "role": "editor"}


def test_of_two_that_are_named_the_person_chooses() -> None:
    assert said("resource.trash", "trash invoice-7 and invoice-8").ambiguous == {"resource_id": (seven, eight)}
    assert said("resource.share", "share invoice-7 with bob and Ada Lovelace as viewer").ambiguous == {
        "account": (bob, ada)
    }
    assert values("resource.trash", "trash invoice-7, yes, invoice-7") == {"resource_id": "invoice-7"}


def test_what_is_quoted_is_not_what_it_is_about() -> None:
    text = 'set reference of invoice-7 to "invoice-8"'
    assert values("resource.change", text) == {"resource_id": "invoice-7", "patch": {"reference": "invoice-8"}}
    assert "resource_id" not in values("resource.change", 'set note to "see invoice-8"')


@pytest.mark.parametrize(
    ("text", "account"),
    [("share contract-12 with user-9 as viewer", "user-9"), ("give user-9 access to contract-12", "user-9")],
)
def test_ids_that_are_not_seen_are_told_apart_by_what_leads_to_them(text: str, account: str) -> None:
    found = values("resource.share", text)
    assert (found["resource_id"], found["account"]) == ("contract-12", account)


def test_an_actor_is_told_from_a_subject() -> None:
    assert values("audit.list", "what did bob do since yesterday")["actor"] == BOB


def test_nothing_outside_the_gazetteer_is_named() -> None:
    assert all(isinstance(each, Thing) for each in KNOWN.things)
    assert said("resource.share", "share invoice-7 with Zoe").missing == ("account", "role")


def test_ada_is_found_by_a_part_of_her_name() -> None:
    assert values("account.suspend", "suspend Lovelace") == {"account_id": ada.id}
