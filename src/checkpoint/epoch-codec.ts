/**
 * An epoch's outputs to bytes and back. Titles are not written again: movies stand as slots, and the shard's `Movies`
 * knows their titles as they were when the epoch was made, since titles change only between one process and the next.
 */
import { ByteReader, type ByteWriter } from "../byte-stream.ts";
import { type Anomaly, type Epoch, REJECT_REASONS, type RejectedLine, type Row } from "../epoch.ts";
import { assert } from "../errors.ts";
import type { Movies } from "../movies.ts";

type Outputs = Pick<Epoch, "rows" | "anomalies" | "rejected">;

/** Writes rows, anomalies and rejected lines. */
export function writeOutputs(out: ByteWriter, outputs: Outputs, movies: Movies): void {
  out.varint(outputs.rows.length);
  for (const row of outputs.rows) {
    out.varint(slotOf(row.movieId, movies));
    out.signed(row.windowStart);
    out.varint(row.ratingCount);
    out.varint(row.ratingSum);
    out.varint(row.uniqueRatingCount);
  }
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
  const rows = readMany(from, (): Row => {
    const slot = from.varint();
    return {
      windowStart: from.signed(),
      movieId: movies.idOf(slot),
      title: known(movies.rowTitleOf(slot)),
      ratingCount: from.varint(),
      ratingSum: from.varint(),
      uniqueRatingCount: from.varint(),
    };
  });
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
