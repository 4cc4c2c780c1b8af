"""What Prometheus is told. Numbers only: no names, no codes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

_SCANS = Counter("checkin_scans_total", "Scans answered", ["outcome"], registry=REGISTRY)
SCANS = {outcome: _SCANS.labels(outcome) for outcome in ("admitted", "refused")}
COMMIT_SCANS = Histogram(
    "checkin_commit_scans", "Scans in one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), registry=REGISTRY
)
COMMIT_SECONDS = Histogram(
    "checkin_commit_seconds",
    "From taking a batch to its commit",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.5, 2),
    registry=REGISTRY,
)
OVERLOADED = Counter("checkin_overloaded_total", "Calls refused early, unread", registry=REGISTRY)
QUEUED_SCANS = Gauge("checkin_queued_scans", "Scans waiting for a commit", registry=REGISTRY)
DISPLAYS = Gauge("checkin_live_clients", "Websockets that follow the occupancy", ["event"], registry=REGISTRY)
INSIDE = Gauge("checkin_inside", "People who count against an area's capacity", ["event", "area"], registry=REGISTRY)
STATIONS = Gauge(
    "checkin_stations",
    "Stations by how they are: linked to this node, or cut off from it; not those revoked or retired",
    ["event", "link"],
    registry=REGISTRY,
)
STATION_ROWS = Gauge(
    "checkin_station_rows_lacking",
    "Lines of stations' logs that are not here yet, as they told",
    ["event"],
    registry=REGISTRY,
)
SET_ASIDE = Gauge(
    "checkin_places_set_aside",
    "Places that stations hold, are in doubt or being left",
    ["event", "area"],
    registry=REGISTRY,
)
OPEN_CASES = Gauge("checkin_open_cases", "Conflicts that wait for somebody", ["event"], registry=REGISTRY)
OF_STATIONS = (STATIONS, STATION_ROWS, SET_ASIDE, OPEN_CASES)

HOUSEKEEPING_FAILED = Counter(
    "checkin_housekeeping_failures_total",
    "What the clock should have done and could not, by event; empty: for all of them",
    ["event"],
    registry=REGISTRY,
)


def text() -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(REGISTRY)
