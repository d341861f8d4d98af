"""For plugin authors: contract suites that hold an adapter, an issuer or an engine to its promises, and fakes.

Needs pytest: pip install 'credrules[testing]'.
"""

from credrules.testing.fakes import ALL_KNOWN, FakeIssuer, FakeRecords
from credrules.testing.samples import sample_award, sample_decision, sample_record
from credrules.testing.suites import EngineSuite, IssuerSuite, RecordsSuite
from credrules.testing.system import FakeSystem

__all__ = [
    "ALL_KNOWN",
    "EngineSuite",
    "FakeIssuer",
    "FakeRecords",
    "FakeSystem",
    "IssuerSuite",
    "RecordsSuite",
    "sample_award",
    "sample_decision",
    "sample_record",
]
