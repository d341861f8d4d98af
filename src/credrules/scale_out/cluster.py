"""A session on a cluster, by its address. What it needs is looked for before anything starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credrules.errors import EngineError, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JAVA = 17
"""The oldest Java that PySpark 4 runs on."""

ROWS = 2**15
"""How many rows the cluster hands over at once."""

ADDRESSES = "local[2] (this machine, two tasks at once), spark://HOST:PORT, or yarn"
_ADDRESS = re.compile(r"local(\[(\d+|\*)\])?|local-cluster\[\d+,\d+,\d+\]|spark://[^/\s]+:\d+(,[^/\s]+:\d+)*|yarn")


def check(url: str) -> None:
    """Raises EngineUnavailable where this machine cannot start a job at `url`, with everything that is missing."""
    missing = [*_address_faults(url), *_package_faults(), *_java_faults()]
    if missing:
        raise EngineUnavailable("\n".join(missing))


def _address_faults(url: str) -> Iterator[str]:
    if not _ADDRESS.fullmatch(url):
        yield f"'{url}' is no address of a cluster. There may be: {ADDRESSES}."


def _package_faults() -> Iterator[str]:
    how = "Install it: pip install 'credrules[spark]' (about 480 MB)."
    try:
        import pyspark  # noqa: PLC0415  an extra
    except ImportError:
        yield f"Deciding on a cluster needs PySpark 4, which is not installed. {how}"
        return
    if int(pyspark.__version__.partition(".")[0]) < 4:
        yield f"Deciding on a cluster needs PySpark 4; {pyspark.__version__} is installed. {how}"
    try:
        import pandas  # noqa: F401, PLC0415  asked for by mapInArrow, and by nothing else
    except ImportError:
        yield f"PySpark hands over columns only where pandas is installed, and it is not. {how}"


def _java_faults() -> Iterator[str]:
    how = f"Install Java {JAVA} or newer (Debian: apt install openjdk-{JAVA}-jre-headless), or set JAVA_HOME."
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if java is None:
        place = f"JAVA_HOME ({home})" if home else "PATH"
        yield f"Deciding on a cluster needs Java {JAVA}; there is none in {place}. {how}"
        return
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603  found above
    version = re.search(r'version "(\d+)', told)
    if version is None:
        yield f"'{java} -version' does not say which Java it is. {how}"
    elif int(version[1]) < JAVA:
        yield f"Deciding on a cluster needs Java {JAVA}; {java} is Java {version[1]}. {how}"


@contextmanager
def session(url: str, options: Mapping[str, str] | None = None) -> Iterator[Any]:
    """A session of its own at `url`, ended afterwards. What PySpark says of a failed job becomes an EngineError.

    `options` are Spark's own. On this machine everything listens on the loopback alone.
    """
    check(url)
    from py4j.protocol import Py4JError  # noqa: PLC0415  an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    if url.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    told = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(ROWS),
        "spark.sql.maxConcurrentOutputFileWriters": "2",  # both outputs at once, without sorting a task's rows first
        "spark.sql.parquet.compression.codec": "zstd",
        **(_ON_THIS_MACHINE if url.startswith("local") else {}),
        **(options or {}),
    }
    with warnings.catch_warnings():
        # It warns of pandas 3, which it imports without using it here.
        warnings.simplefilter("ignore", FutureWarning)
        builder = SparkSession.builder.master(url).appName("credrules")
        for name, value in told.items():
            builder = builder.config(name, value)
        try:
            spark = builder.getOrCreate()
        except Exception as error:  # whatever the Java side says
            raise EngineError(f"The cluster {url} cannot be reached: {_said(error)}") from error
        spark.sparkContext.setLogLevel("ERROR")
        try:
            yield spark
        except (PySparkException, Py4JError) as error:
            raise EngineError(f"The cluster {url} could not finish: {_said(error)}") from error
        finally:
            spark.stop()


_ON_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def _said(error: Exception) -> str:
    """The line that says what went wrong: the last of Python's traceback where there is one, the first otherwise."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Unavailable): ", line)]
    found = (told or lines or [type(error).__name__])[0]
    if "No module named" in found:
        found += ". Every machine of the cluster needs the same Python with credrules[columnar] installed"
    return found
