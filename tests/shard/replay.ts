/**
 * A `process` in small: drives a shard over a log, in random slices, with epochs and crashes at random moments, and
 * gathers what both sides then hold. Like the real one, it hands an epoch on only when its state is in the checkpoint,
 * and a new shard knows nothing but the checkpoint.
 */
import { anomalyLine } from "../../src/anomaly-line.ts";
import { ByteReader, joined } from "../../src/byte-stream.ts";
import type { RejectedLine, Row } from "../../src/epoch.ts";
import { EPOCH_OUTPUTS_MAX } from "../../src/shard/epoch-outputs.ts";
import { Shard } from "../../src/shard/shard.ts";
import type { ShardRules } from "../../src/shard/shard-rules.ts";
import type { Random } from "../generate/random.ts";
import type { RatingsLog } from "./ratings-log.ts";

const EPOCHS_MAX = 200_000;

export interface ReplayOptions {
  readonly rules: ShardRules;
  readonly titles: ReadonlyMap<number, string>;
  /** Indexes of the batches after which a drain is asked for, ascending. */
  readonly drainAfter: readonly number[];
  readonly outputsMax?: number | undefined;
  /** How often an epoch follows a slice, and how often the process dies: 0 to 1. */
  readonly epochs: number;
  readonly crashes: number;
}

export class Replay {
  // What the sides hold.
  readonly rows = new Map<string, Row>();
  readonly rowsInOrder: Row[] = [];
  readonly anomalies: { key: string; line: string }[] = [];
  readonly rejected: RejectedLine[] = [];
  /** How often what the tests are for came about. */
  readonly seen = { epochs: 0, fullEpochs: 0, laterBases: 0, restarts: 0, restartsMidBatch: 0, restartsAfterFull: 0 };

  shard: Shard;
  readonly #random: Random;
  readonly #log: RatingsLog;
  readonly #options: ReplayOptions;
  /** The checkpoint: a base, then what changed. */
  #states: (readonly Uint8Array[])[] = [];
  #lastWasFull = false;
  /** Drains done, and how many of them the checkpoint knows of. */
  #drains = 0;
  #drainsKept = 0;
  /** What a restart found unfinished is finished. */
  #settled = true;

  constructor(random: Random, log: RatingsLog, options: ReplayOptions) {
    this.#random = random;
    this.#log = log;
    this.#options = options;
    this.shard = this.#restore();
  }

  /** Runs to the end of the log, and restarts there once more: nothing may be left to do. */
  run(): void {
    while (!this.#nothingLeft || this.shard.changed) {
      this.#goOn();
      if (this.shard.changed && (this.#nothingLeft || this.#random.chance(this.#options.epochs)))
        this.#takeEpoch(false);
      if (this.#random.chance(this.#options.crashes)) this.#restart();
    }
    this.#restart();
    if (!this.shard.work() || this.shard.changed) throw new Error("a restart at the end found something to do");
  }

  get #nothingLeft(): boolean {
    const { drainAfter } = this.#options;
    const { offset } = this.shard;
    return (
      this.#settled && this.#drains === drainAfter.length && this.#log.batchAt(offset) === this.#log.batches.length
    );
  }

  /** The next slice or drain. */
  #goOn(): void {
    const log = this.#log;
    const random = this.#random;
    const first = log.batchAt(this.shard.offset);
    const drainAfter = this.#options.drainAfter[this.#drains] ?? log.batches.length;
    if (first > drainAfter) {
      if (this.#finish(() => this.shard.drain())) this.#drains++;
      return;
    }
    const end = Math.min(first + random.whole(1, 4), drainAfter + 1, log.batches.length);
    // The slice may go on past where it is to be worked on, as a reader's last slice of `--once` may.
    const slice = log.slice(first, random.chance(0.5) ? end : end + 2);
    const endOffset = log.batches[end - 1]?.endOffset;
    this.shard.load(slice, endOffset);
    if (!this.#finish(() => this.shard.work())) return;
    slice.fill(0xff); // As a reader does that uses its buffer again.
    // A reader tells of a gap after its slice with the slice, or with the next.
    if (random.chance(0.5)) this.shard.skipTo(log.batches[end]?.baseOffset ?? 0);
  }

  /** Takes an epoch whenever the outputs are full, until the work is done; false where a crash came between. */
  #finish(work: () => boolean): boolean {
    while (!work()) {
      this.#takeEpoch(true);
      if (this.#random.chance(this.#options.crashes)) {
        this.#restart();
        return false;
      }
    }
    this.#settled = true;
    return true;
  }

  #takeEpoch(full: boolean): void {
    const { outputsMax = EPOCH_OUTPUTS_MAX, rules } = this.#options;
    const all = this.#states.length === 0 || this.#random.chance(0.1);
    if (all && this.#states.length > 0) this.seen.laterBases++;
    const { state, rows, anomalies, rejected } = this.shard.takeEpoch(all);
    this.#states = all ? [state] : [...this.#states, state];
    this.#drainsKept = this.#drains;
    this.#lastWasFull = full;
    this.seen.epochs++;
    if (full) this.seen.fullEpochs++;
    if (this.seen.epochs > EPOCHS_MAX) throw new Error(`more than ${EPOCHS_MAX} epochs: it goes round in circles`);

    const bounded = anomalies.length + rejected.length + (rules.mode === "C" ? rows.length : 0);
    if (bounded > outputsMax) throw new Error(`an epoch of ${bounded} outputs, ${outputsMax} at most`);
    for (const row of rows) this.rows.set(`${row.windowStart}|${row.movieId}`, row);
    // PostgreSQL's upsert refuses a statement that names a row twice.
    const keys = new Set([...rows].map((row) => `${row.windowStart}|${row.movieId}`));
    if (keys.size < rows.length) throw new Error("an epoch names a row twice");
    this.rowsInOrder.push(...rows);
    this.anomalies.push(...anomalies.map((anomaly) => ({ key: String(anomaly.movieId), line: anomalyLine(anomaly) })));
    this.rejected.push(...rejected);
  }

  #restart(): void {
    this.shard = this.#restore();
    this.#drains = this.#drainsKept;
    this.#settled = false;
    this.seen.restarts++;
    if (this.#log.isInsideBatch(this.shard.offset)) this.seen.restartsMidBatch++;
    if (this.#lastWasFull) this.seen.restartsAfterFull++;
  }

  #restore(): Shard {
    const { rules, titles, outputsMax } = this.#options;
    const shard = new Shard(0, rules, {
      titleOf: (movieId) => titles.get(movieId)?.replaceAll("\0", ""),
      claimMovie: () => {},
      outputsMax,
    });
    if (this.#states.length === 0) shard.skipTo(this.#log.startOffset);
    for (const state of this.#states) {
      const reader = new ByteReader(joined(state));
      shard.restore(reader);
      if (!reader.done) throw new Error("a restored shard left bytes of its state unread");
    }
    shard.retitle(1000); // As at every start; no title has changed.
    return shard;
  }
}
