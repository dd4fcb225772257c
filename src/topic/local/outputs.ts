/**
 * The two embedded output topics of a `process`. An epoch is one batch on each topic that it has records for, so a
 * crash leaves an epoch on a topic whole or not at all; `missing` finds out which, and `apply` adds only what is not
 * there. Leaves to the pipeline that epochs come in order.
 */
import { type Epoch, type EpochIdentity, type RatingsSource, sameEpoch } from "../../epoch.ts";
import { assert } from "../../errors.ts";
import { BatchBuilder } from "../batch-builder.ts";
import type { CutTail, OutputEnds, OutputTopics, UnconfirmedEpochs } from "../contract.ts";
import { addOutputRecords, type OutputSide } from "../output-batch.ts";
import { checkOutputEnd, findStandingEpochs, type OutputTopic, putsOn } from "../output-tail.ts";
import { LocalTopicReader } from "./reader.ts";
import { LocalTopicWriter } from "./writer.ts";

/** One of the two topics, and what of an epoch under way stands on it already. */
interface Side extends OutputTopic {
  readonly home: string;
  readonly standing: Map<number, EpochIdentity[]>;
  writer: LocalTopicWriter | undefined;
}

export class LocalOutputs implements OutputTopics {
  readonly #holder: string;
  readonly #now: () => number;
  readonly #anomalies: Side;
  readonly #rejected: Side;
  /** An epoch is one batch, however large its outputs are. */
  readonly #builder = new BatchBuilder();
  #appends: Promise<unknown> = Promise.resolve();

  /**
   * `holder` names this process for others who want to write the topics; `now`, in milliseconds since 1970-01-01 UTC,
   * gives the records their timestamps.
   */
  constructor(
    home: string,
    anomalyTopic: string,
    rejectedTopic: string,
    source: RatingsSource,
    holder: string,
    now: () => number,
  ) {
    const side = (name: OutputSide, topic: string): Side => {
      return { home, topic, place: `in ${home}`, side: name, source, standing: new Map(), writer: undefined };
    };
    this.#holder = holder;
    this.#now = now;
    this.#anomalies = side("anomalies", anomalyTopic);
    this.#rejected = side("rejected", rejectedTopic);
  }

  get cut(): readonly CutTail[] {
    return this.#sides.flatMap(({ writer }) => writer?.cut ?? []);
  }

  async standings(): Promise<Map<number, EpochIdentity>> {
    return new Map();
  }

  async compare(log: readonly UnconfirmedEpochs[]): Promise<void> {
    for (const side of this.#sides) await standingEpochs(side, log);
  }

  async fence(): Promise<void> {
    for (const side of this.#sides) side.writer ??= await LocalTopicWriter.open(side.home, side.topic, this.#holder);
  }

  async missing(log: readonly UnconfirmedEpochs[]): Promise<Map<number, Epoch[]>> {
    for (const side of this.#sides) {
      side.standing.clear();
      for (const [partition, found] of await standingEpochs(side, log)) side.standing.set(partition, found);
    }
    // What a killed process wrote may not be durable yet; an epoch that is not missing has to be.
    await this.#flush();
    const lacks = (epoch: Epoch) => this.#sides.some((side) => putsOn(side.side, epoch) && !stands(side, epoch));
    return new Map(log.map(({ partition, epochs }) => [partition, epochs.filter(lacks)]));
  }

  async apply(epochs: readonly Epoch[], inTable?: Promise<void>): Promise<void> {
    await inTable;
    // Shards may apply at the same time: they share the builder, and an fsync then serves them all.
    const appended = this.#appends.then(async () => {
      for (const epoch of epochs) {
        for (const side of this.#sides) if (!stands(side, epoch)) await this.#append(side, epoch);
      }
    });
    this.#appends = appended.catch(() => {});
    await appended;
    await this.#flush();
    for (const { partition, identity } of epochs) {
      for (const { standing } of this.#sides) {
        const left = standing.get(partition)?.filter((standing) => !sameEpoch(standing, identity)) ?? [];
        standing.set(partition, left);
      }
    }
  }

  async ends(): Promise<OutputEnds> {
    return { anomalies: await endOf(this.#anomalies), rejected: await endOf(this.#rejected) };
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#sides.map(({ writer }) => writer?.close()));
    for (const side of this.#sides) side.writer = undefined;
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  get #sides(): readonly Side[] {
    return [this.#anomalies, this.#rejected];
  }

  async #append(side: Side, epoch: Epoch): Promise<void> {
    const { writer, source } = side;
    assert(writer !== undefined, "epochs are applied after fence");
    addOutputRecords(this.#builder, side.side, source, epoch);
    const { count } = this.#builder;
    if (count === 0) return;
    await writer.append(0, this.#builder.finish(this.#now()), count);
    const standing = side.standing.get(epoch.partition) ?? [];
    side.standing.set(epoch.partition, [...standing, epoch.identity]);
  }

  async #flush(): Promise<void> {
    await Promise.all(this.#sides.map(({ writer }) => writer?.flush()));
  }
}

function stands({ standing }: Side, epoch: Epoch): boolean {
  return standing.get(epoch.partition)?.some((identity) => sameEpoch(identity, epoch.identity)) ?? false;
}

async function standingEpochs(side: Side, log: readonly UnconfirmedEpochs[]): Promise<Map<number, EpochIdentity[]>> {
  return withReader(side, async (reader) => {
    const { end } = await reader.bounds(0);
    checkOutputEnd(side, log, end);
    // Nothing here is ever hidden.
    return findStandingEpochs(side, { reader, end, onWait: () => {} }, log);
  });
}

async function endOf(side: Side): Promise<number> {
  return side.writer?.end(0) ?? withReader(side, async (reader) => (await reader.bounds(0)).end);
}

async function withReader<T>({ home, topic }: Side, work: (reader: LocalTopicReader) => Promise<T>): Promise<T> {
  const reader = await LocalTopicReader.open(home, topic);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}
