// @ts-check
/** A symbol for each kind of answer: told apart without colour. Drawn in a box of 100 by 100. */

/** @type {Record<string, string[]>} */
export const SYMBOLS = {
  ready: ["M14 30v-12h14 M72 18h14v12 M86 70v12h-14 M28 82h-14v-12", "M32 34h36v32h-36z", "M40 44h20 M40 56h12"],
  admitted: ["M16 54 42 80 86 24"],
  exit: ["M18 50h62 M58 26l24 24-24 24"],
  look: ["M50 12 92 86H8z", "M50 40v22", "M50 74v1"],
  refused: ["M22 22 78 78 M78 22 22 78"],
  full: ["M12 12h76v76h-76z", "M30 50h40"],
  cut: ["M14 44a52 52 0 0 1 72 0", "M28 60a32 32 0 0 1 44 0", "M50 80v1", "M18 14 82 90"],
  checking: ["M50 14a36 36 0 1 1-36 36", "M50 30v22l14 10"],
};

/** @param {SVGElement | HTMLElement} svg @param {string} name */
export function draw(svg, name) {
  svg.replaceChildren(
    ...SYMBOLS[name].map((line) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", line);
      return path;
    }),
  );
}
