"""Outlines from GeoJSON: projected, thinned, and refused where a region has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cncb_analysis.errors import StudyError
from cncb_analysis.readers import read_outlines

SQUARE = [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0], [0.0, 0.0]]]


def write(*features: tuple[dict[str, Any], str, Any]) -> bytes:
    said = [{"properties": known, "geometry": {"type": kind, "coordinates": at}} for known, kind, at in features]
    return json.dumps({"type": "FeatureCollection", "features": said}).encode()


def test_rings_are_scaled_to_a_thousand_and_southwards() -> None:
    far = [[[3.0, 0.0], [4.0, 0.0], [4.0, 1.0]]]
    data = write(({"name": "x", "id": "A"}, "Polygon", SQUARE), ({"name": "A", "id": "B"}, "MultiPolygon", [far, far]))
    found = read_outlines(data, file="m.geojson", regions=["A", "B"])
    assert found["A"] == "0,250 500,250 500,0 0,0"
    assert found["B"] == "750,250 1000,250 1000,0;750,250 1000,250 1000,0"


def test_at_sixty_degrees_a_degree_north_is_twice_as_long() -> None:
    high = [[[x, y + 59.5] for x, y in SQUARE[0]]]
    found = read_outlines(write(({"id": "A"}, "Polygon", high)), file="m.geojson", regions=["A"])
    assert found["A"] == "0,1000 1000,1000 1000,0 0,0"


def test_points_closer_than_a_hair_are_one() -> None:
    many = [[[x / 5000, 0.0] for x in range(5001)] + [[1.0, 1.0]]]
    found = read_outlines(write(({"id": "A"}, "Polygon", many)), file="m.geojson", regions=["A"])
    assert found["A"].count(",") == 1002


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "m.geojson: is no GeoJSON of regions"),
        (b"[]", "m.geojson: is no GeoJSON of regions"),
        (write(({"id": "A"}, "Point", [1, 2])), "m.geojson: is no GeoJSON of regions"),
        (write(({"id": "A"}, "Polygon", SQUARE)), "column id: region has no outline: 'B'; add it"),
    ],
)
def test_what_is_no_map_of_the_regions_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(StudyError, match=said):
        read_outlines(data, file="m.geojson", regions=["A", "B"])
