/**
 * The records of an embedded topic, read from its files field by field as Kafka's protocol guide lists them (record
 * batch v2, uncompressed), with no thought of speed; shares nothing with `src`. Trusts every byte: checking is not its
 * business.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface StoredRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The topic's records by partition. */
export function readTopic(folder: string): StoredRecord[][] {
  const partitions = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  return partitions.map((_, partition) => {
    const path = join(folder, String(partition));
    const segments = readdirSync(path).filter((name) => name.endsWith(".log"));
    return segments.sort().flatMap((name) => readBatches(readFileSync(join(path, name))));
  });
}

/** The records of whole batches, one behind the other. */
export function readBatches(bytes: Buffer): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const baseOffset = Number(bytes.readBigInt64BE(at));
    const baseTimestampMs = Number(bytes.readBigInt64BE(at + 27));
    const recordCount = bytes.readInt32BE(at + 57);
    const fields = new Fields(bytes, at + 61);
    for (let index = 0; index < recordCount; index++) {
      const recordBytes = fields.varint();
      const end = fields.at + recordBytes;
      fields.at += 1; // attributes
      const timestampMs = baseTimestampMs + fields.varint();
      const offset = baseOffset + fields.varint();
      const key = fields.bytes()?.toString() ?? null;
      const value = fields.bytes();
      const headers: Record<string, string> = {};
      for (let left = fields.varint(); left > 0; left--) headers[String(fields.bytes())] = String(fields.bytes());
      if (fields.at !== end) throw new Error(`record ${offset} does not fit its length`);
      records.push({ offset, timestampMs, key, value, headers });
    }
    at += 12 + bytes.readInt32BE(at + 8);
  }
  return records;
}

/** Reads one field after the other. */
class Fields {
  at: number;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.at = at;
  }

  /** Seven bits a byte, lowest first; zigzag. */
  varint(): number {
    let raw = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#buffer[this.at++];
      raw += (byte % 128) * scale;
      if (byte < 128) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
  }

  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    return this.#buffer.subarray(this.at - length, this.at);
  }
}
