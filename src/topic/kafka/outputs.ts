/**
 * The two output topics of a `process` on Kafka, and the consumer group's offsets: all that an epoch puts there is in
 * one transaction under its shard's transactional id, so it is there whole, once, or not at all. Epochs that wait for
 * the one before share a transaction: it takes 10 ms, whatever is in it. Where the outputs stand is told by the
 * committed offsets' metadata; where brokers have forgotten those, by the records.
 */
import { type Epoch, type EpochIdentity, sameEpoch } from "../../epoch.ts";
import { assert, stateError } from "../../errors.ts";
import { isDoneWithin } from "../../unless-aborted.ts";
import { BatchBuilder } from "../batch-builder.ts";
import type { OutputEnds, OutputPlaces, OutputTopics, UnconfirmedEpochs } from "../contract.ts";
import { addOutputRecords, type OutputSide } from "../output-batch.ts";
import { checkOutputEnd, findStandingEpochs, type OutputTopic } from "../output-tail.ts";
import type { KafkaClient } from "./client.ts";
import { describeCommitted, epochMetadata, readCommittedEpochs } from "./committed-epochs.ts";
import type { KafkaConnection } from "./connection.ts";
import { needsFence, reasonOf, userErrorOf } from "./errors.ts";
import { KafkaPartitionReader } from "./partition-reader.ts";
import { KafkaTopicReader } from "./reader.ts";
import { OPEN_MS_MAX, type OutputBatch, Transactions } from "./transaction.ts";

/** How long the end waits for readers to see what was committed last: its markers come a little later. */
const SETTLE_MS_MAX = 2_000;
/** Before a transaction that was cut off is tried again. */
const BACK_OFF_MS_MIN = 20;
const BACK_OFF_MS_MAX = 1_000;

/** Up to where an output topic is searched for epochs. */
type EndOf = (reader: KafkaTopicReader) => Promise<number>;
const stableEndOf: EndOf = async (reader) => (await reader.bounds(0)).end;

interface Side extends OutputTopic {
  /** Where the topic ended when it was last looked at, or written to. */
  end: number | undefined;
  /** Where the last batch that was written ends; its transaction's marker comes behind it. */
  written: number | undefined;
  /** Opened when the topic is first looked at. */
  reader: Promise<KafkaTopicReader> | undefined;
}

export class KafkaOutputs implements OutputTopics {
  readonly cut = [];
  readonly #client: KafkaClient;
  readonly #options: OutputPlaces;
  readonly #connection: KafkaConnection;
  readonly #shards = new Map<number, Transactions>();
  readonly #sides: Readonly<Record<OutputSide, Side>>;
  /** Where the outputs stand, by partition, until the first epoch of a run that a rebuild made. */
  readonly #replaced = new Map<number, EpochIdentity | undefined>();
  readonly #builder = new BatchBuilder();
  /** Then it is waited for before a transaction is filled, until it is quick again. */
  #isTableSlow = false;
  #applies: Promise<unknown> = Promise.resolve();

  constructor(client: KafkaClient, options: OutputPlaces) {
    const { source, anomalyTopic, rejectedTopic } = options;
    const place = `on ${client.place}`;
    this.#client = client;
    this.#options = options;
    this.#connection = client.connection();
    const unseen = { end: undefined, written: undefined, reader: undefined };
    this.#sides = {
      anomalies: { topic: anomalyTopic, place, side: "anomalies", source, ...unseen },
      rejected: { topic: rejectedTopic, place, side: "rejected", source, ...unseen },
    };
  }

  standings(): Promise<Map<number, EpochIdentity>> {
    const { source, partitions } = this.#options;
    return readCommittedEpochs(this.#connection, source.group, source.topic, partitions);
  }

  async compare(log: readonly UnconfirmedEpochs[]): Promise<void> {
    const sides = Object.values(this.#sides);
    const ends = await Promise.all(sides.map((side) => this.#highWatermark(side)));
    for (const [index, side] of sides.entries()) checkOutputEnd(side, log, ends[index]);
    // Before the fencing, a dead predecessor's own transaction may still hide what comes behind it.
    await this.#unappliedEpochs(log, stableEndOf);
  }

  async fence(): Promise<void> {
    const partitions = Array.from({ length: this.#options.partitions }, (_, partition) => partition);
    await Promise.all(partitions.map((partition) => this.#transactionsOf(partition).fence()));
  }

  missing(log: readonly UnconfirmedEpochs[]): Promise<Map<number, Epoch[]>> {
    for (const { partition, replaced } of log) this.#replaced.set(partition, replaced);
    // Where there is no epoch to look for, nothing need be waited for.
    const isSearch = log.some(({ epochs }) => epochs.length > 0);
    return this.#unappliedEpochs(log, isSearch ? (reader) => reader.highWatermark(0) : stableEndOf);
  }

  apply(epochs: readonly Epoch[], inTable = Promise.resolve()): Promise<void> {
    // One after another: shards share the builder, and the records of an epoch then stand together.
    const applied = this.#applies.then(() => this.#applySurely(epochs, inTable));
    this.#applies = applied.catch(() => {});
    return applied;
  }

  async ends(): Promise<OutputEnds> {
    const endOf = async (side: Side) => {
      side.end ??= await this.#highWatermark(side);
      return side.end;
    };
    const [anomalies, rejected] = await Promise.all([endOf(this.#sides.anomalies), endOf(this.#sides.rejected)]);
    return { anomalies, rejected };
  }

  async close(): Promise<void> {
    // One that the table failed is aborted first: left open, it would hold up readers for a minute.
    const settled = this.#applies.then(() => this.#awaitVisible());
    await Promise.race([settled, this.#connection.pause(SETTLE_MS_MAX)]).catch(() => {});
    const readers = Object.values(this.#sides).map(async ({ reader }) =>
      (await reader?.catch(() => undefined))?.close(),
    );
    await Promise.all([this.#connection.close(), ...readers]);
  }

  /** A commit is answered before its markers show it to readers, and `consume-kafka --once` may be next. */
  async #awaitVisible(): Promise<void> {
    const signal = AbortSignal.timeout(SETTLE_MS_MAX);
    for (const side of Object.values(this.#sides)) {
      const { written } = side;
      if (written !== undefined) await (await this.#readerOf(side)).waitForMore(0, written, signal);
    }
  }

  /** Commits the epochs' transaction; when its outcome is open, finds out, and does it again if it must. */
  async #applySurely(epochs: readonly Epoch[], inTable: Promise<void>): Promise<void> {
    const [first, last] = [epochs[0], epochs[epochs.length - 1]];
    const { partition } = last;
    let said = "";
    if (this.#isTableSlow) {
      this.#isTableSlow = !(await isDoneWithin(inTable, OPEN_MS_MAX));
      await inTable;
    }
    for (let backOffMs = BACK_OFF_MS_MIN; ; backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS_MAX)) {
      let isAborted = false;
      try {
        isAborted = !(await this.#commit(epochs, inTable));
        if (!isAborted) return;
      } catch (error) {
        if (!this.#client.passes(error) && !needsFence(error)) throw userErrorOf(error, this.#client.place) ?? error;
        const reason = reasonOf(error);
        if (reason !== said) {
          this.#client.surroundings.log.warn(
            `the transaction of epoch ${last.identity.number} of partition ${partition} was cut off ` +
              `(${reason}): asking the Kafka brokers ${this.#client.place} what became of it`,
          );
        }
        said = reason;
      }
      if (isAborted) {
        this.#isTableSlow = true;
        // Out here, as what went wrong with the table is not for us to judge.
        await inTable;
        continue;
      }
      // Only the claim tells whether another process has taken over, or the brokers gave us up.
      await this.#options.checkHeld();
      await this.#transactionsOf(partition).fence();
      // Whoever claims after this fences after us, too.
      await this.#options.checkHeld();
      const committed = (await this.standings()).get(partition);
      if (committed !== undefined && sameEpoch(committed, last.identity)) {
        // Where its batches lie was in the answer that never came.
        for (const side of Object.values(this.#sides)) side.end = undefined;
        return;
      }
      const before = first.previous.number > 0 ? first.previous : this.#replaced.get(partition);
      const isAsBefore = committed === undefined || (before !== undefined && sameEpoch(committed, before));
      if (!isAsBefore) throw this.#foreign(partition, committed);
      // A topic that is gone would fail every transaction; this says so in the end.
      for (const { topic } of Object.values(this.#sides)) {
        await new KafkaPartitionReader(this.#connection, topic, 0).highWatermark();
      }
      await this.#connection.pause(backOffMs);
    }
  }

  /** False where the transaction was aborted, as the epochs were not in the table soon. */
  async #commit(epochs: readonly Epoch[], inTable: Promise<void>): Promise<boolean> {
    const { source } = this.#options;
    const { partition, offset, identity } = epochs[epochs.length - 1];
    const batches = [...this.#batches("anomalies", epochs), ...this.#batches("rejected", epochs)];
    const consumed = { ...source, partition, offset, metadata: epochMetadata(identity) };
    const ends = await this.#transactionsOf(partition).commit(batches, consumed, inTable);
    if (ends === undefined) return false;
    for (const [index, { topic }] of batches.entries()) {
      const side = this.#sides.anomalies.topic === topic ? this.#sides.anomalies : this.#sides.rejected;
      side.end = ends[index];
      side.written = ends[index];
    }
    return true;
  }

  /** A batch has records of one epoch only. */
  #batches(name: OutputSide, epochs: readonly Epoch[]): OutputBatch[] {
    const { topic, source } = this.#sides[name];
    const batches: OutputBatch[] = [];
    const builder = this.#builder;
    const flush = () => {
      const recordCount = builder.count;
      if (recordCount === 0) return;
      batches.push({ topic, recordCount, batch: builder.finish(this.#client.surroundings.now()).slice() });
    };
    for (const epoch of epochs) {
      addOutputRecords(builder, name, source, epoch, flush);
      flush();
    }
    return batches;
  }

  /** The epochs of the log that the outputs lack, by partition, in order. Exit 4 where they hold what is not of it. */
  async #unappliedEpochs(log: readonly UnconfirmedEpochs[], endOf: EndOf): Promise<Map<number, Epoch[]>> {
    const committed = await this.standings();
    const forgotten = log.filter(({ partition }) => !committed.has(partition));
    const standing = await this.#newestStanding(forgotten, endOf);
    return new Map(
      log.map(({ partition, confirmed, epochs, replaced }) => {
        const found = committed.get(partition) ?? standing.get(partition);
        if (found === undefined || sameEpoch(found, confirmed)) return [partition, [...epochs]];
        const index = epochs.findIndex(({ identity }) => sameEpoch(identity, found));
        if (index >= 0) return [partition, epochs.slice(index + 1)];
        const isBefore = replaced !== undefined && confirmed.number === 0 && sameEpoch(found, replaced);
        if (!isBefore) throw this.#foreign(partition, found);
        return [partition, [...epochs]];
      }),
    );
  }

  /** For shards whose committed offset brokers have forgotten: the newest of their epochs that the topics hold. */
  async #newestStanding(log: readonly UnconfirmedEpochs[], endOf: EndOf): Promise<Map<number, EpochIdentity>> {
    const newest = new Map<number, EpochIdentity>();
    if (log.length === 0) return newest;
    const onWait = this.#client.surroundings.log.warn;
    const standings = Object.values(this.#sides).map(async (side) => {
      const reader = await this.#readerOf(side);
      return findStandingEpochs(side, { reader, end: await endOf(reader), onWait }, log);
    });
    for (const standing of await Promise.all(standings)) {
      for (const [partition, identities] of standing) {
        const last = identities.at(-1);
        if (last !== undefined && last.number > (newest.get(partition)?.number ?? 0)) newest.set(partition, last);
      }
    }
    return newest;
  }

  #transactionsOf(partition: number): Transactions {
    const { group, topic } = this.#options.source;
    const known = this.#shards.get(partition);
    if (known !== undefined) return known;
    assert(partition < this.#options.partitions, "an epoch is of a partition of the ratings topic");
    // No topic's name holds a slash: where the topic ends is certain, whatever the group's name holds.
    const transactions = new Transactions(this.#connection, `tidemark/${topic}/${partition}/${group}`);
    this.#shards.set(partition, transactions);
    return transactions;
  }

  async #highWatermark(side: Side): Promise<number> {
    return (await this.#readerOf(side)).highWatermark(0);
  }

  #readerOf(side: Side): Promise<KafkaTopicReader> {
    side.reader ??= KafkaTopicReader.open(this.#client, side.topic).catch((error) => {
      side.reader = undefined;
      throw error;
    });
    return side.reader;
  }

  #foreign(partition: number, found: EpochIdentity): Error {
    const { group, topic } = this.#options.source;
    return stateError(
      `group ${group} stands at ${describeCommitted(found)} for partition ${partition} of topic ${topic} ` +
        `on ${this.#client.place}, which is not in the checkpoint's log`,
      "the checkpoint is lost, old or another's, or another client uses the group: put the right checkpoint back, " +
        "give a group of its own with --group, or start over with `tidemark process --rebuild`; nothing was changed",
    );
  }
}
