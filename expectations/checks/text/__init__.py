"""Checks of text: personal data, and text that was decoded in the wrong encoding.

Every column of a release that may hold any text is searched: the note, and dimensions without a
codelist. All other text is a code that was declared.
"""

from model.declarations.dataset import Dataset


def free_text(dataset: Dataset) -> list[str]:
    """Return the columns of a release that may hold any text."""
    open_codes = [name for name, item in dataset.dimensions.items() if item.codelist is None]
    return [*open_codes, "obs_note"]
