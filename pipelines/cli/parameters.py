"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Profile = Annotated[
    str | None,
    typer.Option("--profile", "-p", help="sample (embedded) or live"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, for scripts")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="who decides (default: the login name)")
]
Draft = Annotated[
    str | None,
    typer.Option("--draft", metavar="DRAFT", help="decide only if this very draft still waits"),
]
