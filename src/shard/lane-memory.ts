/**
 * The memory that the lane (`wasm/lane.ts`) works in: the record batch at hand, and a day's run of ratings per movie.
 * Lays it out, and again, larger, when a batch, a movie id or a slot needs more; there is no lane before the first
 * batch. Pure.
 */
import { assert } from "../errors.ts";
import { crc32c, crc32cInLane, FOLD_BYTES_MIN } from "../topic/crc32c.ts";
import { type Lane, makeLane, SCRATCH_BYTES } from "./lane.ts";

/** A shorter batch is read just as fast where it is. */
export const WORTHWHILE_BYTES = FOLD_BYTES_MIN;

/** Movie ids below this are in the table of slots (4 MB at most). */
const IDS_MAX = 1 << 20;
// Small, for those who need no more.
const FIRST_IDS = 1 << 10;
const FIRST_SLOTS = 1 << 9;
/** With a lane: room for the real set's 17,770 movies, so that no batch has to be moved for them. */
const LANE_IDS = 1 << 15;
const LANE_SLOTS = 1 << 15;

/** How far past the end of a batch the lane may look. */
const BEHIND_BYTES = 256;
const WORD_BYTES = 4;
/** Words of a cell: 64 bits, which `DayRun` knows how to read. */
export const CELL_WORDS = 2;
/** Words of an entry: slot, count, sum. */
export const ENTRY_WORDS = 3;
const REPORT_BYTES = 64;
const ALIGNMENT = 16;

/** How many there are of what, and where everything is, in bytes from the memory's start. */
interface Layout {
  readonly ids: number;
  readonly slots: number;
  readonly batchBytes: number;
  readonly scratch: number;
  /** The slot of each movie, plus 1, by its id. */
  readonly table: number;
  /** The id of each movie that the lane gave a slot to, by slot. */
  readonly givenTo: number;
  readonly touched: number;
  readonly cells: number;
  /** Where a run is handed out: `ENTRY_WORDS` words a movie, and a bit for each rating value of it in 16 more. */
  readonly entries: number;
  readonly values: number;
  readonly batch: number;
  readonly end: number;
}

/** The parts that consist of words, or halves of them. */
interface Words {
  readonly report: Int32Array;
  readonly table: Int32Array;
  readonly givenTo: Int32Array;
  readonly touched: Int32Array;
  readonly cells: Int32Array;
  readonly entries: Int32Array;
  readonly values: Uint16Array;
}

function layoutFor(ids: number, slots: number, batchBytes: number): Layout {
  const table = aligned(REPORT_BYTES + SCRATCH_BYTES);
  const givenTo = table + ids * WORD_BYTES;
  const touched = givenTo + slots * WORD_BYTES;
  // One more than there are slots: the lane writes past the list's end before it knows whether that counts.
  const cells = aligned(touched + (slots + 1) * WORD_BYTES);
  const entries = cells + slots * CELL_WORDS * WORD_BYTES;
  const values = entries + slots * ENTRY_WORDS * WORD_BYTES;
  const batch = aligned(values + slots * 2);
  const end = batch + batchBytes + BEHIND_BYTES;
  return { ids, slots, batchBytes, scratch: REPORT_BYTES, table, givenTo, touched, cells, entries, values, batch, end };
}

function wordsIn(memory: ArrayBuffer, layout: Layout): Words {
  const { table, ids, givenTo, touched, cells, entries, values, slots } = layout;
  return {
    report: new Int32Array(memory, 0, REPORT_BYTES / WORD_BYTES),
    table: new Int32Array(memory, table, ids),
    givenTo: new Int32Array(memory, givenTo, slots),
    touched: new Int32Array(memory, touched, slots),
    cells: new Int32Array(memory, cells, slots * CELL_WORDS),
    entries: new Int32Array(memory, entries, slots * ENTRY_WORDS),
    values: new Uint16Array(memory, values, slots),
  };
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export class LaneMemory {
  #layout = layoutFor(FIRST_IDS, FIRST_SLOTS, 0);
  #lane: Lane | undefined;
  #memory = new ArrayBuffer(this.#layout.end);
  #words = wordsIn(this.#memory, this.#layout);
  #batch = new Uint8Array(0);

  get lane(): Lane {
    assert(this.#lane !== undefined, "the lane works on a batch brought in");
    return this.#lane;
  }

  /** Whether there is a lane: a batch was brought in. */
  get hasLane(): boolean {
    return this.#lane !== undefined;
  }

  /** In bytes: for the lane's calls. */
  get layout(): Layout {
    return this.#layout;
  }

  /** In words: for all others. Good until the next `bringIn` or `makeRoom`. */
  get words(): Words {
    return this.#words;
  }

  /** Copies a batch, `length` bytes from `at`, into the memory; a view of it there, good until the next one. */
  bringIn(bytes: Uint8Array, at: number, length: number): Uint8Array {
    const { ids, slots, batchBytes } = this.#layout;
    if (length > batchBytes) {
      this.#layOut(layoutFor(Math.max(ids, LANE_IDS), Math.max(slots, LANE_SLOTS), length * 2));
    }
    this.#place(bytes.subarray(at, at + length));
    return this.#batch;
  }

  /** CRC-32C of the batch brought in, from `start` to `end`. */
  crc32c(start: number, end: number): number {
    if (end - start < FOLD_BYTES_MIN) return crc32c(this.#batch, start, end);
    return crc32cInLane(this.lane, this.#layout.batch + start, end - start, this.#layout.scratch);
  }

  /** Makes room for a slot, and for a movie id in the table; false where an id is too large for that. */
  makeRoom(slot: number, movieId: number): boolean {
    const { ids, slots, batchBytes } = this.#layout;
    const isKnown = movieId < IDS_MAX;
    if (slot < slots && (movieId < ids || !isKnown)) return isKnown;
    const moreIds = isKnown && movieId >= ids ? Math.min(IDS_MAX, 2 ** Math.ceil(Math.log2(movieId + 1))) : ids;
    this.#layOut(layoutFor(moreIds, Math.max(slots, slot < slots ? 0 : Math.max(slots * 2, slot + 1)), batchBytes));
    // It is still being read.
    this.#place(this.#batch);
    return isKnown;
  }

  #place(batch: Uint8Array): void {
    const at = this.#layout.batch;
    this.#batch = new Uint8Array(this.#memory, at, batch.length);
    this.#batch.set(batch);
    // What an earlier batch left there must not look like the end of this one.
    new Uint8Array(this.#memory, at + batch.length, BEHIND_BYTES).fill(0);
  }

  /** Everything but the batch, and what was handed out, is carried over. */
  #layOut(next: Layout): void {
    const { report, table, givenTo, touched, cells } = this.#words;
    const before = this.#layout;
    assert(next.ids >= before.ids && next.slots >= before.slots, "the memory never shrinks");
    this.#layout = next;
    this.#lane = next.batchBytes > 0 ? makeLane(next.end) : undefined;
    this.#memory = this.#lane?.memory ?? new ArrayBuffer(next.end);
    this.#words = wordsIn(this.#memory, next);
    this.#words.report.set(report);
    this.#words.table.set(table);
    this.#words.givenTo.set(givenTo);
    this.#words.touched.set(touched);
    this.#words.cells.set(cells);
  }
}
