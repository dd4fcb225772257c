/**
 * An epoch's outputs to bytes and back. Titles are not written again: movies stand as slots, and the shard's `Movies`
 * knows their titles as they were when the epoch was made, since titles change only between one process and the next.
 */
import { ByteReader, type ByteWriter } from "../byte-stream.ts";
import { type Anomaly, type Epoch, REJECT_REASONS, type RejectedLine } from "../epoch.ts";
import { assert } from "../errors.ts";
import { RowColumns } from "../row-columns.ts";
import type { Movies } from "../shard/movies.ts";

type Outputs = Pick<Epoch, "rows" | "anomalies" | "rejected">;

/** Bytes of a row or an anomaly, with some to spare. */
const OUTPUT_BYTES = 16;
/** The words of a run of rows, four each. */
const WRITTEN = new Int32Array(4 * 1024);

/** About as many bytes as `writeOutputs` will write, lines left out. */
export function outputBytes({ rows, anomalies, rejected }: Outputs): number {
  return OUTPUT_BYTES * (1 + rows.length + anomalies.length + rejected.length);
}

/** Writes rows, anomalies and rejected lines. */
export function writeOutputs(out: ByteWriter, outputs: Outputs, movies: Movies): void {
  writeRows(out, outputs.rows, movies);
  out.varint(outputs.anomalies.length);
  for (const anomaly of outputs.anomalies) {
    out.varint(slotOf(anomaly.movieId, movies));
    out.signed(anomaly.startDay);
    out.signed(anomaly.endDay);
    out.varint(anomaly.count);
    out.varint(anomaly.sum);
  }
  out.varint(outputs.rejected.length);
  for (const rejected of outputs.rejected) {
    out.varint(rejected.offset);
    out.varint(REJECT_REASONS.indexOf(rejected.reason));
    out.varint(rejected.fullBytes);
    out.varint(rejected.line === null ? 0 : 1);
    if (rejected.line !== null) out.bytes(rejected.line);
  }
}

/** Reads what `writeOutputs` wrote. */
export function readOutputs(bytes: Uint8Array, movies: Movies): Outputs {
  const from = new ByteReader(bytes);
  const rows = readRows(from, movies);
  const anomalies = readMany(from, (): Anomaly => {
    const slot = from.varint();
    return {
      startDay: from.signed(),
      endDay: from.signed(),
      movieId: movies.idOf(slot),
      title: known(movies.titleOf(slot)),
      count: from.varint(),
      sum: from.varint(),
    };
  });
  const rejected = readMany(from, (): RejectedLine => {
    const offset = from.varint();
    const reason = REJECT_REASONS[from.varint()];
    assert(reason !== undefined, "a rejected line has a reason known");
    const fullBytes = from.varint();
    return { offset, reason, fullBytes, line: from.varint() === 0 ? null : from.bytes().slice() };
  });
  assert(from.done, "an epoch's outputs end with its rejected lines");
  return { rows, anomalies, rejected };
}

/** Window by window, a run of rows at a time, put together for the writer. */
function writeRows(out: ByteWriter, rows: RowColumns, movies: Movies): void {
  const { length, windowStart, movieId, ratingCount, ratingSum, uniqueRatingCount } = rows;
  out.varint(length);
  for (let first = 0; first < length; ) {
    let end = first;
    let written = 0;
    for (; end < length && written < WRITTEN.length && windowStart[end] === windowStart[first]; end++) {
      WRITTEN[written++] = slotOf(movieId[end], movies);
      WRITTEN[written++] = ratingCount[end];
      WRITTEN[written++] = ratingSum[end];
      WRITTEN[written++] = uniqueRatingCount[end];
    }
    out.signed(windowStart[first]);
    out.varint(end - first);
    out.varints(WRITTEN, 0, written);
    first = end;
  }
}

function readRows(from: ByteReader, movies: Movies): RowColumns {
  const length = from.varint();
  const rows = new RowColumns(length);
  while (rows.length < length) {
    const windowStart = from.signed();
    const end = rows.length + from.varint();
    assert(end > rows.length && end <= length, "a run of rows has some, and no more than there are");
    while (rows.length < end) {
      const slot = from.varint();
      rows.push({
        windowStart,
        movieId: movies.idOf(slot),
        title: known(movies.rowTitleOf(slot)),
        ratingCount: from.varint(),
        ratingSum: from.varint(),
        uniqueRatingCount: from.varint(),
      });
    }
  }
  return rows;
}

function readMany<T>(from: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = from.varint(); left > 0; left--) items.push(read());
  return items;
}

function slotOf(movieId: number, movies: Movies): number {
  const slot = movies.slotOf(movieId);
  assert(slot >= 0, "what is handed out is of a movie known");
  return slot;
}

function known(title: string | undefined): string {
  assert(title !== undefined, "what is handed out has a title");
  return title;
}
