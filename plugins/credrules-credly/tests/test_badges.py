"""What a badge at Credly says, whose it is, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from credrules import AcceptanceState, Evidence, OutcomeUnknown, Receipt, Recipient, Refused
from credrules.testing import sample_award
from credrules_credly import Manner
from credrules_credly.request import OPTIONS, award_reference, issue_request

from .conftest import ORGANIZATION, TEMPLATE


def renewed(award):
    """The same program earned again: an award with a key of its own."""
    return replace(award, key=f"{award.key}/2029", earned_on=date(2029, 5, 20))


def by_hand(account, **changes):
    body = {
        "badge_template_id": TEMPLATE,
        "recipient_email": "l001@learner.example",
        "issued_to_first_name": "Ada",
        "issued_to_last_name": "Sample",
        "issued_at": "2026-05-20 12:00:00 +0000",
        **changes,
    }
    return account._line.write("POST", f"/organizations/{ORGANIZATION}/badges", body).data["id"]


# What it says.


def test_the_day_is_the_day_on_which_it_was_earned_wherever_the_institution_is(emulator, make_credly, award):
    for learner, zone in (("L1", "America/New_York"), ("L2", "Asia/Tokyo"), ("L3", "UTC")):
        make_credly(Manner(zone=zone)).issue(award(learner, earned_on=date(2026, 1, 31)))

    assert [badge["issued_at"] for badge in emulator.badges()] == [
        "2026-01-31T17:00:00.000Z",
        "2026-01-31T03:00:00.000Z",
        "2026-01-31T12:00:00.000Z",
    ]


def test_only_these_fields_leave_the_institution(award):
    body = issue_request(award(), Manner())

    assert set(body) == {
        "badge_template_id",
        "recipient_email",
        "issued_to_first_name",
        "issued_to_last_name",
        "issuer_earner_id",
        "issued_at",
        "evidence",
        "suppress_badge_notification_email",
    }
    assert award().key not in str(body)


def person(name="", given=None, family=None, email="ada@learner.example", learner_id="L001"):
    return Recipient(learner_id=learner_id, name=name or learner_id, given_name=given, family_name=family, email=email)


@pytest.mark.parametrize(
    ("recipient", "manner", "names"),
    [
        (person("Ada Sample", "Ada", "Sample"), Manner(), ("Ada", "Sample")),
        (person("Ada Lovelace King"), Manner(), ("Ada", "King")),
        (
            person("Ada Lovelace", "A.", "L."),
            Manner(given_name=("display",), family_name=("display",)),
            ("Ada", "Lovelace"),
        ),
        (person("Sukarno", "Sukarno"), Manner(family_name=("family", "given")), ("Sukarno", "Sukarno")),
        (person("  Zoe\u0308  ", " Zoe\u0308 ", "  van   Ångström "), Manner(), ("Zo\u00eb", "van Ångström")),
    ],
)
def test_names_are_taken_in_the_order_of_the_settings(award, recipient, manner, names):
    body = issue_request(award(recipient=recipient), manner)

    assert (body["issued_to_first_name"], body["issued_to_last_name"]) == names


@pytest.mark.parametrize(
    ("recipient", "lacks"),
    [
        (person("Sukarno", "Sukarno"), "the learner has no family name (see `family-name` in the settings)"),
        (person(), "has no given name .* has no family name"),
        (person("A B", "A", "B", email=None), "has no e-mail address that Credly would take"),
        (person("A B", "A", "B", email="two@a.example, b@b.example"), "has no e-mail address"),
        (person("A B", "A" * 300, "B"), "given name has more than 255 signs"),
        (person("A B", "A\ud800", "B"), "given name holds a control character or half of one"),
    ],
)
def test_a_learner_who_cannot_be_told_to_credly_is_refused_with_every_reason(award, recipient, lacks):
    with pytest.raises(Refused, match=lacks.replace("(", r"\(").replace(")", r"\)")) as raised:
        issue_request(award(recipient=recipient), Manner())

    assert "@" not in str(raised.value)


def test_an_address_is_taken_in_the_order_of_the_settings(award):
    nobody, somebody = (person("A B", "A", "B", email=email) for email in (None, "a@home.example"))
    manner = Manner(email=("record", "@university.example"))

    assert issue_request(award(recipient=nobody), manner)["recipient_email"] == "L001@university.example"
    assert issue_request(award(recipient=somebody), manner)["recipient_email"] == "a@home.example"


EVERYTHING = (
    Evidence(title="CSE 574", detail="A-, fall 2025, 3 credits"),
    Evidence(title="Capstone", detail="done", kind="milestone", url="https://work.example/1"),
    Evidence(title="Attested", detail="Prof. Somebody said so", kind="attestation"),
    Evidence(title="Waived", detail="on medical grounds", kind="exception"),
)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("none", []),
        ("titles", [("CSE 574", "Course"), ("Capstone", "Milestone")]),
        ("details", [("CSE 574", "A-, fall 2025, 3 credits"), ("Capstone", "done")]),
    ],
)
def test_evidence_is_told_as_far_as_the_settings_say_and_never_who_attested_or_why_it_was_waived(
    emulator, issuer, make_credly, award, told, shown
):
    make_credly(Manner(evidence=told)).issue(award(evidence=EVERYTHING))

    [badge] = emulator.badges()
    *evidence, own = [(item["name"], item["description"]) for item in badge["evidence"]]
    assert evidence == shown
    assert own == ("Award reference", award_reference(award().key))


def test_the_program_file_may_say_less_or_more_than_the_settings(award):
    quiet = award(evidence=EVERYTHING, options={"evidence": "none", "locale": "fr", "expires": "never"})

    body = issue_request(quiet, Manner(evidence="details", locale="de", notify=False))

    assert len(body["evidence"]) == 1
    assert (body["locale"], body["expires_at"], body["suppress_badge_notification_email"]) == ("fr", False, True)


def test_a_badge_ends_when_the_award_does_or_its_template_says(emulator, issuer, award):
    forever = "b0000000-0000-4000-8000-00000000000f"
    emulator.tell("templates", {"id": forever, "name": "Two years", "default_expiry_days": 730})

    issuer.issue(award("L1", template=forever))
    issuer.issue(award("L2", template=forever, options={"expires": "never"}))

    assert [badge["expires_at"] for badge in emulator.badges()] == ["2028-05-19T12:00:00.000Z", None]


def test_the_day_of_conferral_and_the_last_day_are_told_where_credrules_knows_them(emulator, make_credly, award):
    days = {"conferred_on": date(2026, 6, 30), "expires_on": date(2029, 6, 30)}

    make_credly(Manner(zone="America/New_York")).issue(replace(award(), **days))

    [badge] = emulator.badges()
    assert (badge["issued_at"], badge["expires_at"]) == ("2026-06-30T16:00:00.000Z", "2029-07-01T03:59:59.000Z")


# Whose it is.


def test_a_badge_that_was_issued_by_hand_is_adopted_and_not_issued_again(emulator, make_account, issuer, award):
    identity = by_hand(make_account())

    receipt = issuer.issue(award())

    assert receipt.reference == identity
    assert len(emulator.badges()) == 1


def test_a_badge_by_hand_under_another_of_the_learners_addresses_is_adopted(emulator, make_account, issuer, award):
    identity = by_hand(make_account(), recipient_email="ada@home.example")
    emulator.tell("merge", {"emails": ["ada@home.example", "l001@learner.example"]})

    assert issuer.issue(award()).reference == identity


def test_two_learners_with_one_address_do_not_get_one_badge(issuer, award):
    first = award("L001")
    issuer.issue(first)
    second = award("L002", recipient=replace(first.recipient, learner_id="L002"))

    with pytest.raises(Refused, match="under another id"):
        issuer.issue(second)

    assert issuer.find(second) is None


def test_two_programs_with_one_template_are_not_taken_for_one_another(issuer, award):
    first = award()
    second = replace(first, key=first.key.replace("data-analytics", "statistics"))
    issuer.issue(first)

    assert issuer.find(second) is None
    with pytest.raises(Refused, match="from another award"):
        issuer.issue(second)


def test_of_a_template_with_several_badges_a_learner_each_award_has_its_own(emulator, issuer, award):
    several = "b0000000-0000-4000-8000-00000000000d"
    emulator.tell("templates", {"id": several, "name": "Each year", "allow_duplicate_badges": True})
    first = award(template=several, options={"duplicates": "allowed"})
    second = renewed(first)

    receipts = [issuer.issue(one) for one in (first, second, first, second)]

    assert receipts[:2] == receipts[2:]
    assert len({receipt.reference for receipt in receipts}) == len(emulator.badges()) == 2


def test_several_badges_a_learner_are_not_issued_where_nobody_has_said_that_they_may(emulator, issuer, award):
    several = "b0000000-0000-4000-8000-00000000000d"
    emulator.tell("templates", {"id": several, "name": "Each year", "allow_duplicate_badges": True})

    with pytest.raises(Refused, match="`duplicates: allowed`"):
        issuer.issue(award(template=several))


def test_a_list_that_ignores_what_it_was_asked_for_gives_nobody_anothers_badge(emulator, make_account, issuer, award):
    issuer.issue(award("L001"))
    account = make_account()
    everybody = account._line.pages
    account._line.pages = lambda path, params: everybody(path, {})
    careless = type(issuer)("credly", account)

    assert careless.find(award("L002")) is None
    assert careless.find(award("L001"))


def test_where_lists_leave_evidence_out_each_badge_is_asked_for_its_own(emulator, issuer, award):
    receipt = issuer.issue(award())
    emulator.tell("settings", {"lists_hold_evidence": False, "extra_fields": True})

    assert issuer.find(award()) == receipt


def test_the_badge_of_a_learner_among_hundreds_is_found(emulator, issuer, award):
    for number in range(60):
        issuer.issue(award(f"L{number:03}"))

    references = {one["earner"]: one["id"] for one in emulator.badges()}
    assert issuer.find(award("L000")).reference == references["L000"]
    assert issuer.find(award("L059")).reference == references["L059"]


# What becomes of it.


def test_a_badge_is_replaced_once_and_the_first_receipt_stays_what_it_was(emulator, issuer, award):
    old = award()
    receipt = issuer.issue(old)

    new = issuer.replace(receipt, renewed(old))

    assert issuer.replace(receipt, renewed(old)) == new == issuer.find(renewed(old))
    assert issuer.find(old).reference == receipt.reference
    assert [(badge["state"], badge["replaces"]) for badge in emulator.badges()] == [
        ("replaced", None),
        ("pending", receipt.reference),
    ]


def test_a_replacement_whose_answer_was_lost_is_found(emulator, issuer, award):
    receipt = issuer.issue(award())
    emulator.fault("drop-after", on="replace")

    with pytest.raises(OutcomeUnknown):
        issuer.replace(receipt, renewed(award()))

    assert issuer.find(renewed(award())).reference == emulator.badges()[1]["id"]
    assert issuer.replace(receipt, renewed(award())).reference == emulator.badges()[1]["id"]
    assert len(emulator.badges()) == 2


def test_a_renewal_takes_the_place_of_what_it_renews_once(emulator, issuer, award):
    first = replace(award())
    renewals = [replace(first, key=f"{first.key}/{cycle}", cycle=cycle) for cycle in (1, 2)]

    receipts = [issuer.issue(one) for one in (first, *renewals, first, *renewals)]

    assert receipts[:3] == [replace(receipt, url=receipts[number].url) for number, receipt in enumerate(receipts[3:])]
    assert [badge["state"] for badge in emulator.badges()] == ["replaced", "replaced", "pending"]
    assert [badge["replaces"] for badge in emulator.badges()] == [None, receipts[0].reference, receipts[1].reference]


def test_a_renewal_whose_answer_was_lost_is_found_and_not_renewed_again(emulator, issuer, award):
    first = replace(award())
    renewal = replace(first, key=f"{first.key}/1", cycle=1)
    issuer.issue(first)
    emulator.fault("drop-after", on="replace")

    with pytest.raises(OutcomeUnknown):
        issuer.issue(renewal)

    assert issuer.find(renewal) == issuer.issue(renewal)
    assert len(emulator.badges()) == 2


def test_a_badge_that_somebody_else_replaced_can_be_replaced_in_its_turn(emulator, make_account, issuer, award):
    receipt = issuer.issue(award())
    path = f"/organizations/{ORGANIZATION}/badges/{receipt.reference}/replace"
    by_them = {"badge_template_id": TEMPLATE, "issued_at": "2027-05-20 12:00:00 +0000", "issuer_earner_id": "L001"}
    theirs = make_account()._line.write("POST", path, by_them).data["id"]

    new = issuer.replace(receipt, renewed(award()))

    assert {badge["id"]: badge["replaces"] for badge in emulator.badges()} == {
        receipt.reference: None,
        theirs: receipt.reference,
        new.reference: theirs,
    }


def test_what_is_taken_back_is_the_badge_that_has_come_into_its_place(emulator, issuer, award):
    receipt = issuer.issue(award())
    issuer.replace(receipt, renewed(award()))

    issuer.revoke(receipt, "A grade was corrected.")
    issuer.revoke(receipt, "A grade was corrected.")

    assert [badge["state"] for badge in emulator.badges()] == ["replaced", "revoked"]


@pytest.mark.parametrize(
    ("reference", "reason", "why"),
    [
        ("3d566829-ce3c-4719-9588-a89fb8646742", "It was wrong.", "has no badge"),
        ("../../../organizations", "It was wrong.", "has no badge"),
        (None, "  ", "wants a reason"),
    ],
)
def test_what_cannot_be_taken_back_is_refused(issuer, award, reference, reason, why):
    receipt = issuer.issue(award())

    with pytest.raises(Refused, match=why):
        issuer.revoke(replace(receipt, reference=reference or receipt.reference), reason)


def test_a_receipt_takes_back_no_other_awards_badge(emulator, issuer, award):
    mine, yours = issuer.issue(award("L001")), issuer.issue(award("L002"))

    with pytest.raises(Refused, match="another award's"):
        issuer.revoke(replace(mine, reference=yours.reference), "It was wrong.")

    assert {badge["state"] for badge in emulator.badges()} == {"pending"}


@pytest.mark.parametrize("many", [False, True])
def test_the_office_sees_who_has_accepted_and_who_has_not(emulator, issuer, award, many):
    receipts = [issuer.issue(award(f"L{number}")) for number in range(9 if many else 5)]
    references = [receipt.reference for receipt in receipts]
    emulator.tell("accept", {"badge": references[1]})
    emulator.tell("reject", {"badge": references[2]})
    issuer.revoke(receipts[3], "It was wrong.")
    emulator.tell("accept", {"badge": references[4]})
    issuer.replace(receipts[4], renewed(award("L4")))
    gone = Receipt(award_key="x", issuer="credly", reference="gone", detail={"template": TEMPLATE})

    found = {one.reference: one for one in issuer.acceptances([*receipts, gone])}

    assert "gone" not in found
    assert [found[one].state for one in references[:5]] == [
        AcceptanceState.PENDING,
        AcceptanceState.ACCEPTED,
        AcceptanceState.REJECTED,
        AcceptanceState.REVOKED,
        AcceptanceState.ACCEPTED,
    ]
    assert found[references[0]].url == f"https://www.credly.invalid/badges/{references[0]}/accept"
    assert found[references[1]].url == f"https://www.credly.invalid/badges/{references[1]}"
    assert all(found[one].since for one in references[:5])


# What program files say.


def test_every_active_template_is_offered_where_one_is_missing(issuer):
    assert list(issuer.option_faults({"template": TEMPLATE[:-1] + "2"})) == [
        f"the template '{TEMPLATE[:-1]}2' is not there. Active at Credly: {TEMPLATE} (Data Analytics). "
        f"Did you mean '{TEMPLATE}'?"
    ]
    assert next(iter(issuer.option_faults({}))).startswith("it names no template. Active at Credly: ")


@pytest.mark.parametrize("state", ["archived", "draft"])
def test_a_template_that_is_not_active_is_a_fault(emulator, issuer, state):
    other = "b0000000-0000-4000-8000-00000000000a"
    emulator.tell("templates", {"id": other, "name": "Old", "state": state})

    assert list(issuer.option_faults({"template": other})) == [
        f"the template {other} (Old) is {state}. Make it active at Credly."
    ]


def test_an_option_that_credly_cannot_be_told_is_a_fault_with_the_nearest_name(issuer):
    faults = list(issuer.option_faults({"template": TEMPLATE, "evidance": "all", "locale": "eng", "expires": "2030"}))

    assert [fault[:60] for fault in faults] == [
        "'evidance' is nothing that Credly can be told. There are: te",
        "locale: 'eng' is not possible. There are: en, fr, de, ko, ja",
        "expires: '2030' is not possible. There are: never.",
    ]
    assert "Did you mean 'evidence'?" in faults[0]
    assert list(issuer.option_faults({"template": TEMPLATE})) == []
    assert "template" in OPTIONS


def test_templates_on_a_second_page_are_there_too(emulator, make_credly):
    for number in range(60):
        emulator.tell("templates", {"id": f"b1000000-0000-4000-8000-0000000000{number:02}", "name": f"T{number}"})

    assert list(make_credly().option_faults({"template": "b1000000-0000-4000-8000-000000000003"})) == []


def test_an_award_without_a_template_was_never_issued(issuer):
    assert issuer.find(sample_award()) is None
