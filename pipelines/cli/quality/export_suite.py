"""`openindicators quality DATASET --export FOLDER`: a suite that runs without this project."""

import shlex
from pathlib import Path

from expectations.suites.export import export
from model.errors import OpenIndicatorsError
from pipelines.catalogue import load_catalogue
from pipelines.cli.terminal import out
from pipelines.settings import Settings
from pipelines.steps.comparison_releases import paths, releases_to_compare
from warehouse.store import releases


def export_suite(wanted: str | None, profile: str | None, folder: Path) -> int:
    """Write a dataset's suite and the program that runs it, and say how to run it.

    Raises:
        OpenIndicatorsError: not one dataset is named.
    """
    settings = Settings.from_environment(profile)
    bound_datasets = load_catalogue(settings).select(settings.profile, [wanted] if wanted else [])
    if len(bound_datasets) != 1:
        raise OpenIndicatorsError(
            "--export writes the suite of one dataset", todo="name it, e.g. finance/gdp"
        )
    [bound] = bound_datasets.values()
    dataset, suite = bound.dataset, bound.suite
    export(suite, folder)
    out.print(f"the suite of {dataset.id}, {len(suite.expectations)} checks: {folder}")
    current = releases.current(settings.data_dir, dataset.id)
    if current is None:
        return 0
    compared = releases_to_compare(settings.data_dir, dataset, suite, current.release.inputs_sha256)
    others = [f"{name}={path}" for name, files in paths(compared).items() for path in files]
    words = ["python", str(folder / "validate.py"), str(current.path("data.parquet")), *others]
    out.print("on the current release, with Great Expectations alone:")
    out.print(f"  {shlex.join(words)}", soft_wrap=True, markup=False, highlight=False)
    return 0
