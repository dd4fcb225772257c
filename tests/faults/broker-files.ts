/**
 * What a test's own broker holds, read from its segment files: no client stands between, so nothing is waited for, and
 * an unfinished transaction is seen as one. Batches as Kafka's protocol guide lists them; shares nothing with `src`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readBatches, type StoredRecord } from "../scenarios/stored-records.ts";

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Version 0, type 1: the marker that commits. */
const COMMIT_KEY = "\0\0\0\u0001";

export function holdsPartition(data: string, topic: string, partition: number): boolean {
  return existsSync(join(data, `${topic}-${partition}`));
}

/** All bytes of a partition, as the broker has written them. */
export function partitionBytes(data: string, topic: string, partition: number): Buffer {
  const folder = join(data, `${topic}-${partition}`);
  if (!holdsPartition(data, topic, partition)) throw new Error(`the broker has no ${topic}-${partition}`);
  const segments = readdirSync(folder).filter((name) => name.endsWith(".log"));
  return Buffer.concat(segments.sort().map((name) => readFileSync(join(folder, name))));
}

/**
 * The records that readers of committed ones see; undefined while a transaction is under way, or a batch half written.
 * A broker writes a transaction's marker soon after it has confirmed its end.
 */
export function committedRecords(data: string, topic: string, partition: number): StoredRecord[] | undefined {
  const bytes = partitionBytes(data, topic, partition);
  const records: StoredRecord[] = [];
  const open = new Map<bigint, StoredRecord[]>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 12 + (at + 12 > bytes.length ? 0 : bytes.readInt32BE(at + 8));
    if (end > bytes.length || end === at + 12) return undefined;
    const batch = readBatches(bytes.subarray(at, end));
    const [attributes, producer] = [bytes.readInt16BE(at + 21), bytes.readBigInt64BE(at + 43)];
    if ((attributes & CONTROL) !== 0) {
      if (batch[0].key === COMMIT_KEY) records.push(...(open.get(producer) ?? []));
      open.delete(producer);
    } else if ((attributes & TRANSACTIONAL) !== 0) {
      open.set(producer, [...(open.get(producer) ?? []), ...batch]);
    } else {
      records.push(...batch);
    }
    at = end;
  }
  // In the order in which they were committed; readers see them in that of their offsets.
  return open.size > 0 ? undefined : records.sort((a, b) => a.offset - b.offset);
}
