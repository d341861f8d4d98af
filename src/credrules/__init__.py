"""credrules: rules for micro-credentials, decided on the records that a university already has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credrules.adapters import (
    Acceptance,
    AcceptanceReader,
    AcceptanceState,
    Batch,
    Capabilities,
    Changed,
    ChangesReader,
    CourseCatalogue,
    FindsLate,
    Issuer,
    Knows,
    OptionsReader,
    SetAside,
    SeveralAtOnce,
    StudentRecords,
    Verification,
    Verifier,
    VersionReader,
)
from credrules.awards import Achievement, Award, Evidence, Institution, Receipt, Recipient
from credrules.catalogue import CatalogueCourse
from credrules.errors import (
    CredrulesError,
    InputError,
    IssuerFailure,
    OutcomeUnknown,
    Problem,
    RecordsError,
    Refused,
    Unavailable,
)
from credrules.fields import AwardField, TakesOnly
from credrules.hookspecs import hookimpl
from credrules.records import (
    Activity,
    Admission,
    AdmissionKind,
    Affiliation,
    Attempt,
    Basis,
    Course,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    Origin,
    Privacy,
    ProgramEnrolment,
    Record,
    Registration,
    Repeat,
    Term,
)
from credrules.settings import PluginSettings, RelativePath, Secret, Section

if TYPE_CHECKING:
    from credrules.following import Followed, Follower

__version__ = "0.1.0"

__all__ = [
    "Acceptance",
    "AcceptanceReader",
    "AcceptanceState",
    "Achievement",
    "Activity",
    "Admission",
    "AdmissionKind",
    "Affiliation",
    "Attempt",
    "Award",
    "AwardField",
    "Basis",
    "Batch",
    "Capabilities",
    "CatalogueCourse",
    "Changed",
    "ChangesReader",
    "Course",
    "CourseCatalogue",
    "CredentialHeld",
    "CredentialStatus",
    "CredrulesError",
    "Evidence",
    "FindsLate",
    "Followed",
    "Follower",
    "Hold",
    "InputError",
    "Institution",
    "Issuer",
    "IssuerFailure",
    "Knows",
    "Learner",
    "Milestone",
    "MilestoneStatus",
    "OptionsReader",
    "Origin",
    "OutcomeUnknown",
    "PluginSettings",
    "Privacy",
    "Problem",
    "ProgramEnrolment",
    "Receipt",
    "Recipient",
    "Record",
    "RecordsError",
    "Refused",
    "Registration",
    "RelativePath",
    "Repeat",
    "Secret",
    "Section",
    "SetAside",
    "SeveralAtOnce",
    "StudentRecords",
    "TakesOnly",
    "Term",
    "Unavailable",
    "Verification",
    "Verifier",
    "VersionReader",
    "hookimpl",
]


def __getattr__(name: str) -> object:
    """The rules are loaded for whoever follows learners, and not for every plugin that knows records alone."""
    if name in ("Followed", "Follower"):
        from credrules import following  # noqa: PLC0415  see above

        return getattr(following, name)
    raise AttributeError(f"module 'credrules' has no attribute '{name}'")
