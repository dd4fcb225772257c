/**
 * Count and sum per slot over the days of a sliding window, and which slots reach the least count. Days are added and
 * taken away whole. Doubles: a window may hold more than 32 bits.
 */
import { ENTRY_WORDS } from "./day-run.ts";

const FIRST_SLOTS = 1024;

export class RunningSum {
  readonly #countMin: number;
  /** Count and sum of each slot. */
  #figures = new Float64Array(FIRST_SLOTS * 2);
  readonly #reaching = new Set<number>();

  constructor(countMin: number) {
    this.#countMin = countMin;
  }

  /** Slots whose count reaches the least count, in no order. */
  get reaching(): ReadonlySet<number> {
    return this.#reaching;
  }

  countOf(slot: number): number {
    return this.#figures[slot * 2];
  }

  sumOf(slot: number): number {
    return this.#figures[slot * 2 + 1];
  }

  /** Adds entries of slot, count and sum, or takes them away (`sign` -1). */
  add(entries: Int32Array, sign: 1 | -1): void {
    const countMin = this.#countMin;
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      const slot = entries[entry];
      const at = slot * 2;
      if (at >= this.#figures.length) this.#grow(slot);
      const figures = this.#figures;
      const before = figures[at];
      const after = before + sign * entries[entry + 1];
      figures[at] = after;
      figures[at + 1] += sign * entries[entry + 2];
      if (before < countMin === after < countMin) continue;
      if (after < countMin) this.#reaching.delete(slot);
      else this.#reaching.add(slot);
    }
  }

  #grow(slot: number): void {
    const grown = new Float64Array(Math.max(this.#figures.length * 2, (slot + 1) * 2));
    grown.set(this.#figures);
    this.#figures = grown;
  }
}
