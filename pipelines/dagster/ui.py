"""`make ui`: Dagster's own UI on `workspace.yaml`, with the history of every run."""

import os
import sys

from pipelines.dagster.instance import prepare_instance
from pipelines.settings import PACKAGED, Settings


def main() -> None:
    """Replace this process by `dagster dev`, bound to this machine."""
    settings = Settings.from_environment()
    settings.data_dir.prepare()
    prepare_instance(settings.data_dir, postgres=settings.shares_history)
    environment = {
        # How long web server and daemon wait for the description of all assets: Dagster's 180 s
        # are too few for thousands of datasets on a busy machine.
        "DAGSTER_REPOSITORY_GRPC_TIMEOUT_SECONDS": "900",
        **os.environ, "DAGSTER_HOME": str(settings.data_dir.dagster),
    }
    port = os.environ.get("PORT", "3000")
    command = [
        sys.executable, "-m", "dagster", "dev", "-w", str(PACKAGED / "workspace.yaml"),
        "-h", "127.0.0.1", "-p", port,
    ]
    os.chdir(PACKAGED)
    os.execve(sys.executable, command, environment)  # noqa: S606


if __name__ == "__main__":
    main()
