// @ts-check
/** Three sounds that differ in height, number and length: let in, look here, stopped. */

/** @type {AudioContext | null} */
let context = null;

/** @type {Record<"admitted" | "look" | "refused", [frequency: number, start: number, length: number][]>} */
const TONES = {
  admitted: [[660, 0, 0.1], [990, 0.1, 0.18]],
  look: [[520, 0, 0.14], [520, 0.22, 0.14]],
  refused: [[220, 0, 0.5]],
};

/** A browser plays nothing before the first touch or key: call this from one. */
export function unlockSound() {
  context ??= new AudioContext();
  return context.resume();
}

/** @returns {boolean} whether a sound would be heard */
export function soundIsOn() {
  return context !== null && context.state === "running";
}

/** @param {"admitted" | "look" | "refused"} kind */
export function play(kind) {
  if (!context || context.state !== "running") return;
  for (const [frequency, start, length] of TONES[kind]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const at = context.currentTime + start;
    tone.frequency.value = frequency;
    tone.type = kind === "refused" ? "square" : "sine";
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(kind === "refused" ? 0.25 : 0.5, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + length);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}
