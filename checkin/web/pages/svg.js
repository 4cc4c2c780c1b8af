// @ts-check
/** Drawing: elements of SVG, and how much space there is for them. */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
export function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  element.append(...children);
  return element;
}

/** @param {string} text @param {number} x @param {number} y @param {Record<string, string | number>} [attributes] */
export function label(text, x, y, attributes = {}) {
  return shape("text", { x, y, ...attributes }, text);
}

/** As much of a text as fits into a width, at about half a size for a letter. @param {string} text @param {number} width @param {number} size */
export function fitted(text, width, size) {
  const letters = Math.floor(width / (size * 0.56));
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1)).trimEnd()}…`;
}

/** Draw anew when the drawing has become wider or narrower. @param {Element} svg @param {() => void} draw */
export function onResize(svg, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.round(svg.getBoundingClientRect().width);
    if (now === width) return;
    width = now;
    draw();
  }).observe(svg);
}
