"""Spark, started once in a process."""

from __future__ import annotations

import atexit
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from model.errors import OpenIndicatorsError
from pipelines.cluster.settings import Cluster
from pipelines.settings import PACKAGED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def session(cluster: Cluster) -> SparkSession:
    """Return this process's session on a cluster; the first call takes some seconds.

    Raises:
        OpenIndicatorsError: there is no PySpark, no Java or no such cluster.
    """
    return _session(cluster.master, os.getpid())


@cache
def _session(master: str, _process: int) -> SparkSession:
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise OpenIndicatorsError(
            "OPENINDICATORS_SPARK_MASTER names a cluster, but PySpark is not installed",
            todo="pip install 'openindicators[spark]', or unset it",
        ) from error
    paths = os.pathsep.join(filter(None, [str(PACKAGED), os.environ.get("PYTHONPATH")]))
    settings: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.executorEnv.PYTHONPATH": paths,
        # Rows go to Python in parts of a whole partition: small batches cost more than they save.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
        # Parts of equal size, also where a few series have most of the rows.
        "spark.sql.adaptive.enabled": "false",
    }
    if memory := os.environ.get("OPENINDICATORS_MEMORY_LIMIT"):
        settings["spark.executorEnv.OPENINDICATORS_MEMORY_LIMIT"] = memory
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # no port is open to other machines
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("openindicators")
    try:
        started = builder.config(map=settings).getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise OpenIndicatorsError(
            f"Spark does not start: {error}", where=master,
            todo="check OPENINDICATORS_SPARK_MASTER, and that Java 17 is installed",
        ) from error
    atexit.register(started.stop)
    return started
