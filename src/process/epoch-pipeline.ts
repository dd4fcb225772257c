/**
 * The way of an epoch, from the shard to both sides: checkpoint, then table, then topics, then confirmed. In this order
 * it is committed: each side may take in what it is sent while the one before is still at work. The steps of different
 * epochs overlap, each side gets its epochs strictly in order, and at most `EPOCHS_UNCONFIRMED_MAX` of a shard are
 * under way: then `submit` waits, which holds back the reading, so a slow side never grows memory. Topics are the
 * slowest: epochs that come to wait for them go there together.
 */
import type { ShardLog } from "../checkpoint/contract.ts";
import type { Epoch, EpochIdentity } from "../epoch.ts";
import { release } from "../released.ts";
import type { Shard } from "../shard/shard.ts";
import type { ResultTable } from "../table/contract.ts";
import type { OutputTopics } from "../topic/contract.ts";
import { unlessAborted } from "../unless-aborted.ts";

/** The checkpoint runs ahead of the sides by at most this many epochs. */
export const EPOCHS_UNCONFIRMED_MAX = 4;

export interface EpochSides {
  readonly table: ResultTable;
  readonly outputs: OutputTopics;
  /** Makes the ratings read so far durable: a checkpoint must not pass what the topic could still lose. */
  readonly syncRatings: () => Promise<void>;
  /** Id of this process. */
  readonly owner: string;
  readonly now: () => number;
}

/** An epoch that the topics lack. */
interface EpochForTopics {
  readonly epoch: Epoch;
  isInTable: boolean;
}

export class EpochPipeline {
  readonly #sides: EpochSides;
  // Where each stage stands: what is put behind it runs when all before it is done.
  #logged: Promise<void> = Promise.resolve();
  #inTable: Promise<void> = Promise.resolve();
  #inTopics: Promise<void> = Promise.resolve();
  readonly #unconfirmed = new Map<number, Promise<void>[]>();
  /** Epochs, in order, that no step of the topics has taken along yet. */
  readonly #forTopics = new Map<number, EpochForTopics[]>();
  /** Partitions whose log is being rewritten: the next epoch need not bring the whole state again. */
  readonly #rewriting = new Set<number>();
  readonly #failure = new AbortController();
  /** The newest epoch taken of each shard: it may not be in its log yet. */
  readonly #newest = new Map<number, EpochIdentity>();
  /** The longest time in which no rating was looked at, as an epoch was taken and put into bytes. */
  longestPauseMs = 0;

  constructor(sides: EpochSides) {
    this.#sides = sides;
  }

  /** Aborts when an epoch could not be applied: whoever waits for ratings need not wait on. `settle` says why. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Takes an epoch of the shard and sends it on its way; waits while too many of the shard are under way. */
  async submit(shard: Shard, log: ShardLog): Promise<void> {
    const underWay = this.#unconfirmed.get(shard.partition) ?? [];
    this.#unconfirmed.set(shard.partition, underWay);
    while (underWay.length >= EPOCHS_UNCONFIRMED_MAX) {
      // Another one may fail while this one waits for brokers.
      await unlessAborted(underWay[0], this.failed);
      if (this.failed.aborted) await this.settle();
      underWay.shift();
    }

    const previous = this.#newest.get(shard.partition) ?? log.last;
    const whole = log.wantsWhole && !this.#rewriting.has(shard.partition);
    if (whole) this.#rewriting.add(shard.partition);
    const beganMs = this.#sides.now();
    const { state, ...outputs } = shard.takeEpoch(whole);
    this.longestPauseMs = Math.max(this.longestPauseMs, this.#sides.now() - beganMs);
    const identity: EpochIdentity = { run: previous.run, owner: this.#sides.owner, number: previous.number + 1 };
    this.#newest.set(shard.partition, identity);
    const epoch: Epoch = { partition: shard.partition, identity, previous, ...outputs };

    this.#logged = this.#logged.then(async () => {
      await this.#sides.syncRatings();
      await log.append({ epoch, state, whole }, shard.movies);
      release(...state);
      if (whole) this.#rewriting.delete(shard.partition);
    });
    // The table meets its failure, or has one of its own before.
    this.#logged.catch(() => {});
    const confirmed = this.#send(epoch, log, this.#logged);
    underWay.push(confirmed);
    confirmed.catch(() => this.#failure.abort());
  }

  /** Applies epochs that a side lacks after a start: the table and the topics each from where they stand. */
  async applyMissing(log: ShardLog, inTable: readonly Epoch[], inTopics: readonly Epoch[]): Promise<void> {
    for (const epoch of inTable) await this.#sides.table.apply(this.#sides.owner, epoch);
    if (inTopics.length > 0) await this.#sides.outputs.apply(inTopics);
    if (log.confirmed.number < log.last.number) await log.confirm(log.last, await this.#sides.outputs.ends());
  }

  /** Resolves when every epoch is confirmed by both sides. */
  async settle(): Promise<void> {
    await Promise.all([this.#inTable, this.#inTopics]);
  }

  #send(epoch: Epoch, log: ShardLog, logged: Promise<void>): Promise<void> {
    const { table, owner } = this.#sides;
    const forTopics = { epoch, isInTable: false };
    this.#forTopics.set(epoch.partition, [...(this.#forTopics.get(epoch.partition) ?? []), forTopics]);
    const inTable = this.#inTable.then(async () => {
      await table.apply(owner, epoch, logged);
      forTopics.isInTable = true;
    });
    // Not before it is in the log: until then the table is to be sent its rows.
    const inTopics = Promise.all([logged, this.#inTopics]).then(() => this.#putOut(epoch, log, inTable));
    this.#inTable = inTable;
    this.#inTopics = inTopics;
    // The table's failure counts at once: the topics' part may wait for brokers that are away.
    return Promise.all([inTable, inTopics]).then(() => {});
  }

  /**
   * Puts out and confirms the epoch, and with it those of its shard that are in the table, too; unless it was taken
   * along itself.
   */
  async #putOut(epoch: Epoch, log: ShardLog, inTable: Promise<void>): Promise<void> {
    const { outputs } = this.#sides;
    const waiting = this.#forTopics.get(epoch.partition) ?? [];
    if (waiting[0]?.epoch !== epoch) return;
    const outOfTable = waiting.findIndex(({ isInTable }) => !isInTable);
    const taken = outOfTable < 0 ? waiting.length : Math.max(1, outOfTable);
    const epochs = waiting.splice(0, taken).map((each) => each.epoch);
    await outputs.apply(epochs, inTable);
    await log.confirm(epochs[epochs.length - 1].identity, await outputs.ends());
    for (const { rows } of epochs) rows.release();
  }
}
