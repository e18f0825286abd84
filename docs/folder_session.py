"""Records how a folder of workbooks becomes a site: `make recording`, or with files of one's own.

    python -m docs.folder_session FOLDER SECTOR publisher=nso_viet_nam geography.coverage=viet_nam

It runs the commands in a new project, as a person would, and writes what the terminal shows to
docs/pictures/folder.svg. Without arguments the folder has small workbooks that are made here.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from rich.console import Console

from tests.fixtures.projects import for_this_city

PICTURE = Path(__file__).parent / "pictures" / "folder.svg"
WIDTH = 140  # of what the commands print where there is no terminal
SUBJECTS = (
    ("Diện tích rừng", "Area of forest", "Nghìn ha - Thous. ha"),
    ("Diện tích lúa", "Planted area of paddy", "Nghìn ha - Thous. ha"),
    ("Sản lượng lúa", "Production of paddy", "Nghìn tấn - Thous. tons"),
    ("Dân số trung bình", "Average population", "Nghìn người - Thous. pers."),
)
PROVINCES = ("Hà Nội", "Hải Phòng", "Huế", "Đà Nẵng", "Cần Thơ")
ANSWERS = ("publisher=nso_viet_nam", "geography.coverage=viet_nam")


def workbooks(folder: Path) -> None:
    """Write workbooks as the statistics office lays them out, with figures that are no one's."""
    for number, (vietnamese, english, unit) in enumerate(SUBJECTS, start=1):
        with xlsxwriter.Workbook(str(folder / f"bang_{number}.xlsx")) as book:
            sheet = book.add_worksheet()
            sheet.write(0, 0, f"{number}. {vietnamese} phân theo địa phương")
            sheet.write(1, 0, f"{english} by province")
            sheet.write(2, 3, unit)
            sheet.write_row(4, 0, ["", "2021", "2022", "Sơ bộ - Prel. 2023"])
            for row, name in enumerate(PROVINCES, start=5):
                figures = [100 * number + 7 * row + place + 0.5 for place in range(3)]
                sheet.write_row(row, 0, [name, *figures])


def session(files: Path, sector: str, answers: Sequence[str]) -> tuple[str, int]:
    """Run the commands; return what the terminal shows, and the exit code of the last.

    Args:
        files: the folder.
        sector: of its datasets.
        answers: `field=value`, what a person must know; all else is proposed.
    """
    given = [word for answer in answers for word in ("--answer", answer)]
    shown: list[str] = []
    with TemporaryDirectory() as folder:
        project = for_this_city(Path(folder) / "project")
        environment = {
            **os.environ, "OPENINDICATORS_PROJECT": str(project),
            "OPENINDICATORS_DATA_DIR": f"{folder}/data",
        }
        code = 0
        for command in (
            ["new", sector, "--folder", str(files)], ["confirm", *given, "--yes"], ["run"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "pipelines.cli.main", *command], env=environment,
                capture_output=True, text=True, check=False,
            )
            words = " ".join(command).replace(str(files), "workbooks")
            errors = done.stderr if done.returncode else ""  # else it is the run's progress
            text = f"$ openindicators {words}\n{done.stdout}{errors}"
            shown.append(text.replace(str(project), "project").replace(f"{folder}/data", "data"))
            code = done.returncode
    return "\n".join(shown), code


def picture(text: str) -> str:
    """Return what a terminal shows as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in text.splitlines():
        console.print(line, markup=False, highlight=False)
    return console.export_svg(title="openindicators", unique_id="folder")


def main(arguments: Sequence[str]) -> int:
    """Record a session; return the exit code of its last command."""
    with TemporaryDirectory() as made:
        files, sector, answers = Path(made), "agriculture", ANSWERS
        if arguments:
            files, sector, answers = Path(arguments[0]), arguments[1], tuple(arguments[2:])
        else:
            workbooks(files)
        text, code = session(files, sector, answers)
    if arguments:
        print(text)
    else:
        PICTURE.write_text(picture(text), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
