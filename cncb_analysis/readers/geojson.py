"""Outlines of regions from a user's own GeoJSON, in the fineness of a printed page."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cncb_analysis.errors import StudyError

_SIDE = 1000
_NONE = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
_REMEDY = "deliver a FeatureCollection of polygons in degrees"
Ring = list[tuple[float, float]]


def read_outlines(data: bytes, *, file: str, regions: Collection[str]) -> dict[str, str]:
    """Read the outlines of regions.

    Parameters
    ----------
    data : bytes
        GeoJSON: features of polygons, longitude and latitude in degrees. The property that names most of the regions
        is taken as their code, whatever it is called.
    file : str
        Its name.
    regions : collection of str
        Codes to find.

    Returns
    -------
    dict of str to str
        Rings of each region, parted by ";", each of points "x,y" parted by blanks: whole numbers, x from 0 to 1000
        eastwards, y southwards on the same scale, in the equirectangular projection true to scale at middle latitude.

    Raises
    ------
    StudyError
        When the file is no GeoJSON, or a region has no outline.

    Examples
    --------
    >>> square = '{"type": "Polygon", "coordinates": [[[9, 45], [10, 45], [10, 46], [9, 45]]]}'
    >>> data = '{"features": [{"properties": {"code": "ITC4"}, "geometry": %s}]}' % square
    >>> read_outlines(data.encode(), file="regions.geojson", regions=["ITC4"])
    {'ITC4': '0,1427 1000,1427 1000,0'}
    """
    try:
        loaded = json.loads(data)["features"]
        features = [(dict(each["properties"]), list(_list_rings(each["geometry"]))) for each in loaded]
    except _NONE as error:
        raise StudyError(f"is no GeoJSON of regions ({str(error)[:60]})", file=file, remedy=_REMEDY) from None
    names = [{value: name for name, value in known.items() if isinstance(value, str)} for known, _ in features]
    heads = [name for known in names for code, name in known.items() if code in regions]
    head = max(sorted(set(heads)), key=heads.count, default="")
    found = {str(known.get(head)): rings for known, rings in features if known.get(head) in regions}
    for region in sorted(set(regions) - set(found)):
        remedy = "add it, or leave geojson out of study.toml"
        raise StudyError("region has no outline", file=file, column=head, value=region, remedy=remedy)
    try:
        return _draw(found)
    except (ValueError, ArithmeticError) as error:
        raise StudyError(f"has outlines without extent ({error})", file=file, remedy=_REMEDY) from None


def _draw(found: Mapping[str, list[Ring]]) -> dict[str, str]:
    points = [point for rings in found.values() for ring in rings for point in ring]
    west, north = min(x for x, _ in points), max(y for _, y in points)
    scale = _SIDE / (max(x for x, _ in points) - west)
    stretch = 1 / math.cos(math.radians((north + min(y for _, y in points)) / 2))

    def place(x: float, y: float) -> str:
        return f"{round((x - west) * scale)},{round((north - y) * scale * stretch)}"

    drawn = {
        region: [dict.fromkeys(place(*point) for point in ring) for ring in rings] for region, rings in found.items()
    }
    return {region: ";".join(" ".join(ring) for ring in rings if len(ring) > 2) for region, rings in drawn.items()}


def _list_rings(geometry: dict[str, Any]) -> Iterator[Ring]:
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
    for ring in (ring for part in parts for ring in part):
        yield [(float(point[0]), float(point[1])) for point in ring]
