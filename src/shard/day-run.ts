/**
 * A run of ratings of one day, gathered per movie before they go to the day's window and pane. Ratings come in order
 * of their dates, so a run is long, and the work for each rating is one cell of one array that stays in the cache. Most
 * of them the lane gathers by itself (`gather`); the others are added one by one. Does not know the day, nor where the
 * run will count.
 */
import { assert } from "../errors.ts";
import type { RecordCursor } from "../topic/record-cursor.ts";
import { CELL_WORDS, ENTRY_WORDS, LaneMemory } from "./lane-memory.ts";
import type { Movies } from "./movies.ts";

// A cell holds the count in 24 bits, the sum in 28, and a bit for each rating value in 11: the lane reads and writes it
// at once, and of small cells more are in the first cache. Little-endian, so the lower word comes first; it has 8 bits
// of the sum, the other 20.
const COUNT_MAX = 2 ** 24 - 1;
const SUM_SHIFT = 24;
const SUM_LOW_BITS = 8;
const SUM_LOW_MASK = 0xff;
const SUM_HIGH_MASK = 0xfffff;
const VALUES_SHIFT = 20;

// The fields of the lane's report. Two are kept there for this side as well: how many slots are in the run, and how
// many slots movies have. The lane gives the next ones, and the shard's movies are to take them in before anything else
// is done with the run.
const TOUCHED = 0;
const NEXT = 1;
const OFFSET_DELTA = 2;
const GIVEN = 3;

/**
 * From this share of the slots on, the lane hands a run out, in the order of the slots: then window, pane and running
 * sums are walked from front to back, which the processor foresees.
 */
const ORDERED_SHARE = 1 / 4;

/** What a run gathered, movie by movie: views, good until the run is taken again. */
export interface DayRatings {
  readonly ratings: number;
  /** `ENTRY_WORDS` words a movie. */
  readonly entries: Int32Array;
  /** A bit for each rating value of the movie. */
  readonly values: Uint16Array;
}

export class DayRun {
  readonly #memory: LaneMemory;
  #ratings = 0;

  constructor(memory = new LaneMemory()) {
    this.#memory = memory;
  }

  get empty(): boolean {
    return this.#ratings === 0;
  }

  /** Whether it must be taken before another rating is added: all of them may be of one movie. */
  get full(): boolean {
    return this.#ratings >= COUNT_MAX;
  }

  /** Notes the slots of all movies: the lane gives the next, and must not give a movie a second one. */
  knowAll(movies: Movies): void {
    for (let slot = this.#memory.words.report[GIVEN]; slot < movies.count; slot++) this.#know(movies.idOf(slot), slot);
  }

  /** Adds a rating of a movie, which the lane may gather from here on. */
  add(movieId: number, slot: number, rating: number): void {
    assert(!this.full, "a full run is taken first");
    this.#know(movieId, slot);
    const { report, touched, cells } = this.#memory.words;
    const cell = slot * CELL_WORDS;
    if (cells[cell] === 0) touched[report[TOUCHED]++] = slot;
    putCell(cells, cell, countIn(cells, cell) + 1, sumIn(cells, cell) + rating, valuesIn(cells, cell) | (1 << rating));
    this.#ratings++;
  }

  /**
   * The fast lane: takes the ratings that follow the one at hand in the batch brought into the memory, for as long as
   * they have its date, spelled as its is, a rating of one digit and a user without anything odd, in short records not
   * before the batch's time: nearly all of real data. Stops before the first other one, moving the cursor there; it is
   * then judged in the usual way. New movies get the next slots, while there are less than `moviesMax`; returns how
   * many are given then.
   */
  gather(cursor: RecordCursor, moviesMax: number): number {
    const { lane, layout, words } = this.#memory;
    const { batch, table, ids, givenTo, slots, cells, touched } = layout;
    const taken = lane.gather(
      batch + cursor.nextAt,
      batch + cursor.batchEnd,
      Math.min(cursor.recordsLeft, COUNT_MAX - this.#ratings),
      batch + cursor.valueStart,
      table,
      ids,
      givenTo,
      Math.min(slots, moviesMax),
      cells,
      touched,
      0,
    );
    this.#ratings += taken;
    if (taken > 0) cursor.pass(taken, words.report[OFFSET_DELTA] - batch, words.report[NEXT] - batch);
    return words.report[GIVEN];
  }

  /** The movies that the lane gave slots to, by slot; of slots that others gave, nothing is known here. */
  get givenTo(): Int32Array {
    return this.#memory.words.givenTo;
  }

  /** Hands out what was gathered, and begins a new run. */
  take(): DayRatings {
    const { layout, words } = this.#memory;
    const { report, entries, values } = words;
    const movies = report[TOUCHED];
    if (this.#memory.hasLane && movies >= report[GIVEN] * ORDERED_SHARE) {
      const handedOut = this.#memory.lane.handOut(layout.cells, report[GIVEN], layout.entries, layout.values);
      assert(handedOut === movies, "what was touched is handed out");
    } else this.#handOut(words);
    const ratings = this.#ratings;
    this.#ratings = 0;
    report[TOUCHED] = 0;
    return { ratings, entries: entries.subarray(0, movies * ENTRY_WORDS), values: values.subarray(0, movies) };
  }

  /** Of few movies, the order in which they came does as well. */
  #handOut({ report, touched, cells, entries, values }: LaneMemory["words"]): void {
    const movies = report[TOUCHED];
    for (let movie = 0; movie < movies; movie++) {
      const slot = touched[movie];
      const cell = slot * CELL_WORDS;
      const at = movie * ENTRY_WORDS;
      entries[at] = slot;
      entries[at + 1] = countIn(cells, cell);
      entries[at + 2] = sumIn(cells, cell);
      values[movie] = valuesIn(cells, cell);
      cells[cell] = 0;
      cells[cell + 1] = 0;
    }
  }

  #know(movieId: number, slot: number): void {
    const isInTable = this.#memory.makeRoom(slot, movieId);
    const { report, table } = this.#memory.words;
    report[GIVEN] = Math.max(report[GIVEN], slot + 1);
    if (isInTable) table[movieId] = slot + 1;
  }
}

function countIn(cells: Int32Array, cell: number): number {
  return cells[cell] & COUNT_MAX;
}

function sumIn(cells: Int32Array, cell: number): number {
  return (cells[cell] >>> SUM_SHIFT) | ((cells[cell + 1] & SUM_HIGH_MASK) << SUM_LOW_BITS);
}

function valuesIn(cells: Int32Array, cell: number): number {
  return cells[cell + 1] >>> VALUES_SHIFT;
}

function putCell(cells: Int32Array, cell: number, count: number, sum: number, values: number): void {
  cells[cell] = count | ((sum & SUM_LOW_MASK) << SUM_SHIFT);
  cells[cell + 1] = (sum >>> SUM_LOW_BITS) | (values << VALUES_SHIFT);
}
