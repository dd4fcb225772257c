/**
 * Count and sum per slot over the days of a sliding window, and which slots reach the least count. Days are added and
 * taken away whole. Doubles: a window may hold more than 32 bits.
 */
import { ENTRY_WORDS } from "./lane-memory.ts";

const FIRST_SLOTS = 1024;

export class RunningSum {
  readonly #countMin: number;
  /** Count and sum of each slot. */
  #figures = new Float64Array(FIRST_SLOTS * 2);
  /** A list in no order, of which the first `#reachingCount` count: a set takes several times as long to walk. */
  #reaching = new Int32Array(FIRST_SLOTS);
  #reachingCount = 0;
  /** Where a slot that reaches the least count stands in that list. */
  #placeOf = new Int32Array(FIRST_SLOTS);

  constructor(countMin: number) {
    this.#countMin = countMin;
  }

  /** Slots whose count reaches the least count, in no order: a view, good until days are added or taken away. */
  get reaching(): Int32Array {
    return this.#reaching.subarray(0, this.#reachingCount);
  }

  countOf(slot: number): number {
    return this.#figures[slot * 2];
  }

  sumOf(slot: number): number {
    return this.#figures[slot * 2 + 1];
  }

  /** Adds a day's entries of slot, count and sum. */
  add(entries: Int32Array): void {
    const countMin = this.#countMin;
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      const slot = entries[entry];
      const at = slot * 2;
      if (at >= this.#figures.length) this.#grow(slot);
      const figures = this.#figures;
      const before = figures[at];
      const after = before + entries[entry + 1];
      figures[at] = after;
      figures[at + 1] += entries[entry + 2];
      if (before < countMin && after >= countMin) {
        this.#placeOf[slot] = this.#reachingCount;
        this.#reaching[this.#reachingCount++] = slot;
      }
    }
  }

  /** Takes entries away that were added. Not the same loop: each is compiled for what it meets. */
  takeAway(entries: Int32Array): void {
    const countMin = this.#countMin;
    const figures = this.#figures;
    const reaching = this.#reaching;
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      const slot = entries[entry];
      const at = slot * 2;
      const before = figures[at];
      const after = before - entries[entry + 1];
      figures[at] = after;
      figures[at + 1] -= entries[entry + 2];
      if (before >= countMin && after < countMin) {
        // The last of the list takes its place.
        const last = reaching[--this.#reachingCount];
        reaching[this.#placeOf[slot]] = last;
        this.#placeOf[last] = this.#placeOf[slot];
      }
    }
  }

  #grow(slot: number): void {
    const slots = Math.max(this.#figures.length, slot + 1);
    const figures = new Float64Array(slots * 2);
    const reaching = new Int32Array(slots);
    const placeOf = new Int32Array(slots);
    figures.set(this.#figures);
    reaching.set(this.#reaching);
    placeOf.set(this.#placeOf);
    this.#figures = figures;
    this.#reaching = reaching;
    this.#placeOf = placeOf;
  }
}
