"""What pyproject.toml cannot say: the packaged project's city.yaml is part of the wheel."""

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCity(build_py):
    """Build the packages, and put city.yaml beside them."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            self.copy_file("city.yaml", f"{self.build_lib}/city.yaml")


setup(cmdclass={"build_py": BuildWithCity})
