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

/** Words of an entry: slot, count, sum. */
export const ENTRY_WORDS = 3;

/** What a run gathered, movie by movie in order of appearance: views, good until the run is taken again. */
export interface DayRatings {
  readonly ratings: number;
  /** `ENTRY_WORDS` words a movie. */
  readonly entries: Int32Array;
  /** A bit for each rating value of the movie. */
  readonly values: Uint16Array;
}

export class DayRun {
  readonly #memory: LaneMemory;
  #entries = new Int32Array(0);
  #values = new Uint16Array(0);

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

  /** Hands out what was gathered, and begins a new run. */
  take(): DayRatings {
    const { report, touched, cells } = this.#memory.words;
    const movies = report[TOUCHED];
    if (this.#values.length < movies) {
      this.#entries = new Int32Array(touched.length * ENTRY_WORDS);
      this.#values = new Uint16Array(touched.length);
    }
    const entries = this.#entries;
    const values = this.#values;
    let ratings = 0;
    for (let movie = 0; movie < movies; movie++) {
      const slot = touched[movie];
      const cell = slot * CELL_WORDS;
      const at = movie * ENTRY_WORDS;
      entries[at] = slot;
      entries[at + 1] = cells[cell];
      entries[at + 2] = cells[cell + 1];
      values[movie] = cells[cell + 2];
      ratings += cells[cell];
      cells[cell] = 0;
      cells[cell + 1] = 0;
      cells[cell + 2] = 0;
    }
    report[TOUCHED] = 0;
    return { ratings, entries: entries.subarray(0, movies * ENTRY_WORDS), values: values.subarray(0, movies) };
  }
}
