"""CredlyIssuer: an award becomes a badge at Credly, once."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from credrules import Acceptance, AwardField, OutcomeUnknown, Receipt, Refused, Unavailable
from credrules_credly.account import impersonal
from credrules_credly.request import (
    EVIDENCE,
    LOCALES,
    OPTIONS,
    Manner,
    award_reference,
    earlier_references,
    earner_id,
    email_of,
    issue_request,
    personal,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from credrules import Award
    from credrules_credly.account import Account
    from credrules_credly.shapes import BadgeShape, TemplateShape

FEW = 5
"""Badges of one template that are asked for one by one; of more, the list is read."""

TAKES = frozenset(
    {
        AwardField.NAME,
        AwardField.GIVEN_NAME,
        AwardField.FAMILY_NAME,
        AwardField.EMAIL,
        AwardField.COURSES,
        AwardField.MILESTONES,
    }
)
"""Of courses and milestones what `evidence` in the settings or the program file says, and never what people granted."""

CHAIN = 25
"""Replacements of one badge that are followed."""

AT_ONCE = 8
"""Requests at the same time that are of use."""


class CredlyIssuer:
    """One organization at Credly.

    A badge is known again by the learner and the template, as Credly's own rule against duplicates knows it, and by the
    award's reference in its evidence, which tells two awards of one template apart.
    """

    def __init__(self, name: str, account: Account, manner: Manner | None = None, *, settling: float = 0.0) -> None:
        self.name = name
        self.takes = TAKES
        self.settling = settling
        self.at_once = AT_ONCE
        self._account = account
        self._manner = manner or Manner()

    def __repr__(self) -> str:
        return f"CredlyIssuer(name={self.name!r}, organization={self._account.organization!r})"

    def close(self) -> None:
        self._account.close()

    # Beforehand.

    def check(self) -> Iterator[str]:
        """Whether Credly can be reached, takes the token and knows the organization."""
        try:
            if not self._account.is_there():
                yield f"Credly knows no organization {self._account.organization}, or not for this token."
        except Unavailable as error:
            yield str(error)

    def option_faults(self, options: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with an award of a program file: above all, a template that cannot be issued."""
        for name in sorted(options.keys() - set(OPTIONS)):
            known = ", ".join(OPTIONS)
            yield f"'{name}' is nothing that Credly can be told. There are: {known}.{_nearest(name, OPTIONS)}"
        allowed = {"evidence": EVIDENCE, "locale": LOCALES, "expires": ("never",), "duplicates": ("allowed",)}
        for name, values in allowed.items():
            value = options.get(name, values[0])
            if value not in values:
                yield f"{name}: '{value}' is not possible. There are: {', '.join(values)}.{_nearest(value, values)}"
        yield from self._template_faults(options)

    def _template_faults(self, options: Mapping[str, str]) -> Iterator[str]:
        templates = self._account.templates()
        wanted = options.get("template", "")
        template = templates.get(wanted)
        if template is None:
            listed = [f"{one.id} ({one.name})" for one in sorted(templates.values(), key=_by_name) if _is_active(one)]
            shown = ", ".join(listed[:20]) + (f" and {len(listed) - 20} more" if len(listed) > 20 else "")
            found = f"the template '{wanted}' is not there" if wanted else "it names no template"
            yield f"{found}. Active at Credly: {shown or 'none'}.{_nearest(wanted, templates)}"
        elif not _is_active(template):
            yield f"the template {template.id} ({template.name}) is {template.state}. Make it active at Credly."
        elif template.allow_duplicate_badges and options.get("duplicates") != "allowed":
            yield (
                f"the template {template.id} ({template.name}) lets one learner have several badges, so that Credly "
                "will not stop a second one. Switch that off at Credly, or write `duplicates: allowed` here."
            )

    # Issuing.

    def find(self, award: Award) -> Receipt | None:
        """The badge of this award, whatever has become of it; or, of a template that allows one badge a learner, the
        one that somebody has issued to this learner by hand.
        """
        template = award.options.get("template")
        if not template:
            return None
        found = self._chosen(award, self._badges_of_learner(award, template))
        return self._receipt(award, found) if found else None

    def issue(self, award: Award) -> Receipt:
        """Issue the badge, or adopt the one that Credly says is there. A renewal takes the place of what it renews."""
        body = issue_request(award, self._manner)
        faults = list(self._template_faults(award.options))
        if faults:
            self._account.look_again()  # somebody may have put it right a moment ago
            faults = list(self._template_faults(award.options))
        if faults:
            raise Refused(f"The badge for {award.achievement.program} cannot be issued: {' '.join(faults)}")
        if self._several(award):
            there = self.find(award)
            if there:
                return there
        badge = self._account.issue(body, personal(body))
        if badge is None:
            return self._receipt(award, self._already_there(award, body))
        if not self._is_of(award, badge) or award_reference(award.key) not in badge.references():
            raise OutcomeUnknown("Credly answered with a badge that is not the one that was asked for.")
        return self._receipt(award, badge)

    def replace(self, receipt: Receipt, award: Award) -> Receipt:
        """Put the badge of a new award into the place of one that was issued: a correction, or a renewal.

        The new award has a key of its own, by which `find` knows whether it was done.
        """
        body = issue_request(award, self._manner)
        there = self._own(award, self._badges_of_learner(award, body["badge_template_id"]))
        if there:
            return self._receipt(award, there)
        return self._receipt(award, self._put_in_place(self._last_of_chain(self._badge(receipt)), award, body))

    def _put_in_place(self, old: BadgeShape, award: Award, body: dict[str, Any]) -> BadgeShape:
        made = self._account.replace(old.id, body, personal(body))
        badge = self._account.badge(made) if isinstance(made, str) else made
        if badge is None or not self._is_of(award, badge) or award_reference(award.key) not in badge.references():
            if isinstance(made, str):
                raise Refused(f"{old.id} has been replaced already, by another badge: {made}. Look there.")
            raise OutcomeUnknown("Credly answered with a badge that is not the one that was asked for.")
        return badge

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Take the badge back, or the one that has come into its place."""
        if not reason.strip():
            raise Refused("Credly wants a reason, which the learner and the public may read.")
        badge = self._last_of_chain(self._badge(receipt))
        if badge.state == "revoked":
            return
        answer = self._account.revoke(badge.id, reason.strip()[:1000], notify=self._manner.notify)
        if answer.status in (200, 201, 204):
            return
        now = self._account.badge(badge.id)  # somebody else may have been faster
        if now is None or now.state != "revoked":
            raise Refused(f"Credly does not take {badge.id} back ({answer.status}): {impersonal(answer.message, ())}")

    # Afterwards.

    def acceptances(self, receipts: Collection[Receipt]) -> Iterator[Acceptance]:
        """How badges stand with their learners; one that was replaced stands as the one in its place."""
        by_template = defaultdict(list)
        for receipt in receipts:
            by_template[receipt.detail.get("template", "")].append(receipt)
        for template, some in by_template.items():
            known: dict[str, BadgeShape] = {}
            if template and len(some) > FEW:
                known = {badge.id: badge for badge in self._account.badges(badge_template_id=template)}
            for receipt in some:
                badge = known.get(receipt.reference) or self._account.badge(receipt.reference)
                if badge:
                    yield self.acceptance(receipt.reference, badge, known)

    def acceptance(
        self, reference: str, badge: BadgeShape, known: Mapping[str, BadgeShape] | None = None
    ) -> Acceptance:
        last = self._last_of_chain(badge, known or {})
        day = last.since or last.created
        return Acceptance(reference=reference, state=last.acceptance, since=day, url=last.url)

    # What belongs to what.

    def _badges_of_learner(self, award: Award, template: str) -> list[BadgeShape]:
        earner = earner_id(award)
        found = self._account.badges(issuer_earner_id=earner, badge_template_id=template)
        # A filter that was not understood gives everybody's.
        return [
            self._account.with_evidence(badge)
            for badge in found
            if badge.issuer_earner_id == earner and badge.template == template
        ]

    @staticmethod
    def _own(award: Award, badges: Iterable[BadgeShape]) -> BadgeShape | None:
        """The badge that names this award: the first one, where it was replaced since."""
        reference = award_reference(award.key)
        own = [badge for badge in badges if reference in badge.references()]
        return min(own, key=lambda badge: (badge.created_at, badge.id), default=None)

    def _chosen(self, award: Award, badges: Collection[BadgeShape]) -> BadgeShape | None:
        """This award's badge; else the one that somebody has issued by hand, and that takes no other badge's place."""
        own = self._own(award, badges)
        if own or self._several(award):
            return own
        by_hand = [one for one in badges if one.is_live and not one.references() and not one.replaces_badge_id]
        return by_hand[0] if len(by_hand) == 1 else None

    def _already_there(self, award: Award, body: dict[str, Any]) -> BadgeShape:
        """The badge that Credly means when it says that the learner has it; of a renewal, the one in its place.

        Raises Refused, Unavailable or OutcomeUnknown.
        """
        template = award.options["template"]
        badges = self._badges_of_learner(award, template)
        address = email_of(award, self._manner)
        if not self._chosen(award, badges) and address and not set(address) & set("|:,"):
            by_address = self._account.badges(recipient_email_all=address, badge_template_id=template)
            badges += [self._account.with_evidence(one) for one in by_address if one.template == template]
        chosen = self._chosen(award, list({one.id: one for one in badges if self._may_be(award, one)}.values()))
        if chosen:
            return chosen
        for reference in earlier_references(award):
            for badge in badges:
                if badge.is_live and reference in badge.references():
                    return self._put_in_place(badge, award, body)
        others = sorted({badge.id for badge in badges if badge.is_live})
        if others:
            raise Refused(
                f"Credly says that the learner has this badge already, from another award or under another id: "
                f"{', '.join(others)}. Look there; two learners may have one e-mail address."
            )
        raise OutcomeUnknown(
            "Credly says that the learner has this badge already, and does not show it yet. If it stays so, look for "
            "it at Credly under the learner's other addresses."
        )

    @staticmethod
    def _may_be(award: Award, badge: BadgeShape) -> bool:
        """Whether a badge that was found by an address can be this learner's: it has no other id than theirs."""
        return (
            badge.issuer_earner_id in (None, "", earner_id(award)) or award_reference(award.key) in badge.references()
        )

    @staticmethod
    def _is_of(award: Award, badge: BadgeShape) -> bool:
        return badge.template == award.options["template"] and badge.issuer_earner_id == earner_id(award)

    def _several(self, award: Award) -> bool:
        template = self._account.templates().get(award.options.get("template", ""))
        return bool(template and template.allow_duplicate_badges)

    def _badge(self, receipt: Receipt) -> BadgeShape:
        """The badge of a receipt. Raises Refused where there is none, or it is another award's."""
        badge = self._account.badge(receipt.reference)
        if badge is None:
            raise Refused(f"Credly has no badge {receipt.reference}: it was never issued, or was deleted there.")
        if badge.references() - {award_reference(receipt.award_key)}:
            raise Refused(f"The badge {receipt.reference} is another award's than the receipt says.")
        return badge

    def _last_of_chain(self, badge: BadgeShape, known: Mapping[str, BadgeShape] | None = None) -> BadgeShape:
        """The badge that has come into its place, if one has."""
        for _ in range(CHAIN):
            if badge.state != "replaced" or not badge.replacement_badge_id:
                return badge
            following = badge.replacement_badge_id
            found = (known or {}).get(following) or self._account.badge(following)
            if found is None:
                return badge
            badge = found
        raise Refused(f"The badge {badge.id} has been replaced more than {CHAIN} times.")

    def _receipt(self, award: Award, badge: BadgeShape) -> Receipt:
        detail = {"template": badge.template, "award_reference": award_reference(award.key)}
        return Receipt(award_key=award.key, issuer=self.name, reference=badge.id, url=badge.url, detail=detail)


def _is_active(template: TemplateShape) -> bool:
    return template.state == "active"


def _by_name(template: TemplateShape) -> tuple[str, str]:
    return template.name.casefold(), template.id


def _nearest(found: str, possible: Iterable[Any]) -> str:
    close = difflib.get_close_matches(found, sorted(possible), n=1, cutoff=0.6) if found else []
    return f" Did you mean '{close[0]}'?" if close else ""
