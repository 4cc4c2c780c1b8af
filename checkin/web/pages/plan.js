// @ts-check
/**
 * The house as a plan of its areas, drawn from the layout: each room a tile as large as what is approved for it, filled as far
 * as it is full; doors on the edges with their direction; arrows to where a full room's visitors go.
 */

import { levelWord, openPlaces } from "/faces/area.js";
import { word } from "/faces/words.js";
import { fitted, label, shape } from "/pages/svg.js";

/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/** @typedef {import("/faces/centre.js").AreaNow} AreaNow */

const GAP = 8;
const HEAD = 46;
const FOOT = 44;
/** Between the rooms and the edge of the house: both have doors there. */
const DOORSTEP = 22;
const NARROW = 560;
/** A tile lower than this has one line. */
const LOW = 58;
/** An arrow longer than this would run across other rooms. */
const ARROW_MAX = 60;
/** Small rooms are drawn larger than they are, or nothing could be read in them. */
const EVENING_OUT = 0.62;

/** Signs for how full: told apart without colour. In a box of 16 by 16. @type {Record<string, string>} */
const SIGNS = {
  calm: "M3 8.5 6.5 12 13 4.5",
  warn: "M8 2.5 14 13.5H2z",
  prepare: "M8 2.5 14 13.5H2z M8 6.5v3 M8 11.5v.4",
  stop: "M3 3h10v10H3z M5.5 8h5",
  over: "M3 3h10v10H3z M5.5 5.5l5 5 M10.5 5.5l-5 5",
  closed: "M4 7.5h8v6H4z M5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2",
};

/**
 * @param {Element} svg @param {any} layout @param {Map<string, AreaNow>} areas @param {any[]} doors as the overview tells of them
 * @param {{page: string}} how where the rooms' pages are
 */
export function drawPlan(svg, layout, areas, doors, { page }) {
  const width = Math.max(280, Math.round(svg.getBoundingClientRect().width) || 800);
  const height = width < NARROW ? Math.round(width * 1.5) : Math.round(Math.min(620, Math.max(400, width * 0.56)));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const house = layout.areas.find((/** @type {any} */ one) => one.parent === null);
  /** @type {Map<string, Box>} */
  const boxes = new Map();
  const outline = { x: 1, y: 1, w: width - 2, h: height - FOOT };
  boxes.set(house.id, outline);
  place(house.id, { x: outline.x + GAP, y: outline.y + HEAD, w: outline.w - 2 * GAP, h: outline.h - HEAD - DOORSTEP }, layout.areas, boxes);
  const seen = new Map(doors.map((one) => [one.id, one]));
  svg.replaceChildren(
    tile(house, outline, areas.get(house.id), null),
    ...layout.areas.filter((/** @type {any} */ one) => one !== house && boxes.has(one.id)).map((/** @type {any} */ one) =>
      tile(one, /** @type {Box} */ (boxes.get(one.id)), areas.get(one.id), `${page}/room/${encodeURIComponent(one.id)}`)),
    ...marks(layout, boxes, seen, house.id),
    ...overflows(layout.areas, boxes, areas),
  );
}

/** Put the areas inside of one into a box, each with as much space as it has places. @param {string} parent @param {Box} box @param {any[]} areas @param {Map<string, Box>} boxes */
function place(parent, box, areas, boxes) {
  const inner = areas.filter((one) => one.parent === parent);
  if (!inner.length || box.w < 30 || box.h < 30) return;
  const known = inner.map((one) => one.visitors ?? one.persons).filter((one) => one !== null);
  const usual = known.length ? known.reduce((sum, one) => sum + one, 0) / known.length : 1;
  const weighed = inner.map((one) => ({ id: one.id, weight: Math.max(1, one.visitors ?? one.persons ?? usual) ** EVENING_OUT }));
  weighed.sort((one, other) => other.weight - one.weight);
  for (const [id, there] of squarified(weighed, box)) {
    boxes.set(id, there);
    place(id, { x: there.x + GAP, y: there.y + HEAD, w: there.w - 2 * GAP, h: there.h - HEAD - GAP }, areas, boxes);
  }
}

/**
 * Tiles as square as they can be: rows along the shorter side (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000).
 * @param {{id: string, weight: number}[]} weighed the largest first @param {Box} box @returns {[string, Box][]}
 */
function squarified(weighed, box) {
  const total = weighed.reduce((sum, one) => sum + one.weight, 0);
  const scale = (box.w * box.h) / total;
  /** @type {[string, Box][]} */
  const placed = [];
  let left = { ...box };
  let rest = weighed.map((one) => ({ id: one.id, size: one.weight * scale }));
  while (rest.length) {
    const side = Math.min(left.w, left.h);
    let count = 1;
    while (count < rest.length && worst(rest.slice(0, count + 1), side) <= worst(rest.slice(0, count), side)) count += 1;
    const row = rest.slice(0, count);
    const depth = row.reduce((sum, one) => sum + one.size, 0) / side;
    let along = 0;
    for (const one of row) {
      const length = one.size / depth;
      const across = left.w < left.h;
      placed.push([one.id, shrunk(across
        ? { x: left.x + along, y: left.y, w: length, h: depth }
        : { x: left.x, y: left.y + along, w: depth, h: length })]);
      along += length;
    }
    left = left.w < left.h
      ? { x: left.x, y: left.y + depth, w: left.w, h: left.h - depth }
      : { x: left.x + depth, y: left.y, w: left.w - depth, h: left.h };
    rest = rest.slice(count);
  }
  return placed;
}

/** How far from a square the longest tile of a row is. @param {{size: number}[]} row @param {number} side */
function worst(row, side) {
  const depth = row.reduce((sum, one) => sum + one.size, 0) / side;
  return Math.max(...row.map((one) => Math.max(one.size / depth / depth, (depth * depth) / one.size)));
}

/** @param {Box} box */
function shrunk(box) {
  return { x: box.x + GAP / 2, y: box.y + GAP / 2, w: Math.max(4, box.w - GAP), h: Math.max(4, box.h - GAP) };
}

/** @param {any} area @param {Box} box @param {AreaNow | undefined} now @param {string | null} href none: the house, which is an outline */
function tile(area, box, now, href) {
  const state = now?.state ?? "open";
  const level = state === "closed" ? "closed" : (now?.level ?? "calm");
  const share = now?.capacity ? Math.min(1, now.inside / now.capacity) : 0;
  const numbers = now ? `${now.inside}${now.capacity === null ? "" : ` / ${now.capacity}`}` : "–";
  const said = now ? levelWord(now) : "";
  const kept = now !== undefined && now.kept > 0 && openPlaces(now) === 0;
  const free = kept ? word("keptSeats", { count: now.kept }) : now && now.free !== null ? `${now.free} ${word("free")}` : "";
  const named = [area.name, numbers, free, said].filter(Boolean).join(", ");
  const parts = href === null ? ofHouse(area, box, numbers, free, level) : ofRoom(area, box, numbers, free, said, level, share);
  if (href === null) return shape("g", { class: `house is-${state} level-${level}` }, shape("title", {}, named), ...parts);
  return shape("a", { href, class: `tile is-${state} level-${level}`, "aria-label": named, "data-area": area.id }, ...parts);
}

/** @param {any} area @param {Box} box @param {string} numbers @param {string} free @param {string} level */
function ofHouse(area, box, numbers, free, level) {
  const wide = box.w > 430;
  return [
    shape("rect", { class: "ground", ...rect(box), rx: 12 }),
    label(fitted(area.name, box.w * (wide ? 0.5 : 0.46), 17), box.x + 16, box.y + 30, { class: "name" }),
    label(wide && free ? `${numbers} · ${free}` : numbers, box.x + box.w - 40, box.y + 31, { class: "count", "text-anchor": "end" }),
    sign(level, box.x + box.w - 32, box.y + 16),
  ];
}

/** @param {any} area @param {Box} box @param {string} numbers @param {string} free @param {string} said @param {string} level @param {number} share */
function ofRoom(area, box, numbers, free, said, level, share) {
  const inset = 9;
  const size = box.w > 150 && box.h > 110 ? 15 : 13;
  const big = Math.min(34, Math.max(15, Math.min(box.w / 6.2, box.h / 3.6)));
  const x = box.x + inset;
  const first = box.y + inset + size;
  const second = first + big + 2;
  const third = second + 20;
  const filled = (box.h - 4) * share;
  const room = box.w - 2 * inset;
  if (box.h < LOW) {
    return [
      shape("rect", { class: "ground", ...rect(box), rx: 8 }),
      shape("rect", { class: "level", x: box.x + 2, y: box.y + box.h - 2 - filled, width: Math.max(0, box.w - 4), height: filled, rx: 6 }),
      label(fitted(`${box.w < 150 ? area.id : area.name} ${box.w < 150 ? numbers.replaceAll(" ", "") : numbers}`, room - 12, size), x, box.y + Math.min(first - box.y, box.h - 6), { class: "count", "font-size": size }),
      sign(level, box.x + box.w - 16 - inset / 2, box.y + inset / 2),
    ];
  }
  const parts = [
    shape("rect", { class: "ground", ...rect(box), rx: 8 }),
    shape("rect", { class: "level", x: box.x + 2, y: box.y + box.h - 2 - filled, width: Math.max(0, box.w - 4), height: filled, rx: 6 }),
    label(fitted(box.w < 92 ? area.id : area.name, room, size), x, first, { class: "name", "font-size": size }),
    label(numbers, x, second, { class: "count", "font-size": big }),
    sign(level, box.x + box.w - 16 - inset / 2, box.y + inset / 2),
  ];
  if (third < box.y + box.h - 6) parts.push(label(fitted(free, room, 13), x, third, { class: "small" }));
  if (level !== "calm" && third + 18 < box.y + box.h - 6) parts.push(label(fitted(said.split(" – ")[0], room, 13), x, third + 18, { class: "small" }));
  return parts;
}

/** @param {string} level @param {number} x @param {number} y */
function sign(level, x, y) {
  return shape("path", { class: "sign", d: SIGNS[level], transform: `translate(${Math.round(x)} ${Math.round(y)})` });
}

/** @param {Box} box */
function rect(box) {
  return { x: box.x, y: box.y, width: box.w, height: box.h };
}

/** The doors on the lower edges. @param {any} layout @param {Map<string, Box>} boxes @param {Map<string, any>} seen @param {string} house */
function marks(layout, boxes, seen, house) {
  const drawn = [];
  for (const [id, box] of boxes) {
    const doors = layout.doors.filter((/** @type {any} */ one) => one.area === id && one.item === null);
    doors.forEach((/** @type {any} */ door, /** @type {number} */ place) => {
      const x = box.x + (box.w * (place + 0.5)) / doors.length;
      const y = box.y + box.h;
      drawn.push(mark(door, x, y, id === house ? box.w / doors.length - 6 : 0, seen.get(door.id)));
    });
  }
  return drawn;
}

/** @param {any} door @param {number} x @param {number} y @param {number} room for words; 0: none @param {any} seen */
function mark(door, x, y, room, seen) {
  const size = room ? 7 : 4;
  const arrow = {
    entry: `M${x - size} ${y + size}L${x} ${y - size}L${x + size} ${y + size}z`,
    exit: `M${x - size} ${y - size}L${x} ${y + size}L${x + size} ${y - size}z`,
    both: `M${x - size} ${y - 1}L${x} ${y - size - 2}L${x + size} ${y - 1}z M${x - size} ${y + 1}L${x} ${y + size + 2}L${x + size} ${y + 1}z`,
  };
  const parts = [
    shape("title", {}, `${door.id} ${door.name}`),
    shape("path", { class: "gap", d: `M${x - size - 5} ${y}h${2 * size + 10}` }),
    shape("path", { class: "arrow", d: arrow[/** @type {"entry" | "exit" | "both"} */ (door.direction)] }),
  ];
  if (room) {
    parts.push(label(fitted(room > 74 ? door.name : door.id, room, 12), x, y + 25, { "text-anchor": "middle", class: "small" }));
    if (seen && seen.per_min > 0) parts.push(label(word("perMinute", { rate: rounded(seen.per_min) }), x, y + 39, { "text-anchor": "middle", class: "small number" }));
  }
  return shape("g", { class: "door", "aria-hidden": "true" }, ...parts);
}

/** A number with one digit after the comma where that matters, as the language writes it. @param {number} rate */
export function rounded(rate) {
  return rate.toLocaleString(document.documentElement.lang, { maximumFractionDigits: rate >= 10 ? 0 : 1 });
}

/** @param {any[]} all @param {Map<string, Box>} boxes @param {Map<string, AreaNow>} areas */
function overflows(all, boxes, areas) {
  return all.flatMap((one) => {
    const from = boxes.get(one.overflow_of ?? "");
    const to = boxes.get(one.id);
    if (!from || !to) return [];
    const start = towards(from, to, -16);
    const end = towards(to, from, -16);
    const angle = Math.atan2(end.y - start.y, end.x - start.x);
    const at = (/** @type {number} */ turn) => `${(end.x - 10 * Math.cos(angle + turn)).toFixed(1)} ${(end.y - 10 * Math.sin(angle + turn)).toFixed(1)}`;
    const full = areas.get(one.overflow_of);
    const used = full !== undefined && (full.state === "full" || openPlaces(full) === 0);
    if (Math.hypot(end.x - start.x, end.y - start.y) > ARROW_MAX) {
      return [label(`⇢ ${one.id}`, from.x + from.w - 8, from.y + from.h - 14, { class: `small overflows${used ? " used" : ""}`, "text-anchor": "end" })];
    }
    return [shape("path", { class: `overflow${used ? " used" : ""}`, "aria-hidden": "true", d: `M${start.x.toFixed(1)} ${start.y.toFixed(1)}L${end.x.toFixed(1)} ${end.y.toFixed(1)} M${at(0.5)}L${end.x.toFixed(1)} ${end.y.toFixed(1)}L${at(-0.5)}` })];
  });
}

/** The point near the edge of a box, on the line from its middle to that of another. @param {Box} from @param {Box} to @param {number} out so far outside */
function towards(from, to, out) {
  const x = from.x + from.w / 2;
  const y = from.y + from.h / 2;
  const dx = to.x + to.w / 2 - x;
  const dy = to.y + to.h / 2 - y;
  const far = Math.hypot(dx, dy) || 1;
  const edge = Math.min(from.w / 2 / Math.max(1e-6, Math.abs(dx)), from.h / 2 / Math.max(1e-6, Math.abs(dy)));
  return { x: x + dx * edge + (dx / far) * out, y: y + dy * edge + (dy / far) * out };
}
