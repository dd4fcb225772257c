/**
 * A run of ratings of one day, gathered per movie before they go to the day's window and pane. Ratings come in order
 * of their dates, so a run is long, and the work for each rating is one cell of one array that stays in the cache. Most
 * of them the lane gathers by itself (`gather`); the others are added one by one. Does not know the day, nor where the
 * run will count.
 */
import type { RecordCursor } from "../topic/record-batch.ts";
import { CELL_WORDS, LaneMemory } from "./lane-memory.ts";

// The fields of the lane's report; the first is written here as well: slots in the run.
const TOUCHED = 0;
const NEXT = 1;
const OFFSET_DELTA = 2;

export class DayRun {
  readonly #memory: LaneMemory;

  constructor(memory = new LaneMemory()) {
    this.#memory = memory;
  }

  get empty(): boolean {
    return this.#memory.words.report[TOUCHED] === 0;
  }

  /** Adds a rating of a movie, which the lane may gather from here on. */
  add(movieId: number, slot: number, rating: number): void {
    const isGathered = this.#memory.makeRoom(slot, movieId);
    const { report, table, touched, cells } = this.#memory.words;
    if (isGathered) table[movieId] = slot + 1;
    const cell = slot * CELL_WORDS;
    if (cells[cell] === 0) touched[report[TOUCHED]++] = slot;
    cells[cell]++;
    cells[cell + 1] += rating;
    cells[cell + 2] |= 1 << rating;
  }

  /**
   * The fast lane: takes the ratings that follow the one at hand in the batch brought into the memory, for as long as
   * they have its date, spelled as its is, a movie added before, a rating of one digit and a user without anything odd,
   * in short records not before the batch's time: nearly all of real data. Stops before the first other one, moving the
   * cursor there; it is then judged in the usual way.
   */
  gather(cursor: RecordCursor): void {
    const { lane, layout, words } = this.#memory;
    const { batch, table, ids, cells, touched } = layout;
    const taken = lane.gather(
      batch + cursor.nextAt,
      batch + cursor.batchEnd,
      cursor.recordsLeft,
      batch + cursor.valueStart,
      table,
      ids,
      cells,
      touched,
      0,
    );
    if (taken > 0) cursor.pass(taken, words.report[OFFSET_DELTA] - batch, words.report[NEXT] - batch);
  }

  /** The movies of the run in order of appearance, as slots: a view, good until the next `add` or `gather`. */
  get slots(): Int32Array {
    const { report, touched } = this.#memory.words;
    return touched.subarray(0, report[TOUCHED]);
  }

  /** By slot, `CELL_WORDS` words each: count, sum, a bit for each rating value. A view, as `slots`. */
  get cells(): Int32Array {
    return this.#memory.words.cells;
  }

  /** Begins a new run. Returns how many ratings this one had. */
  clear(): number {
    const { slots, cells } = this;
    let ratings = 0;
    for (let movie = 0; movie < slots.length; movie++) {
      const cell = slots[movie] * CELL_WORDS;
      ratings += cells[cell];
      cells[cell] = 0;
      cells[cell + 1] = 0;
      cells[cell + 2] = 0;
    }
    this.#memory.words.report[TOUCHED] = 0;
    return ratings;
  }
}
