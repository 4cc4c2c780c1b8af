// @ts-check

/** Letters that do not come apart into a plain one and a mark. @type {Record<string, string>} */
const PLAIN = { ä: "ae", ö: "oe", ü: "ue", ß: "ss", æ: "ae", ø: "oe", œ: "oe", ł: "l", đ: "d", ı: "i" };

/** A short id made of a name: a–z, 0–9 and -. @param {string} name @param {number} [max] */
export function idOf(name, max = 40) {
  const plain = name.toLowerCase().replace(/[äöüßæøœłđı]/g, (letter) => PLAIN[letter]).normalize("NFD").replace(/\p{M}/gu, "");
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, max).replace(/-$/, "");
}
