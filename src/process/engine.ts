/**
 * The loop of `process`: reads slices of each partition, has its shard work through them, and takes epochs at their
 * triggers. Caught up, an epoch follows every slice, for the least delay; far behind, it waits for `EPOCH_INTERVAL_MS`
 * or for many rows, as each epoch writes the same rows again. The timing decides nothing but how often rows change.
 */
import { setImmediate as aTurnForOthers, setTimeout as sleep } from "node:timers/promises";
import type { ShardLog } from "../checkpoint/contract.ts";
import { stateError } from "../errors.ts";
import { release } from "../released.ts";
import type { Shard } from "../shard/shard.ts";
import { DamagedBatch, type Slice, type TopicReader } from "../topic/contract.ts";
import { piecesOf } from "../topic/slice-pieces.ts";
import { unlessAborted } from "../unless-aborted.ts";
import type { EpochPipeline } from "./epoch-pipeline.ts";
import type { Garbage } from "./garbage.ts";
import type { ShardAtWork } from "./start.ts";

/** Bytes asked for in one read: 4 MiB do better than 1 MiB, and more does not. */
export const READ_BYTES = 4 * 1024 * 1024;
/** Far behind, an epoch is taken at this interval. */
export const EPOCH_INTERVAL_MS = 1000;
/**
 * Rows of an epoch; a slice may bring it over that. More than two windows of the real set have, which fill again and
 * again.
 */
export const EPOCH_ROWS_MAX = 60_000;

const NOTHING = new Uint8Array(0);

/** How often the ratings topic is checked for added partitions. */
const PARTITIONS_CHECK_MS = 5000;

/**
 * `forever`: until the signal. `once`: what the topic holds at the start. `drain`: that, then every window is closed.
 */
export type Goal = "forever" | "once" | "drain";

export interface EngineOptions {
  readonly goal: Goal;
  /** A shard silent for this long follows the others' watermark; undefined: never. */
  readonly idleTimeoutMs: number | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly garbage: Garbage;
  /** Called after every slice and epoch. */
  readonly onProgress: (shards: readonly ShardAtWork[]) => void;
}

/** The next read, in flight while something else is worked on. */
export function readOn(ratings: TopicReader, partition: number, offset: number): Promise<Slice> {
  const read = ratings.read(partition, offset, READ_BYTES);
  // Its failure surfaces when it is awaited; until then it must not count as unhandled.
  read.catch(() => {});
  return read;
}

export class Engine {
  readonly #shards: readonly ShardAtWork[];
  readonly #ratings: TopicReader;
  readonly #pipeline: EpochPipeline;
  readonly #options: EngineOptions;
  /** Aborts with the options' signal, or when a shard's loop or an epoch failed: then all loops end. */
  readonly #stop = new AbortController();
  readonly #idle = new Set<Shard>();

  constructor(shards: readonly ShardAtWork[], ratings: TopicReader, pipeline: EpochPipeline, options: EngineOptions) {
    this.#shards = shards;
    this.#ratings = ratings;
    this.#pipeline = pipeline;
    this.#options = options;
  }

  /** Ends when the goal is reached or the signal aborts, every epoch confirmed by both sides. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const abort = () => this.#stop.abort();
    for (const stop of [signal, this.#pipeline.failed]) stop.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const loops = this.#shards.map(async (shardAtWork) => {
      try {
        await this.#runShard(shardAtWork);
      } catch (error) {
        if (error instanceof DamagedBatch) await this.#keepBefore(shardAtWork).finally(abort);
        abort();
        throw error;
      }
    });
    const watching = this.#watchPartitions().finally(abort);
    watching.catch(() => {}); // Its failure is handled below, when the loops have ended.
    // All of them, so that none is still at work when the sides are closed.
    const ends = await Promise.allSettled(loops);
    abort();
    ends.push(...(await Promise.allSettled([watching])));
    for (const stop of [signal, this.#pipeline.failed]) stop.removeEventListener("abort", abort);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    await this.#pipeline.settle();
  }

  /** Exit 4 once there are partitions that nobody reads. */
  async #watchPartitions(): Promise<void> {
    const { signal } = this.#stop;
    const { partitions, topic } = this.#ratings;
    while (!signal.aborted) {
      // Rejects only when the signal aborts.
      await sleep(PARTITIONS_CHECK_MS, undefined, { signal }).catch(() => {});
      const found = signal.aborted ? partitions : await this.#ratings.partitionsNow(signal);
      if (found === partitions) continue;
      throw stateError(
        `the topic ${topic} has ${found} partitions by now, not ${partitions}: ratings in the new ones would not count`,
        "make the topic anew with `tidemark setup --drop` and send the ratings again; `tidemark process --rebuild` " +
          "will do where no movie has ratings in two partitions",
      );
    }
  }

  async #runShard(atWork: ShardAtWork): Promise<void> {
    const { goal, now, garbage } = this.#options;
    const { shard, log } = atWork;
    const { partition } = shard;
    const endOffset = goal === "forever" ? Number.POSITIVE_INFINITY : atWork.endOffset;
    // A restart may come in the middle of a closing.
    await this.#finish(shard, log, () => shard.work());

    let nextRead = atWork.firstSlice;
    atWork.firstSlice = undefined;
    let epochAtMs = now();
    while (!this.#stop.signal.aborted && shard.offset < endOffset) {
      if (nextRead === undefined) {
        garbage.caughtUp();
        if (shard.changed) await this.#takeEpoch(shard, log);
        await this.#awaitRatings(shard, log);
        nextRead = readOn(this.#ratings, partition, shard.offset);
      }
      // A broker that is away must not hold up what failed elsewhere.
      const slice: Slice | undefined = await unlessAborted(nextRead, this.#stop.signal);
      if (slice === undefined) break;
      const nextOffset: number = slice.nextOffset;
      const isLast: boolean = slice.isLast === true || nextOffset === shard.offset || nextOffset >= endOffset;
      nextRead = isLast ? undefined : readOn(this.#ratings, partition, nextOffset);
      for (const piece of piecesOf(slice.bytes)) {
        shard.load(piece, endOffset);
        await this.#finish(shard, log, () => shard.work());
        // The next slice is arriving, and epochs are on their way.
        await aTurnForOthers();
      }
      if (slice.isOwn) {
        // The shard is done with it, but still has it.
        shard.load(NOTHING);
        release(slice.bytes);
      }
      shard.skipTo(Math.min(nextOffset, endOffset));
      const isDue = now() - epochAtMs >= EPOCH_INTERVAL_MS || shard.pendingRows >= EPOCH_ROWS_MAX;
      if (isDue && shard.changed) {
        await this.#takeEpoch(shard, log);
        epochAtMs = now();
      }
      garbage.afterReading(slice.bytes.length);
      this.#options.onProgress(this.#shards);
    }
    if (goal === "drain" && !this.#stop.signal.aborted) await this.#finish(shard, log, () => shard.drain());
    if (shard.changed) await this.#takeEpoch(shard, log);
    this.#options.onProgress(this.#shards);
  }

  /** Works until it is done, taking an epoch whenever the outputs are full. */
  async #finish(shard: Shard, log: ShardLog, work: () => boolean): Promise<void> {
    while (!work()) await this.#takeEpoch(shard, log);
  }

  /** At damage, what came before it is put out. */
  async #keepBefore({ shard, log }: ShardAtWork): Promise<void> {
    if (shard.changed) await this.#takeEpoch(shard, log);
    await this.#pipeline.settle();
  }

  async #takeEpoch(shard: Shard, log: ShardLog): Promise<void> {
    await this.#pipeline.submit(shard, log);
    this.#options.onProgress(this.#shards);
  }

  /** Waits for more ratings; with an idle time-out, follows the other shards' watermark if none came that long. */
  async #awaitRatings(shard: Shard, log: ShardLog): Promise<void> {
    const { idleTimeoutMs } = this.#options;
    const { signal } = this.#stop;
    if (idleTimeoutMs === undefined || this.#shards.length === 1) {
      return this.#ratings.waitForMore(shard.partition, shard.offset, signal);
    }
    const timeout = AbortSignal.timeout(idleTimeoutMs);
    await this.#ratings.waitForMore(shard.partition, shard.offset, AbortSignal.any([signal, timeout]));
    if (!timeout.aborted || signal.aborted) {
      this.#idle.delete(shard);
      return;
    }
    this.#idle.add(shard);
    const watermarkMs = this.#watermarkToFollow(shard);
    if (watermarkMs > shard.watermarkMs) await this.#finish(shard, log, () => shard.raiseWatermark(watermarkMs));
  }

  /** The lowest watermark of the other shards that are not idle themselves, or the highest where all are. */
  #watermarkToFollow(shard: Shard): number {
    const others = this.#shards.map((other) => other.shard).filter((other) => other !== shard);
    const busy = others.filter((other) => !this.#idle.has(other)).map((other) => other.watermarkMs);
    return busy.length > 0 ? Math.min(...busy) : Math.max(...others.map((other) => other.watermarkMs));
  }
}
