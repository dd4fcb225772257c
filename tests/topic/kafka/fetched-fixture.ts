/** Batches as a broker may send them, compressed or of transactions, and what a reader sees of them. */
import { expect } from "bun:test";
import { compress } from "../../../src/topic/kafka/compression.ts";
import { batchFault, readBatchHeader } from "../../../src/topic/record-batch.ts";
import { recordsOf } from "../../../src/topic/record-cursor.ts";
import { type NaiveBatch, naiveBatch, naiveCrc32c } from "../naive-batch.ts";

export const SOURCE = "partition 3 of topic ratings";
export const HEADER_BYTES = 61;
export const CRC_AT = 17;
export const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

export const bytesOf = (text: string) => new TextEncoder().encode(text);

export const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

export const valuesOf = (count: number, name = "value") =>
  Array.from({ length: count }, (_, index) => ({ key: null, value: bytesOf(`${name} ${index}`) }));

/** A batch whose records are compressed after they were written down, with its new length and checksum. */
export function batchOf(batch: NaiveBatch, codec = 0): Uint8Array {
  const plain = naiveBatch({ ...batch, attributes: (batch.attributes ?? 0) | codec });
  const bytes = joined(plain.subarray(0, HEADER_BYTES), compress(codec, plain.subarray(HEADER_BYTES)));
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  view.setUint32(CRC_AT, naiveCrc32c(bytes, 21, bytes.length));
  return bytes;
}

export function marker(type: "abort" | "commit", producerId: number, baseOffset: number): Uint8Array {
  const records = [{ key: Uint8Array.of(0, 0, 0, type === "abort" ? 0 : 1), value: new Uint8Array(6) }];
  return naiveBatch({ records, producerId, baseOffset, attributes: TRANSACTIONAL | CONTROL });
}

/** Every value with its offset, of batches that are all right. */
export function seen(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readBatchHeader(bytes, at);
    expect(batchFault(bytes, header)).toBeUndefined();
    expect(header.control).toBe(false);
    for (const { offset, value } of recordsOf(bytes, header))
      found.push(`${offset} ${new TextDecoder().decode(value ?? undefined)}`);
    at += header.bytes;
  }
  return found;
}
