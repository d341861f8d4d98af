"""The two libraries that columns need, imported in one place, late, and with advice where they are missing."""

from __future__ import annotations

from credrules.errors import EngineError

try:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as error:
    raise EngineError(
        f"A whole population is decided in columns, which needs numpy 2.1 and pyarrow ({error}). "
        "Install them: pip install 'credrules[columnar]'."
    ) from error

if tuple(map(int, np.__version__.split(".")[:2])) < (2, 1):
    raise EngineError(
        f"A whole population is decided in columns, which needs numpy 2.1; {np.__version__} is installed. "
        "Renew it: pip install --upgrade 'credrules[columnar]'."
    )

__all__ = ["np", "pa", "pc", "pq"]
