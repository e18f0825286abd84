"""`openindicators serve`."""

from __future__ import annotations

from portal.site.serve import serve as serve_folder

from model.errors import OpenIndicatorsError
from pipelines.settings import Settings
from pipelines.terminal import out


def serve(port: int) -> int:
    """Serve the local site until interrupted.

    Raises:
        OpenIndicatorsError: there is no site yet, or the port is taken.
    """
    settings = Settings.from_environment()
    if not (settings.home.site / "index.html").exists():
        raise OpenIndicatorsError(
            "there is no site yet", where=str(settings.home.site), todo="run `make run` first"
        )
    out.print(f"The site is at http://127.0.0.1:{port} (Ctrl+C ends it)")
    serve_folder(settings.home.site, port)
    return 0
