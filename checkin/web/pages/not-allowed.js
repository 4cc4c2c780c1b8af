// @ts-check
/** Shown in the place of a page that whoever is logged in may not use. */

import { call, find } from "/faces/centre.js";
import { onLanguage, startWords, word } from "/faces/words.js";
import { roleWord } from "/pages/roles.js";

/** @type {any} */
let me = null;

function show() {
  if (!me) return;
  const { name, role } = me.operator ?? me.device;
  find("#who").textContent = word("notAllowed", { name, role: roleWord(role) });
  find("#back").setAttribute("href", me.open);
}

async function start() {
  startWords();
  onLanguage(show);
  me = await call("/api/v1/me");
  show();
}

start();
