/**
 * An epoch: what one shard hands out at a trigger, applied to each side all or nothing. This file holds the nouns
 * that cross the ports; how an epoch is made is the shard's business, how it is kept the checkpoint's.
 */
import type { RowColumns } from "./row-columns.ts";

/** The ratings topic that epochs come from, and the group that reads it: whose results a table or a topic holds. */
export interface RatingsSource {
  readonly group: string;
  readonly topic: string;
}

/** Who an epoch is. Identities are compared whole, never bare numbers. */
export interface EpochIdentity {
  /** Made with a new checkpoint: first start or `--rebuild`. */
  readonly run: string;
  /** The process that made the epoch; stays with it, whoever applies it. */
  readonly owner: string;
  /** Counts up by one per shard; 0 is where a run begins. */
  readonly number: number;
}

/** One row of the result table, as it is to be written: a 30-day tumbling window x movie. */
export interface Row {
  /** Seconds since 1970-01-01 UTC; negative before. */
  readonly windowStart: number;
  readonly movieId: number;
  /** Already cut to the column's width and free of U+0000. */
  readonly title: string;
  readonly ratingCount: number;
  readonly ratingSum: number;
  /** Number of distinct rating values: exact. */
  readonly uniqueRatingCount: number;
}

/** One final sliding window x movie that met both thresholds. */
export interface Anomaly {
  /** Days since 1970-01-01. The window holds the days from `startDay` up to, not including, `endDay`. */
  readonly startDay: number;
  readonly endDay: number;
  readonly movieId: number;
  readonly title: string;
  readonly count: number;
  readonly sum: number;
}

/** Why a line counts nowhere. The names are used in the rejected record's `reason` header and in the totals. */
export const REJECT_REASONS = ["malformed", "late", "future", "too-many-movies", "too-many-windows"] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** A line of the ratings topic that counts nowhere. */
export interface RejectedLine {
  readonly offset: number;
  readonly reason: RejectReason;
  /** The record's value, cut at `REJECTED_LINE_BYTES_MAX`; null where the record had none. */
  readonly line: Uint8Array | null;
  /** Length of the value before it was cut; equal to `line.length` where nothing was cut. */
  readonly fullBytes: number;
}

/** A rejected line longer than this is cut, and a header says how long it was. */
export const REJECTED_LINE_BYTES_MAX = 64 * 1024;

/** All that one epoch of one shard hands to the table and the output topics. */
export interface Epoch {
  readonly partition: number;
  readonly identity: EpochIdentity;
  /** The epoch before this one in the shard's log: the last one that each side must have before it takes this one. */
  readonly previous: EpochIdentity;
  /** The shard's next offset in the ratings topic after this epoch. */
  readonly offset: number;
  /** By window, then by movie id, each once. A movie has one title in all of them. */
  readonly rows: RowColumns;
  readonly anomalies: readonly Anomaly[];
  readonly rejected: readonly RejectedLine[];
}

/** What a shard hands out when an epoch is taken: the outputs, and the state that changed. */
export interface EpochContents extends Pick<Epoch, "offset" | "rows" | "anomalies" | "rejected"> {
  /** Bytes for the checkpoint, in pieces, to be put one behind the other. */
  readonly state: readonly Uint8Array[];
}

export function sameEpoch(a: EpochIdentity, b: EpochIdentity): boolean {
  return a.number === b.number && a.run === b.run && a.owner === b.owner;
}

/** For messages: `epoch 12 of run 5f… (owner 9a…)`. */
export function describeEpoch(epoch: EpochIdentity): string {
  return `epoch ${epoch.number} of run ${epoch.run} (owner ${epoch.owner})`;
}
