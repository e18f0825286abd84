"""Put the site into a bucket that serves it (`OPENINDICATORS_SITE_BUCKET`)."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from model.errors import BusyError
from model.util.bucket import Bucket
from model.util.hashing import pretty_json, sealed
from portal.site.media_types import BINARY, MEDIA_TYPES
from warehouse.store.data_dir import DataDir
from warehouse.store.shared_store import Common, Manifest, WorkingCopy, read_manifest, remember

MANIFEST = ".uploaded.json"  # in the bucket: which file of the site has which bytes
NAME = "site.json"  # what the data folder knows of it
_LAST = (".html", ".atom", ".json", ".xml")  # they lead to the others
_REVALIDATED = "no-cache"  # a browser asks by ETag whether it has changed


def upload_site(data_dir: DataDir, bucket: Bucket) -> int:
    """Put what has changed of the site in `data_dir` into the `bucket`, and remove what is gone.

    Data go first and pages last, so that no page leads to a file that is not there yet.

    Returns:
        How many objects were put or removed.

    Raises:
        StoreError: the bucket cannot be reached; the next run goes on from there.
        BusyError: another machine put its site there meanwhile.
    """
    here = WorkingCopy.of(data_dir.root, NAME, [data_dir.site])
    etag = bucket.etag(MANIFEST)
    known = {path: known.sha256 for path, known in here.common.files.items()}
    site = {path: sha256 for path, sha256 in (known | here.mine).items() if path not in here.gone}
    shown: Mapping[str, str] = known
    if etag != here.common.etag:
        etag, manifest = read_manifest(bucket, MANIFEST)
        shown = manifest.files
    changed = {path: sha256 for path, sha256 in site.items() if shown.get(path) != sha256}
    gone = shown.keys() - site.keys()
    for path in sorted(changed, key=lambda path: (path.endswith(_LAST), path)):
        bucket.upload(
            _key(path), data_dir.root / path, changed[path], CacheControl=_REVALIDATED,
            ContentType=MEDIA_TYPES.get(PurePosixPath(path).suffix, BINARY),
        )
    for path in sorted(gone):
        bucket.remove(_key(path))
    if changed or gone:
        text = sealed(pretty_json(Manifest(files=site)))
        etag = bucket.replace(MANIFEST, text.encode(), etag)
        if etag is None:
            raise BusyError(
                "another machine has put its site there at the same time", where=bucket.url,
                todo="run again; let one machine alone publish the site",
            )
    remember(data_dir.root, NAME, Common(etag=etag).with_files(data_dir.root, site))
    return len(changed) + len(gone)


def _key(path: str) -> str:
    return PurePosixPath(path).relative_to("site").as_posix()
