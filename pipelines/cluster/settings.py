"""Which cluster there is, and for which datasets."""

from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Cluster:
    """A Spark cluster.

    master: its address, as Spark has it.
    from_bytes: how large a snapshot must be to be cleaned and validated there.
    rows: how many a part has, about: some seconds of work, and some 100 MB of a worker's memory.
    """

    master: str
    from_bytes: int = 0
    rows: int = 250_000


class ClusterSettings(BaseSettings):
    """The settings of a cluster."""

    spark_master: str = Field(
        default="", description="Spark cluster for large datasets, e.g. `spark://HOST:7077` or"
        " `local-cluster[2,1,2048]` (docs/deploy.md; default: none, DuckDB on this machine)",
    )
    spark_from: int = Field(
        default=1000, ge=0,
        description="megabytes of a snapshot from which on that cluster cleans and validates it",
    )

    @property
    def cluster(self) -> Cluster | None:
        """The cluster, where configured."""
        if not self.spark_master:
            return None
        return Cluster(self.spark_master, self.spark_from * MEGABYTE)
