/**
 * A run of ratings of one day, gathered per movie before they go to the day's window and pane. Ratings come in order
 * of their dates, so a run is long, and the work for each rating is one cell of one array that stays in the cache. Does
 * not know the day, nor where the run will count.
 */

// A cell is four words: ratings, their sum, a bit for each rating value, one unused for alignment.
const CELL_SHIFT = 2;
const FIRST_SLOTS = 1024;

export class DayRun {
  #cells = new Int32Array(FIRST_SLOTS << CELL_SHIFT);
  /** Slots of the movies in the run, each once. */
  readonly #slots: number[] = [];

  get empty(): boolean {
    return this.#slots.length === 0;
  }

  add(slot: number, rating: number): void {
    const at = slot << CELL_SHIFT;
    if (at >= this.#cells.length) this.#grow(slot);
    const cells = this.#cells;
    const count = cells[at];
    if (count === 0) this.#slots.push(slot);
    cells[at] = count + 1;
    cells[at + 1] += rating;
    cells[at + 2] |= 1 << rating;
  }

  /** Hands out the run, movie by movie, and begins a new one. Returns how many ratings there were. */
  drain(take: (slot: number, count: number, sum: number, values: number) => void): number {
    const cells = this.#cells;
    let ratings = 0;
    for (const slot of this.#slots) {
      const at = slot << CELL_SHIFT;
      ratings += cells[at];
      take(slot, cells[at], cells[at + 1], cells[at + 2]);
      cells[at] = 0;
      cells[at + 1] = 0;
      cells[at + 2] = 0;
    }
    this.#slots.length = 0;
    return ratings;
  }

  #grow(slot: number): void {
    const grown = new Int32Array(Math.max(this.#cells.length * 2, (slot + 1) << CELL_SHIFT));
    grown.set(this.#cells);
    this.#cells = grown;
  }
}
