/**
 * The settings that decide a shard's results, and nothing else: two shards with the same rules and the same ratings
 * agree in every byte. Checked where settings are read.
 */

/** The settings that decide results. */
export interface ShardRules {
  /** A: rows as they change, no watermark. C: final rows only. */
  readonly mode: "A" | "C";
  /** Length D of the sliding windows. */
  readonly anomalyDays: number;
  readonly anomalyMinCount: number;
  readonly anomalyMinMean: number;
  /** A rating may be at most this much later than its record's timestamp; Infinity for no check. */
  readonly maxFutureMs: number;
  /** Mode A forgets windows that ended at least this many days before the watermark; Infinity for never. */
  readonly retainDays: number;
  readonly maxMovies: number;
  readonly maxWindows: number;
}
