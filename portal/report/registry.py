"""What a report needs besides datasets, as the site publishes it: targets, sectors, units, city."""

from model.reference.city import City, city, use_city
from model.reference.codelist import Codelist
from model.reference.registries import Registries, Sector, Unit
from model.reference.targets import TargetRegistry
from model.util.hashing import pretty_json
from model.util.text import Frozen

FILE = "api/targets.json"  # path in the site


class _Published(Frozen):
    """Targets as they are declared, and what they name.

    vintages: the borders of the codelists that areas of targets are from.
    """

    city: City
    sectors: dict[str, Sector]
    units: dict[str, Unit]
    vintages: dict[str, str]
    targets: TargetRegistry


def registry_file(registries: Registries) -> bytes:
    """Return the site's file of targets."""
    targets = registries.targets
    area = city().area
    lists = {each.area.codelist for each in targets.targets.values()}
    lists |= {area.codelist} if area else set()
    published = _Published(
        city=city(), sectors=registries.sectors, units=registries.units, targets=targets,
        vintages={name: registries.codelists[name].vintage for name in sorted(lists)},
    )
    return pretty_json(published).encode()


def use_registry(data: bytes) -> Registries:
    """Return the registries that a site's file of targets holds; its city becomes the process's.

    Raises:
        ValueError: it is no such file.
    """
    found = _Published.model_validate_json(data)
    use_city(found.city)
    return Registries(
        sectors=found.sectors, units=found.units, targets=found.targets, publishers={},
        licences={}, codelists={
            name: Codelist(id=name, title=found.city.name, vintage=vintage, entries=())
            for name, vintage in found.vintages.items()
        },
    )
