"""Action that returns the checksums of a dataset's files as they are on the portal's disk.

A publisher reads back what it has sent. CKAN serves files one download at a time, and each costs it
as much as a page; with this action the portal reads its own disk, once for all files.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ckan import model
from ckan.lib.uploader import get_resource_uploader
from ckan.plugins import toolkit

# The plugin's blanket registers these names only.
__all__ = ["openindicators_checksums"]


@toolkit.side_effect_free
def openindicators_checksums(
    context: dict[str, Any], data_dict: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return size in bytes and SHA-256 of each uploaded file of a dataset, by resource id.

    Files that are missing on the disk are left out.

    Args:
        context: the user, who must be allowed to change the dataset.
        data_dict: `id` of the dataset.

    Raises:
        NotAuthorized: the user may not change the dataset.
        ObjectNotFound: there is no such dataset.
    """
    id_ = toolkit.get_or_bust(data_dict, "id")
    toolkit.check_access("package_update", context, {"id": id_})
    package = model.Package.get(id_)
    if package is None:
        raise toolkit.ObjectNotFound("Dataset not found")
    checksums = {}
    for resource in package.resources:
        if resource.url_type == "upload":
            path = get_resource_uploader({"id": resource.id}).get_path(resource.id)
            try:
                with open(path, "rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                    checksums[resource.id] = {"size": file.tell(), "sha256": sha256}
            except FileNotFoundError:
                continue
    return checksums
