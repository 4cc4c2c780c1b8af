// @ts-check
/** Shown at an address where nothing is. */

import { startWords } from "/faces/words.js";

startWords();
