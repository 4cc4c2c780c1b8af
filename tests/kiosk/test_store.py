"""What a station keeps: sealed on its disk, and beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from checkin.core.admission import Bearer
from checkin.core.model import Scan
from checkin.core.occupancy import Presence
from checkin.core.reference import People, Person
from kiosk.keeper import _SLOT, Keeper, KeeperMissing, Pairing
from kiosk.station import Belief, Book, Mark, Meta, Store
from kiosk.store import Disk, InUse, WrongKey, person_of

KEY = bytes(range(32))
SCAN = Scan(id="s1", code="1GEHEIM", door="D1")
THERE = Belief(Presence(area="house", counts_as="visitor", since_at=1, door="D1", arrived_at=1), "s0")
ADA = Person(bearer=Bearer(attendee="a1", group="gast", registration="registered"), name="Ada Lovelace")


def page(*people: tuple[str, Person], left: int = 0) -> People:
    raw = tuple((code, msgspec.Raw(msgspec.msgpack.encode(one))) for code, one in people)
    return People(changed=raw, left=left)


def test_disk_gives_back_what_was_committed(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "station.db", KEY)
    disk.commit(Store((("meta", "", Meta(epoch="e1")), ("books", "e1", Book(n=3)), ("asked", "s1", SCAN))))
    disk.commit(Store((("asked", "s1", None), ("beliefs", "a1", THERE))))
    disk.close()
    tables = Disk(tmp_path / "station.db", KEY).load()
    assert tables["meta"] == {"": Meta(epoch="e1")}
    assert tables["books"] == {"e1": Book(n=3)}
    assert tables["asked"] == {}
    assert tables["beliefs"] == {"a1": THERE}


def test_people_are_kept_page_by_page_with_how_many_are_still_to_come(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "station.db", KEY)
    assert disk.people_left() == 0
    disk.keep_people(page(("1GEHEIM", ADA), left=700), [])
    assert disk.people_left() == 700
    disk.keep_people(page(), ["other"])
    assert disk.people_left() == 0
    assert {code: person_of(one) for code, one in disk.people()} == {"1GEHEIM": ADA}
    disk.keep_people(page(), ["1GEHEIM"])
    assert len(disk.people()) == 0


def test_nothing_can_be_read_without_the_key(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "station.db", KEY)
    disk.commit(Store((("asked", "s1", SCAN), ("beliefs", "a1", THERE))))
    disk.keep_people(page(("1GEHEIM", ADA)), [])
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(told in on_disk for told in (b"Ada", b"1GEHEIM", b"gast", b"house", b"s0"))
    disk.close()
    with pytest.raises(WrongKey):
        Disk(tmp_path / "station.db", bytes(32)).load()


def test_one_station_runs_on_a_disk(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "station.db", KEY)
    with pytest.raises(InUse):
        Disk(tmp_path / "station.db", KEY)
    disk.close()
    Disk(tmp_path / "station.db", KEY).close()


def test_wiped_disk_and_keeper_are_gone(tmp_path: Path) -> None:
    disk, keeper = Disk(tmp_path / "data" / "station.db", KEY), Keeper(tmp_path / "keeper")
    disk.commit(Store((("asked", "s1", SCAN),)))
    keeper.keep_pairing(Pairing(url="http://centre", event="tagung", station="s", door="D1", token="t"))
    keeper.keep_key(KEY)
    keeper.keep_mark(Mark("e1", 4, ("e0",)))
    assert (keeper.key(), keeper.mark()) == (KEY, Mark("e1", 4, ("e0",)))
    assert os.stat(keeper.folder / "key.json").st_mode & 0o077 == 0
    keeper.wipe()
    disk.wipe()
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["station.lock"]
    assert (keeper.key(), keeper.mark(), keeper.pairing()) == (None, None, None)


def test_mark_is_kept_nowhere_else_while_the_medium_with_the_key_is_missing(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "keeper")
    keeper.keep_pairing(Pairing(url="http://centre", event="tagung", station="s", door="D1", token="t"))
    keeper.folder.rename(tmp_path / "pulled")
    with pytest.raises(KeeperMissing):
        keeper.keep_mark(Mark("e1", 4, ()))
    assert not keeper.folder.exists()


def test_a_mark_that_was_not_written_to_its_end_leaves_the_one_before(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "keeper")
    keeper.keep_pairing(Pairing(url="http://centre", event="tagung", station="s", door="D1", token="t"))
    marks = [Mark("e1", 1), Mark("e1", 2, ("e0",)), Mark("e2", 0, ("e0", "e1"))]
    for mark in marks:
        keeper.keep_mark(mark)
        assert keeper.mark() == mark
    file = keeper.folder / "mark"
    content = bytearray(file.read_bytes())
    content[_SLOT.size + 3] ^= 1  # the third one lies where the first was
    file.write_bytes(content)
    assert keeper.mark() == marks[1]
    keeper.keep_mark(marks[2])
    assert keeper.mark() == marks[2]
    file.write_bytes(bytes(len(content)))
    assert keeper.mark() is None


def test_the_mark_of_an_earlier_program_is_known_until_there_is_another(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "keeper")
    keeper.keep_pairing(Pairing(url="http://centre", event="tagung", station="s", door="D1", token="t"))
    (keeper.folder / "mark.json").write_bytes(msgspec.json.encode(Mark("e1", 7)))
    assert keeper.mark() == Mark("e1", 7)
    keeper.keep_mark(Mark("e1", 8))
    assert keeper.mark() == Mark("e1", 8)
    keeper.wipe()
    assert keeper.mark() is None


def test_the_log_of_a_disk_does_not_grow_with_a_commit_and_is_read_after_a_stop(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "a" / "station.db", KEY)
    log = tmp_path / "a" / "station.db-wal"
    size = log.stat().st_size
    for n in range(50):
        disk.commit(Store((("asked", f"s{n}", SCAN), ("books", "e1", Book(n=n)))))
    assert log.stat().st_size == size
    shutil.copytree(tmp_path / "a", tmp_path / "b")  # as it lies there when the power fails
    disk.close()
    tables = Disk(tmp_path / "b" / "station.db", KEY).load()
    assert (len(tables["asked"]), tables["books"]) == (50, {"e1": Book(n=49)})
