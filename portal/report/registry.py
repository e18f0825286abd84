"""What a report needs besides datasets, as the site publishes it: targets, sectors, units, city."""

from model.reference.city import City, city, use_city
from model.reference.codelist import Codelist
from model.reference.registries import Registries, Sector, Unit
from model.reference.targets import TargetRegistry
from model.util.hashing import pretty_json
from model.util.text import Frozen

FILE = "api/registry.json"  # path in the site; the scorecard is api/targets.json


class _Published(Frozen):
    """Targets as they are declared, and what they name.

    address: of the site on the web, with a slash at the end; "" where it is not known.
    vintages: the borders of the codelists that areas of targets are from.
    """

    address: str = ""
    city: City
    sectors: dict[str, Sector]
    units: dict[str, Unit]
    vintages: dict[str, str]
    targets: TargetRegistry


def registry_file(registries: Registries, base_url: str | None) -> bytes:
    """Return the file of targets in the `registries`, of a site whose address is the `base_url`."""
    targets = registries.targets
    area = city().area
    lists = {each.area.codelist for each in targets.targets.values()}
    lists |= {area.codelist} if area else set()
    published = _Published(
        address=base_url or "", city=city(), sectors=registries.sectors, units=registries.units,
        targets=targets,
        vintages={name: registries.codelists[name].vintage for name in sorted(lists)},
    )
    return pretty_json(published).encode()


def use_registry(data: bytes) -> tuple[Registries, str]:
    """Return what a site's file of targets holds, and its address; its city becomes the process's.

    Raises:
        ValueError: it is no such file.
    """
    found = _Published.model_validate_json(data)
    use_city(found.city)
    registries = Registries(
        sectors=found.sectors, units=found.units, targets=found.targets, publishers={},
        licences={}, codelists={
            name: Codelist(id=name, title=found.city.name, vintage=vintage, entries=())
            for name, vintage in found.vintages.items()
        },
    )
    return registries, found.address
