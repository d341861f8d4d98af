"""Synchronisation: who has changed since the records were last read, for every kind of source in the same way.

Stamps say who may have changed, a comparison says who has: whoever is suspected is read again, and only digests are
kept. A reading that ends early, an empty answer or a great loss is an error and changes nothing.
"""

from credrules.sync.store import Store, StoreError, Waiting
from credrules.sync.synchronising import Report, Scope, synchronise

__all__ = ["Report", "Scope", "Store", "StoreError", "Waiting", "synchronise"]
