/**
 * Reads an embedded topic, beside its living writer or without one, in any number of processes. Sees a batch as soon
 * as it stands in the file whole, before it is durable; `sync` makes durable what was seen. Changes no file.
 */
import type { Bounds, Slice, TopicReader } from "../contract.ts";
import { PartitionReader } from "./partition-reader.ts";
import { openTopicFolder, partitionPath } from "./topic-folder.ts";

/** How often a file is looked at while waiting for more: half of the contract's 50 ms, less the time it takes. */
const POLL_INTERVAL_MS = 20;

export class LocalTopicReader implements TopicReader {
  readonly topic: string;
  readonly #partitions: readonly PartitionReader[];

  private constructor(topic: string, partitions: readonly PartitionReader[]) {
    this.topic = topic;
    this.#partitions = partitions;
  }

  /** Exit 2 where the home holds no such topic. */
  static async open(home: string, topic: string): Promise<LocalTopicReader> {
    const folder = await openTopicFolder(home, topic);
    const partitions: PartitionReader[] = [];
    try {
      for (let partition = 0; partition < folder.partitions; partition++) {
        const name = `partition ${partition} of topic ${topic} in ${home}`;
        partitions.push(await PartitionReader.open(name, partitionPath(folder.path, partition)));
      }
    } catch (error) {
      await closeAll(partitions);
      throw error;
    }
    return new LocalTopicReader(topic, partitions);
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  /** No topic here gets more. */
  async partitionsNow(): Promise<number> {
    return this.partitions;
  }

  bounds(partition: number): Promise<Bounds> {
    return this.#partitions[partition].bounds();
  }

  read(partition: number, offset: number, maxBytes: number): Promise<Slice> {
    return this.#partitions[partition].read(offset, maxBytes);
  }

  async waitForMore(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#partitions[partition].hasMoreThan(offset))) {
      await pause(POLL_INTERVAL_MS, signal);
    }
  }

  async sync(): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.sync()));
  }

  async close(): Promise<void> {
    await closeAll(this.#partitions);
  }
}

async function closeAll(partitions: readonly PartitionReader[]): Promise<void> {
  await Promise.all(partitions.map((partition) => partition.close()));
}

/** Resolves after `ms`, or when the signal aborts; leaves neither a timer nor a listener behind. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
