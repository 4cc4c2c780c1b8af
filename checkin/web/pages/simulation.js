// @ts-check
/** The planned day, played before it happens. */

import { call, find, make } from "/faces/centre.js";
import { faultOf, field } from "/faces/deeds.js";
import { onLanguage, word } from "/faces/words.js";
import { api, areaName, clock, follow, layout, openFrame } from "/pages/frame.js";
import { rounded } from "/pages/plan.js";

const PLAYED_MS_MAX = 120_000;
const NARROW = matchMedia("(max-width: 760px)");

/** @type {any} */
let shown = null;

/** Doors by which people come into the house. */
function entrances() {
  const house = layout.areas.find((/** @type {any} */ one) => one.parent === null);
  return layout.doors.filter((/** @type {any} */ one) => one.area === house.id && one.direction !== "exit" && one.item === null);
}

/** @param {string} name @param {Record<string, string>} [bounds] */
function number(name, bounds = {}) {
  return make("input", { name, type: "number", inputmode: "numeric", ...bounds });
}

function showForm() {
  const form = /** @type {HTMLFormElement} */ (find("#setting"));
  const kept = new FormData(form);
  const fields = [
    field(word("simulationRegistrations"), number("registrations", { min: "1", max: "20000" })),
    field(word("simulationNoShow"), number("no_show_percent", { min: "0", max: "99" })),
    field(word("simulationService"), number("service_s", { min: "2", max: "120", value: "8", required: "" })),
    ...entrances().map((/** @type {any} */ one) => field(word("simulationLanes", { door: one.name }), number(`lanes ${one.id}`, { min: "1", max: "100" }))),
    field(word("simulationSeed"), number("seed", { min: "0", max: "1000000", value: "1", required: "" })),
  ];
  form.replaceChildren(...fields, make("p", { class: "buttons" }, make("button", { class: "button", id: "play" }, word("simulationPlay"))));
  for (const [name, value] of kept) /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = String(value);
}

/** @param {SubmitEvent} submitted */
async function play(submitted) {
  submitted.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (find("#play"));
  const data = [...new FormData(/** @type {HTMLFormElement} */ (find("#setting")))].filter(([, value]) => value !== "");
  const lanes = Object.fromEntries(data.filter(([name]) => name.startsWith("lanes ")).map(([name, value]) => [name.slice(6), Number(value)]));
  const numbers = Object.fromEntries(data.filter(([name]) => !name.startsWith("lanes ")).map(([name, value]) => [name, Number(value)]));
  button.disabled = true;
  find("#playing").textContent = word("simulationPlaying");
  try {
    shown = await call(`${api}/simulations`, { method: "POST", body: { ...numbers, lanes, language: document.documentElement.lang, narrow: NARROW.matches }, timeoutMs: PLAYED_MS_MAX });
    find("#playing").textContent = "";
    showPlayed();
  } catch (error) {
    find("#playing").textContent = faultOf(error);
  }
  button.disabled = false;
}

function showPlayed() {
  if (!shown) return;
  const { played, picture } = shown;
  for (const part of ["#answers", "#tables"]) find(part).hidden = false;
  const image = /** @type {HTMLImageElement} */ (find("#picture"));
  image.src = `data:image/svg+xml,${encodeURIComponent(picture)}`;
  image.classList.toggle("narrow", picture.includes('width="340"'));
  image.alt = word("simulationPicture");
  const longest = played.doors.find((/** @type {any} */ one) => one.door === played.longest_wait_at);
  find("#said").replaceChildren(
    ...[
      word("simulationCame", { registered: played.registered, away: played.stayed_away, count: played.walk_ins, came: played.came }),
      word("simulationBusiest", { time: clock.time(played.busiest_ten_at), count: played.busiest_ten }),
      longest ? word("simulationLongest", { minutes: rounded(longest.wait_longest_min), door: longest.name, time: clock.time(longest.longest_at) }) : "",
      played.waited_for_place ? word("simulationWaitPlace", { count: played.waited_for_place, minutes: Math.round(played.place_longest_min) }) : "",
      played.turned_away ? word("simulationTurned", { count: played.turned_away }) : "",
    ].filter(Boolean).map((text) => make("li", {}, text)),
  );
  const cell = (/** @type {string} */ head, /** @type {string | number} */ text, late = false) => make("td", { class: `number${late ? " late" : ""}`, "data-head": word(head) }, String(text));
  const doors = [...played.doors].sort((one, other) => Number(other.entrance) - Number(one.entrance));
  find("#played-doors").replaceChildren(
    ...doors.map((one) => {
      const short = one.lanes_needed === null || one.lanes_needed > one.lanes;
      return make("tr", {}, make("th", { scope: "row" }, `${one.door} ${one.name}`), cell("arrivedHead", one.came), cell("lanesHead", one.lanes),
        cell("simulationWait95", word("minutesShort", { minutes: rounded(one.wait_p95_min) }), short), cell("simulationNeeded", one.lanes_needed ?? word("simulationImpossible"), short));
    }),
  );
  find("#played-rooms").replaceChildren(
    ...played.areas.map((/** @type {any} */ one) =>
      make("tr", {}, make("th", { scope: "row" }, areaName(one.area)), cell("approved", one.capacity ?? "–"), cell("simulationMost", one.most),
        cell("simulationFull", one.full_at === null ? "–" : clock.time(one.full_at), one.full_at !== null), cell("simulationFound", one.refused || "–"),
        cell("simulationRefused", one.refused ? one.refused - one.placed : "–", one.refused > one.placed), cell("simulationOver", played.overflowed[one.area] ?? "–"))),
  );
}

async function start() {
  await openFrame("simulation");
  follow(() => {});
  showForm();
  find("#setting").addEventListener("submit", (submitted) => play(/** @type {SubmitEvent} */ (submitted)));
}

onLanguage(() => {
  showForm();
  showPlayed();
});
start();
