"""The portal's own texts: English in the templates, Vietnamese in a gettext catalogue.

After a change of texts, update the catalogue and translate what is new:

    pybabel extract -F pyproject.toml -k said_in:2 -o /tmp/portal.pot portal
    pybabel update -i /tmp/portal.pot -d portal/rendering/locale -D openindicators -l vi -N

What is published as data (titles, names of codes, outcomes) is `LocalizedText` and does not belong
here. A project's catalogue (`model.util.languages`) has texts of both kinds.
"""

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.support import Translations

from model.util.languages import CATALOGUE, catalogue_of

LOCALES = Path(__file__).resolve().parent / "locale"



@cache
def translations(language: str, project: Path | None) -> NullTranslations:
    """Return the texts in a `language`; English stands where there are none.

    Those in the `project`'s folder of catalogues come before ours.
    """
    found = NullTranslations()
    for folder in (LOCALES, project):
        catalogue = catalogue_of(folder, language) if folder else None
        if catalogue is None:
            continue
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        above = Translations(compiled, domain=CATALOGUE)
        above.add_fallback(found)
        found = above
    return found
