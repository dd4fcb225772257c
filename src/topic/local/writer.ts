/**
 * Writes an embedded topic: the only writer, by a lock that the kernel drops when its holder dies. Readers see each
 * batch as soon as it is written; it is durable after `flush`.
 */
import { FileLock } from "../../disk/file-lock.ts";
import type { CutTail, TopicWriter } from "../contract.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { SEGMENT_BYTES_MAX } from "./segment.ts";
import { openTopicFolder, partitionPath, writeLockPath } from "./topic-folder.ts";

export interface LocalTopicWriterOptions {
  /** See `SEGMENT_BYTES_MAX`. */
  readonly segmentBytesMax?: number;
}

export class LocalTopicWriter implements TopicWriter {
  readonly #lock: FileLock;
  readonly #partitions: readonly PartitionWriter[];

  private constructor(lock: FileLock, partitions: readonly PartitionWriter[]) {
    this.#lock = lock;
    this.#partitions = partitions;
  }

  /** `holder` names this process to others who want to write. Exit 2 without the topic, exit 4 while another writes. */
  static async open(
    home: string,
    topic: string,
    holder: string,
    { segmentBytesMax = SEGMENT_BYTES_MAX }: LocalTopicWriterOptions = {},
  ): Promise<LocalTopicWriter> {
    const { path } = await openTopicFolder(home, topic);
    const lock = FileLock.acquire(writeLockPath(path), `the topic ${topic} in ${home}`, holder);
    const partitions: PartitionWriter[] = [];
    try {
      // Again: the topic may have been removed before the lock was there.
      const folder = await openTopicFolder(home, topic);
      for (let partition = 0; partition < folder.partitions; partition++) {
        partitions.push(await PartitionWriter.open(partitionPath(folder.path, partition), partition, segmentBytesMax));
      }
    } catch (error) {
      await closeAll(partitions);
      lock.release();
      throw error;
    }
    return new LocalTopicWriter(lock, partitions);
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  get cut(): readonly CutTail[] {
    return this.#partitions.flatMap((partition) => partition.cut ?? []);
  }

  /** The offset after the last record that was appended to the partition. */
  end(partition: number): number {
    return this.#partitions[partition].offset;
  }

  append(partition: number, batch: Uint8Array, recordCount: number): Promise<void> {
    return this.#partitions[partition].append(batch, recordCount);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.flush()));
  }

  async close(): Promise<void> {
    try {
      await closeAll(this.#partitions);
    } finally {
      this.#lock.release();
    }
  }
}

async function closeAll(partitions: readonly PartitionWriter[]): Promise<void> {
  const results = await Promise.allSettled(partitions.map((partition) => partition.close()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
