/**
 * Rows of the result table as columns, an array of numbers each, so that the many thousand rows of an epoch are a few
 * objects on their way to checkpoint and table, rather than one object a row for the collector to find. Rows are added
 * at the end and never change. Whether a row is new, which a table may make use of, is not part of the row.
 */
import type { Row } from "./epoch.ts";
import { release } from "./released.ts";

const FIRST_ROWS = 64;

/** Rows as plain data, for another thread; their titles go separately, as most of them are known there. */
export interface PackedRows {
  /** How many there are; the columns have room for more. */
  readonly length: number;
  readonly windowStart: Float64Array<ArrayBuffer>;
  readonly movieId: Int32Array<ArrayBuffer>;
  readonly ratingCount: Int32Array<ArrayBuffer>;
  readonly ratingSum: Int32Array<ArrayBuffer>;
  readonly uniqueRatingCount: Uint8Array<ArrayBuffer>;
}

/** The columns of packed rows: whose memory goes to another thread, or is given back. */
export function columnsOf({ length, ...columns }: PackedRows): ArrayBufferView<ArrayBuffer>[] {
  return Object.values(columns);
}

export class RowColumns implements Iterable<Row> {
  #length = 0;
  #newCount = 0;
  #windowStart: Float64Array<ArrayBuffer>;
  #movieId: Int32Array<ArrayBuffer>;
  #ratingCount: Int32Array<ArrayBuffer>;
  #ratingSum: Int32Array<ArrayBuffer>;
  #uniqueRatingCount: Uint8Array<ArrayBuffer>;
  #isNew: Uint8Array<ArrayBuffer>;
  readonly #title: string[] = [];

  /** `capacity`: about how many rows will come, if known; it saves growing. */
  constructor(capacity = 0) {
    this.#windowStart = new Float64Array(capacity);
    this.#movieId = new Int32Array(capacity);
    this.#ratingCount = new Int32Array(capacity);
    this.#ratingSum = new Int32Array(capacity);
    this.#uniqueRatingCount = new Uint8Array(capacity);
    this.#isNew = new Uint8Array(capacity);
  }

  static of(rows: Iterable<Row>): RowColumns {
    const columns = new RowColumns();
    for (const row of rows) columns.push(row);
    return columns;
  }

  get length(): number {
    return this.#length;
  }

  // The columns, each as long as there are rows: views, good until the next `push` or `add`.

  get windowStart(): Float64Array {
    return this.#windowStart.subarray(0, this.#length);
  }

  get movieId(): Int32Array {
    return this.#movieId.subarray(0, this.#length);
  }

  get title(): readonly string[] {
    return this.#title;
  }

  get ratingCount(): Int32Array {
    return this.#ratingCount.subarray(0, this.#length);
  }

  get ratingSum(): Int32Array {
    return this.#ratingSum.subarray(0, this.#length);
  }

  get uniqueRatingCount(): Uint8Array {
    return this.#uniqueRatingCount.subarray(0, this.#length);
  }

  /** The rows that are new, or those that are not, in order: itself where all are. */
  which({ areNew }: { areNew: boolean }): RowColumns {
    const wanted = areNew ? 1 : 0;
    const count = areNew ? this.#newCount : this.#length - this.#newCount;
    if (count === this.#length) return this;
    const rows = new RowColumns(count);
    if (count > 0)
      for (let at = 0; at < this.#length; at++) if (this.#isNew[at] === wanted) rows.push(this.#at(at), areNew);
    return rows;
  }

  /** `isNew`: no earlier epoch had this row, so no table has it; left out where that is not known. */
  push(row: Row, isNew = false): void {
    const { windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount } = row;
    this.add(windowStart, movieId, title, ratingCount, ratingSum, uniqueRatingCount, isNew);
  }

  /** The same without an object, for tens of thousands of rows at once. */
  add(
    windowStart: number,
    movieId: number,
    title: string,
    ratingCount: number,
    ratingSum: number,
    uniqueRatingCount: number,
    isNew: boolean,
  ): void {
    const at = this.#length;
    if (at === this.#movieId.length) this.#grow();
    this.#windowStart[at] = windowStart;
    this.#movieId[at] = movieId;
    this.#title.push(title);
    this.#ratingCount[at] = ratingCount;
    this.#ratingSum[at] = ratingSum;
    this.#uniqueRatingCount[at] = uniqueRatingCount;
    this.#isNew[at] = isNew ? 1 : 0;
    if (isNew) this.#newCount++;
    this.#length = at + 1;
  }

  /** Hands the rows over as plain data, without their titles: here there are none from now on. */
  handOver(): PackedRows {
    const rows = {
      length: this.#length,
      windowStart: this.#windowStart,
      movieId: this.#movieId,
      ratingCount: this.#ratingCount,
      ratingSum: this.#ratingSum,
      uniqueRatingCount: this.#uniqueRatingCount,
    };
    this.#empty();
    return rows;
  }

  /** Gives the rows' memory back: they are no longer needed. */
  release(): void {
    release(this.#windowStart, this.#movieId, this.#ratingCount, this.#ratingSum, this.#uniqueRatingCount, this.#isNew);
    this.#empty();
  }

  *[Symbol.iterator](): Iterator<Row> {
    for (let at = 0; at < this.#length; at++) yield this.#at(at);
  }

  #at(at: number): Row {
    return {
      windowStart: this.#windowStart[at],
      movieId: this.#movieId[at],
      title: this.#title[at],
      ratingCount: this.#ratingCount[at],
      ratingSum: this.#ratingSum[at],
      uniqueRatingCount: this.#uniqueRatingCount[at],
    };
  }

  #empty(): void {
    this.#length = 0;
    this.#newCount = 0;
    this.#windowStart = new Float64Array(0);
    this.#movieId = new Int32Array(0);
    this.#title.length = 0;
    this.#ratingCount = new Int32Array(0);
    this.#ratingSum = new Int32Array(0);
    this.#uniqueRatingCount = new Uint8Array(0);
    this.#isNew = new Uint8Array(0);
  }

  #grow(): void {
    const rows = Math.max(FIRST_ROWS, this.#length * 2);
    this.#windowStart = grown(this.#windowStart, new Float64Array(rows));
    this.#movieId = grown(this.#movieId, new Int32Array(rows));
    this.#ratingCount = grown(this.#ratingCount, new Int32Array(rows));
    this.#ratingSum = grown(this.#ratingSum, new Int32Array(rows));
    this.#uniqueRatingCount = grown(this.#uniqueRatingCount, new Uint8Array(rows));
    this.#isNew = grown(this.#isNew, new Uint8Array(rows));
  }
}

function grown<T extends Float64Array | Int32Array | Uint8Array>(column: T, room: T): T {
  room.set(column);
  release(column);
  return room;
}
