// @ts-check
/** Devices: added, paired by a QR that works once, revoked. */

import { Problem, call, find, make } from "/faces/centre.js";
import { toClipboard } from "/faces/copying.js";
import { onLanguage, word } from "/faces/words.js";
import { allowed, api, doorName, follow, layout, openFrame, page } from "/pages/frame.js";

/** @type {any[]} */
let devices = [];
/** @type {string} */
let link = "";
/** @type {any} */
let toRevoke = null;

const ROLES = { door: "roleDoor", display: "roleDisplay", desk: "roleDesk" };

/** @param {string} text */
function say(text) {
  find("#message").textContent = text;
  find("#message").hidden = !text;
}

/** @param {unknown} error */
function complain(error) {
  say(error instanceof Problem ? error.message : word("cut"));
}

async function load() {
  devices = (await call(`${api}/devices`)).devices;
  show();
}

function show() {
  find("#list").replaceChildren(...(devices.length ? devices.map(line) : [make("li", {}, word("noDevices"))]));
}

/** @param {any} device */
function line(device) {
  const role = word(ROLES[/** @type {keyof typeof ROLES} */ (device.role)]);
  const kind = device.station ? make("span", { class: "kind" }, word("deviceStation")) : null;
  const about = make("span", {}, make("b", {}, device.name), " ", kind, kind && " ", make("span", { class: "quiet" }, [kind ? "" : role, device.door && doorName(device.door)].filter(Boolean).join(" · ")));
  if (device.revoked) return make("li", {}, about, make("span", { class: "late" }, word("revoked")));
  const pairButton = make("button", { type: "button", class: `button ${device.station ? "plain" : ""}` }, word(device.station ? "pairStationAnew" : "pair"));
  pairButton.addEventListener("click", () => startPairing(device).catch(complain));
  const revokeButton = make("button", { type: "button", class: "button danger" }, word("revoke"));
  revokeButton.addEventListener("click", () => {
    toRevoke = device;
    find("#revokesure").textContent = device.station ? word("revokeStationTitle", { door: device.name }) : word("revokeSure", { name: device.name });
    find("#revokestation").hidden = !device.station;
    /** @type {HTMLDialogElement} */ (find("#revoking")).showModal();
  });
  const station = device.station && allowed("stations") ? make("a", { class: "button plain", href: `${page}/stations#station-${device.id}` }, word("deviceStationState")) : null;
  return make("li", {}, about, station, pairButton, revokeButton);
}

/** @param {any} device */
async function startPairing(device) {
  const pairing = await call(`${api}/devices/${device.id}/pairing`, { method: "POST" });
  link = pairing.link;
  find("#pairname").textContent = device.name;
  find("#qr").setAttribute("src", `data:image/svg+xml,${encodeURIComponent(pairing.qr)}`);
  // In minutes: the time of day is that of this machine, and the page may show another one.
  find("#pairhelp").textContent = word("pairHelp", { count: pairing.minutes });
  find("#copy").textContent = word("copy");
  find("#copystation").textContent = word("copyCommand");
  // A station stands at a door that lets people in or out, not at a counter.
  const door = layout.doors.find((/** @type {any} */ one) => one.id === device.door);
  find("#pairstation").hidden = !door || Boolean(door.item);
  // What is a station already is no browser's: its machine is replaced.
  for (const id of ["#pairbrowser", "#pairabout"]) find(id).hidden = device.station;
  find("#pairanew").hidden = !device.station;
  find("#pairanew").textContent = word("pairAnewAbout", { count: pairing.minutes });
  find("#pairhow").textContent = word(device.station ? "pairStationThere" : "pairStation");
  /** @type {HTMLDetailsElement} */ (find("#pairstation")).open = device.station;
  find("#paircommand").textContent = word("pairCommand", { url: location.origin, link });
  find("#to-stations").hidden = !allowed("stations");
  /** @type {HTMLDialogElement} */ (find("#pairing")).showModal();
}

find("#add").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const form = /** @type {HTMLFormElement} */ (submitted.target);
  const data = new FormData(form);
  const role = data.get("role");
  try {
    say("");
    const added = await call(`${api}/devices`, { method: "POST", body: { name: data.get("name"), role, door: role === "door" ? data.get("door") : null } });
    /** @type {HTMLInputElement} */ (form.elements.namedItem("name")).value = "";
    await load();
    await startPairing(devices.find((device) => device.id === added.id));
  } catch (error) {
    complain(error);
  }
});
find("#add select[name=role]").addEventListener("change", (changed) => {
  find("#doorfield").hidden = /** @type {HTMLSelectElement} */ (changed.target).value !== "door";
});
find("#copy").addEventListener("click", async () => {
  await toClipboard(link);
  find("#copy").textContent = word("copied");
});
find("#copystation").addEventListener("click", async () => {
  await toClipboard(find("#paircommand").textContent ?? "");
  find("#copystation").textContent = word("copied");
});
find("#closepairing").addEventListener("click", () => /** @type {HTMLDialogElement} */ (find("#pairing")).close());
find("#revokeno").addEventListener("click", () => /** @type {HTMLDialogElement} */ (find("#revoking")).close());
find("#revokeyes").addEventListener("click", async () => {
  /** @type {HTMLDialogElement} */ (find("#revoking")).close();
  try {
    await call(`${api}/devices/${toRevoke.id}`, { method: "DELETE" });
    await load();
  } catch (error) {
    complain(error);
  }
});

async function start() {
  await openFrame("devices");
  find("#to-stations").setAttribute("href", `${page}/stations`);
  follow(() => {});
  find("#doors").replaceChildren(...layout.doors.map((/** @type {any} */ door) => make("option", { value: door.id }, doorName(door.id))));
  await load();
}

onLanguage(show);
start().catch(complain);
