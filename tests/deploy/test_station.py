"""A station as an appliance. That `setup` makes one of a Debian is tried by hand: see docs/installing-a-station.md."""

from __future__ import annotations

import configparser
import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Page, sync_playwright

from kiosk.keeper import Keeper
from kiosk.watchdog import HEALTH_S_MAX, LOOK_S
from tests.kiosk.real import free_port

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
STATION = DEPLOY / "station"
ROOT = STATION / "root"
UNITS = ROOT / "etc/systemd/system"
PAIR = ROOT / "usr/local/lib/kiosk/pair"
POLICY = ROOT / "etc/chromium/policies/managed/kiosk.json"
LINK = "https://centre.example/pair#-aB3"


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Section → key → its values, in their order: systemd lets a key stand several times."""
    read: dict[str, dict[str, list[str]]] = {}
    section = ""
    text = re.sub(r"\\\n\s*", "", (UNITS / name).read_text("utf-8"))
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            read.setdefault(section, {}).setdefault(key, []).append(value)
    return read


# -- the scripts


@pytest.mark.parametrize("script", [STATION / "setup", PAIR], ids=lambda script: script.name)
def test_scripts_are_clean(script: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_setup_tells_every_option_and_refuses_another() -> None:
    told = subprocess.run([STATION / "setup", "--help"], capture_output=True, text=True, check=True).stdout
    options = re.findall(r"^\s+(--[a-z-]+)\)", (STATION / "setup").read_text("utf-8"), re.M)
    assert len(options) >= 7
    for option in options:
        assert option in told
    assert subprocess.run([STATION / "setup", "--nonsense"], capture_output=True, check=False).returncode == 2


class Pairing:
    """The script `pair` as it runs at boot, with a `kiosk` that does as it is told."""

    def __init__(self, folder: Path, answers: str) -> None:
        self.boot = folder / "boot"
        self.boot.mkdir()
        self.link = self.boot / "kiosk-pair.txt"
        self.calls = folder / "calls"
        self.keeper = folder / "keeper"
        self.keeper.mkdir()
        self.page = folder / "waiting.html"
        program = folder / "kiosk"
        program.write_text(f'#!/bin/bash\necho "$@" >>{self.calls}\nkeeper={self.keeper}\n{answers}\n')
        program.chmod(0o755)
        self.process = subprocess.Popen(
            [PAIR],
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "KIOSK_DATA": str(folder / "data"),
                "KIOSK_KEEPER": str(self.keeper),
                "KIOSK_PROGRAM": str(program),
                "KIOSK_USER": getpass.getuser(),
                "KIOSK_TEMPLATE": str(ROOT / "usr/local/share/kiosk/waiting.html"),
                "KIOSK_PLACES": f"{folder}/nowhere {self.boot}",
                "KIOSK_PAUSE_S": "0.1",
                "RUNTIME_DIRECTORY": str(folder),
            },
        )

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def until_said(self, what: str) -> None:
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            if self.page.exists() and what in self.page.read_text("utf-8"):
                return
            time.sleep(0.05)
        raise AssertionError(f"never said: {what}")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def pairing(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pairing]:
    one = Pairing(tmp_path, request.param)
    yield one
    one.stop()


WELL = 'echo "This machine is the station at door D1"; touch "$keeper/pairing.json"'
REFUSED = 'echo "Error: This link was used & <expired>." >&2; exit 1'
NO_LINE = (
    f"(( $(wc -l <$(dirname $0)/calls) > 2 )) && {{ {WELL}; exit; }}; echo 'Error: No connection to it' >&2; exit 1"
)


@pytest.mark.parametrize("pairing", [WELL], indirect=True)
def test_pairing_waits_for_a_link_uses_it_once_and_takes_it_away(pairing: Pairing) -> None:
    pairing.until_said("Diese Station wartet")
    assert pairing.called() == []
    pairing.link.write_bytes(b"\xef\xbb\xbf" + f"{LINK}\r\n".encode())  # as the editor of a laptop saves it
    assert pairing.process.wait(10) == 0
    (call,) = pairing.called()
    assert call.startswith(f"pair https://centre.example {LINK} --data ")
    assert not pairing.link.exists()
    assert "Sie startet. · It is starting." in pairing.page.read_text("utf-8"), "at each boot, until the door answers"


@pytest.mark.parametrize("pairing", [REFUSED], indirect=True)
def test_a_refused_link_is_told_on_the_screen_and_not_tried_again(pairing: Pairing) -> None:
    pairing.link.write_text(LINK)
    pairing.until_said("This link was used &amp; &lt;expired>.")
    time.sleep(0.5)
    assert len(pairing.called()) == 1
    pairing.link.write_text("https://centre.example/devices")
    pairing.until_said("no link of the form")
    pairing.link.write_text(f"{LINK}2")
    pairing.until_said("This link was used")
    assert len(pairing.called()) == 2


@pytest.mark.parametrize("pairing", [NO_LINE], indirect=True)
def test_without_a_line_to_the_centre_pairing_is_tried_until_there_is_one(pairing: Pairing) -> None:
    pairing.link.write_text(LINK)
    assert pairing.process.wait(10) == 0
    assert len(pairing.called()) == 3


# -- cards and sticks


class Card:
    """What `setup --seal` finds on a card: a namespace in which these folders lie over the machine's own."""

    PLACES = ("/etc", "/var/lib", "/opt", "/usr/lib/systemd/system")

    def __init__(self, folder: Path) -> None:
        if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
            pytest.skip("this system gives no namespaces")
        self.folder = folder
        for place in self.PLACES:
            self.at(place).mkdir(parents=True)
        for file, text in {
            "/opt/checkin/bin/kiosk": "#!/bin/sh",
            "/etc/machine-id": "0123456789abcdef0123456789abcdef",
            "/etc/hostname": "tuer",
            "/etc/passwd": "root:x:0:0::/root:/bin/sh\n",
            "/etc/ssh/ssh_host_ed25519_key": "secret of the first machine",
            "/etc/ssh/sshd_config": "",
            "/var/lib/dbus/machine-id": "0123456789abcdef0123456789abcdef",
            "/var/lib/systemd/random-seed": "seed",
            "/var/lib/systemd/credential.secret": "secret",
            "/usr/lib/systemd/system/ssh.service": "[Service]",
        }.items():
            self.at(file).parent.mkdir(parents=True, exist_ok=True)
            self.at(file).write_text(text)
        self.at("/opt/checkin/bin/kiosk").chmod(0o755)

    def at(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        places = [place for place in self.PLACES if Path(place).is_dir()]
        binds = " && ".join(f"mount --bind {self.at(place)} {place}" for place in places)
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", f'{binds} && exec "$@"', "sh", *command],
            capture_output=True,
            text=True,
            check=False,
        )


def test_sealed_card_has_nothing_that_two_machines_must_not_share(tmp_path: Path) -> None:
    card = Card(tmp_path)
    done = card.run(str(STATION / "setup"), "--seal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert card.at("/etc/machine-id").read_bytes() == b"", "there and empty: systemd makes a new one"
    gone = ("/etc/ssh/ssh_host_ed25519_key", "/var/lib/dbus/machine-id", "/var/lib/systemd/random-seed")
    for path in (*gone, "/var/lib/systemd/credential.secret"):
        assert not card.at(path).exists(), path
    assert card.at("/etc/hostname").exists()
    assert card.at("/etc/ssh/sshd_config").exists()
    if Path("/usr/lib/systemd/system").is_dir():
        before = re.findall(
            r"^ExecStartPre=(.*)$", card.at("/etc/systemd/system/ssh.service.d/keys.conf").read_text(), re.M
        )
        assert before[0] == "", "Debian's own check comes after the keys are made"
        if Path("/usr/bin/ssh-keygen").exists():
            assert card.run(*before[1].split()).returncode == 0
            assert "secret of the first" not in card.at("/etc/ssh/ssh_host_ed25519_key").read_text()
    assert card.run(str(STATION / "setup"), "--seal").returncode == 0, "it may be run again"


@pytest.mark.parametrize("trace", ["/var/lib/kiosk/station.db", "/var/lib/kiosk/keeper/pairing.json"])
def test_machine_that_is_a_station_is_not_sealed(tmp_path: Path, trace: str) -> None:
    card = Card(tmp_path)
    card.at(trace).parent.mkdir(parents=True)
    card.at(trace).touch()
    done = card.run(str(STATION / "setup"), "--seal")
    assert done.returncode == 1
    assert "revoke it first" in done.stderr
    assert card.at("/etc/ssh/ssh_host_ed25519_key").exists()
    assert card.at("/etc/machine-id").read_text()


class Stick:
    """A file as a disk. That it is a whole one which can be taken out is said by a `lsblk` of ours, for no other
    reason than that there is none here; everything else is the system's."""

    BYTES = 32 * 1024 * 1024

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "stick.img"
        self.file.touch()
        os.truncate(self.file, self.BYTES)
        made = subprocess.run(["losetup", "-f", "--show", self.file], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip("this system gives no loop devices")
        self.device = made.stdout.strip()
        lsblk = folder / "bin" / "lsblk"
        lsblk.parent.mkdir()
        lsblk.write_text(
            '#!/bin/bash\ncase "$*" in *TYPE*) echo disk ;; *RM*) echo 1 ;;'
            f' *) exec {shutil.which("lsblk")} "$@" ;; esac\n'
        )
        lsblk.chmod(0o755)

    def format(self, answer: str, *, whole: bool = True) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}/bin:{os.environ['PATH']}" if whole else os.environ["PATH"]
        return subprocess.run(
            [STATION / "setup", "--format-keeper", self.device],
            input=answer,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    def mount(self) -> Path:
        options = unit("media-keeper.mount")["Mount"]["Options"][0]
        there = self.folder / "mounted"
        there.mkdir()
        subprocess.run(["mount", "-t", "ext4", "-o", options, self.device, there], check=True)
        return there

    def close(self) -> None:
        subprocess.run(["umount", self.folder / "mounted"], capture_output=True, check=False)
        subprocess.run(["losetup", "-d", self.device], check=True)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Stick]:
    if os.geteuid() or shutil.which("losetup") is None:
        pytest.skip("loop devices need root")
    one = Stick(tmp_path)
    yield one
    one.close()


def test_stick_becomes_the_keeper_and_keeps_a_key(stick: Stick) -> None:
    done = stick.format("yes\n")
    assert done.returncode == 0, done.stdout + done.stderr
    told = subprocess.run(
        ["blkid", "-p", "-o", "export", stick.device], capture_output=True, text=True, check=True
    ).stdout
    assert {"LABEL=KEEPER", "TYPE=ext4"} <= set(told.splitlines())
    there = stick.mount()
    keeper = Keeper(there / "kiosk")
    keeper.keep_key(bytes(32))
    assert not keeper.lies_beside(stick.folder)
    in_use = stick.format("yes\n")
    assert in_use.returncode == 1
    assert "in use" in in_use.stderr
    assert keeper.key() == bytes(32)


def test_stick_is_only_erased_where_somebody_says_yes_and_nothing_but_a_stick_is(stick: Stick, tmp_path: Path) -> None:
    stick.file.write_bytes(b"holiday pictures".ljust(Stick.BYTES, b"."))
    assert "nothing was changed" in stick.format("y\n").stderr
    assert "whole stick" in stick.format("yes\n", whole=False).stderr
    assert stick.file.read_bytes().startswith(b"holiday pictures")
    done = subprocess.run(
        [STATION / "setup", "--format-keeper", tmp_path], input="yes\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is no disk" in done.stderr


# -- the units


def test_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    root = tmp_path / "root"
    shutil.copytree(ROOT, root)
    for one in DEPLOY.glob("checkin*.*"):
        shutil.copy(one, root / "etc/systemd/system" / one.name)
    ours = [one.name for one in (root / "etc/systemd/system").iterdir() if one.is_file()]
    # What they name and Debian has: there is no Debian in this folder.
    for program in re.findall(r"^Exec\w+=\+?(/\S+)", "".join(f.read_text() for f in root.rglob("*.service")), re.M):
        there = root / program.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
        there.chmod(0o755)
    for target in ("sysinit.target", "basic.target", "multi-user.target", "shutdown.target", "timers.target"):
        (root / "etc/systemd/system" / target).write_text("[Unit]\nDescription=Debian's\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=no", *ours],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "not found" not in line]
    assert said == []
    assert done.returncode == 0, done.stderr


def test_what_the_parts_of_a_station_know_of_each_other_agrees() -> None:
    policy = json.loads(POLICY.read_text("utf-8"))
    page, waiting = policy["URLAllowlist"]
    station, screen = unit("kiosk.service"), unit("kiosk-screen.service")
    run, show = station["Service"]["ExecStart"][0], screen["Service"]["ExecStart"][0]
    port = page.rpartition(":")[2]
    assert run.endswith(f"--port {port}")
    scanner = unit("kiosk.service.d/scanner.conf")["Service"]
    assert scanner["ExecStart"] == ["", f"{run} --scanner /dev/scanner"]
    assert 'SYMLINK+="scanner"' in (ROOT / "etc/udev/rules.d/60-station.rules").read_text()
    assert f"--port {port} --waiting {waiting} -- " in show
    assert policy["VideoCaptureAllowedUrls"] == policy["SerialAllowAllPortsForUrls"] == [page]
    assert "RUNTIME_DIRECTORY:-/run/kiosk-pair}/waiting.html" in PAIR.read_text("utf-8")
    assert waiting == "file:///run/kiosk-pair/waiting.html"
    assert (ROOT / "usr/local/share/kiosk/waiting.html").read_text("utf-8").count("sudo tee /boot/kiosk-pair.txt") == 2
    assert re.search(r"KIOSK_PLACES:-[^}]*/boot ", PAIR.read_text("utf-8")), "what its page says is where it looks"
    assert unit("kiosk-pair.service")["Service"]["ExecStart"] == ["/" + str(PAIR.relative_to(ROOT))]
    users = re.findall(r"^u (\S+)", (ROOT / "etc/sysusers.d/kiosk.conf").read_text(), re.M)
    assert [station["Service"]["User"], screen["Service"]["User"]] == [[users[0]], [users[1]]]
    keeper = unit("kiosk.service.d/keeper.conf")
    assert keeper["Unit"]["RequiresMountsFor"] == unit("media-keeper.mount")["Mount"]["Where"]
    for one in (station, screen):
        assert one["Service"]["Type"] == ["notify"]
        assert one["Service"]["Restart"] == ["always"]
        assert one["Unit"]["StartLimitIntervalSec"] == ["0"], "a door never gives up"
    assert int(screen["Service"]["WatchdogSec"][0]) > 2 * (HEALTH_S_MAX + LOOK_S), "a slow answer is no hung screen"


def test_settings_of_the_system_are_ones_it_can_read() -> None:
    for file in (ROOT / "etc/systemd").glob("*.conf.d/*.conf"):
        configparser.ConfigParser(strict=True).read_string(file.read_text("utf-8"))


def test_watchdog_asks_for_no_more_than_a_raspberry_pi_can_count() -> None:
    manager = configparser.ConfigParser(strict=True)
    manager.read(ROOT / "etc/systemd/system.conf.d/station.conf", "utf-8")
    for key in ("RuntimeWatchdogSec", "RebootWatchdogSec"):
        seconds = re.fullmatch(r"(\d+)s", manager["Manager"][key])
        assert seconds is not None, key
        assert 0 < int(seconds[1]) < 15, key


# -- the browser's policy

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MOUNT = "mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """A chromium that finds our policy where Debian's looks for it, and this machine's other browsers do not. But for
    two entries: with the developer tools off nothing can look into it, and chrome://policy is to tell what it took."""
    if CHROMIUM is None or not Path("/etc/chromium").is_dir():
        pytest.skip("no chromium of Debian's here: apt-get install --no-install-recommends chromium")
    if subprocess.run(["unshare", "-rm", "sh", "-c", MOUNT], capture_output=True, check=False).returncode:
        pytest.skip("this system gives no namespaces")
    policy = json.loads(POLICY.read_text("utf-8"))
    assert policy.pop("DeveloperToolsAvailability") == 2
    policy["URLAllowlist"].append("chrome://policy")
    (tmp_path / "kiosk.json").write_text(json.dumps(policy))
    wrapped = tmp_path / "chromium"
    inside = f'{MOUNT} && cp {tmp_path}/kiosk.json /etc/chromium/policies/managed/ && exec {CHROMIUM} "$@"'
    wrapped.write_text(f"#!/bin/sh\nexec unshare -rm sh -c '{inside}' sh \"$@\"\n")
    wrapped.chmod(0o755)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=wrapped,
            args=["--no-sandbox", "--use-fake-device-for-media-stream"],
        )
        yield context
        context.close()


def fault(page: Page, address: str) -> str:
    try:
        page.goto(address, timeout=10_000)
    except Error as error:
        return str(error)
    return ""


@pytest.mark.browser
def test_the_browser_shows_the_station_and_nothing_else_and_gives_it_camera_and_scanner(
    browser: BrowserContext,
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}/"
    for address in (
        elsewhere,
        "http://localhost:8010/",
        "https://example.org/",
        "file:///etc/hostname",
        "view-source:http://127.0.0.1:8010/",
        "data:text/html,hello",
    ):
        assert "ERR_BLOCKED_BY_ADMINISTRATOR" in fault(browser.new_page(), address), address
    page = browser.new_page()
    door = "http://127.0.0.1:8010/events/e/door/D1"
    page.route(door, lambda route: route.fulfill(body="<title>The door</title>", content_type="text/html"))
    assert fault(page, door) == ""
    assert page.title() == "The door"
    asked = "what => navigator.mediaDevices.getUserMedia(what).then(() => 'given', error => error.name)"
    assert page.evaluate(asked, {"video": True}) == "given"
    assert page.evaluate(asked, {"audio": True}) == "NotAllowedError"
    assert isinstance(page.evaluate("navigator.serial.getPorts().then(ports => ports.length)"), int)
    assert page.evaluate("navigator.languages")[0] == "de"


@pytest.mark.browser
def test_the_browser_knows_every_entry_of_the_policy(browser: BrowserContext) -> None:
    page = browser.new_page()
    assert fault(page, "chrome://policy") == ""
    page.locator("policy-row").first.wait_for(state="attached")
    shown: list[str] = page.evaluate(
        """() => {
            const rows = [];
            const walk = (root) => {
                root.querySelectorAll('*').forEach((one) => one.shadowRoot && walk(one.shadowRoot));
                root.querySelectorAll('.policy-data, .policy').forEach((one) => rows.push(one.innerText));
            };
            walk(document);
            return rows.map((text) => text.split(/\\s+/).join(' ').trim());
        }"""
    )
    states = {row.split()[0]: row for row in shown if row}
    for key in json.loads(POLICY.read_text("utf-8")).keys() - {"DeveloperToolsAvailability"}:
        assert re.search(r"Mandatory (OK|Deprecated)$", states.get(key, "")), f"{key}: {states.get(key, 'not known')}"
