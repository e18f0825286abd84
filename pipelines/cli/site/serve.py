"""`openindicators serve`."""

from typing import Annotated

import typer

from model.errors import OpenIndicatorsError
from pipelines.cli.terminal import Profile, out
from pipelines.settings import Settings
from portal.site.serve import serve as serve_folder


def serve(
    port: Annotated[int, typer.Option(help="port on this machine")] = 8000,
    preview: Annotated[bool, typer.Option("--preview", help="the drafts that wait")] = False,
    profile: Profile = None,
) -> int:
    """Serve the local site, or the preview of the drafts, until interrupted.

    Raises:
        OpenIndicatorsError: there is no site yet, or the port is taken.
    """
    settings = Settings.from_environment(profile)
    folder = settings.data_dir.preview if preview else settings.data_dir.site
    if not (folder / "index.html").exists():
        raise OpenIndicatorsError(
            "no draft was ever made" if preview else "there is no site yet", where=str(folder),
            todo="`openindicators drafts` shows what waits" if preview else "run `make run` first",
        )
    what = "preview of the drafts" if preview else "site"
    out.print(f"The {what} is at http://127.0.0.1:{port} (Ctrl+C ends it)")
    serve_folder(folder, port)
    return 0
