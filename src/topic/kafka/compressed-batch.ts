/**
 * Record batches there and back: as a producer without compression would write them, and with their records compressed.
 * Header and records say the same either way; length, attributes and CRC are set anew.
 */
import { release } from "../../released.ts";
import {
  ATTRIBUTES_AT,
  BATCH_CRC_AT,
  BATCH_CRC_FROM,
  BATCH_FRAME_BYTES,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  COMPRESSION_MASK,
} from "../batch-layout.ts";
import { crc32c } from "../crc32c.ts";
import { compress, decompress } from "./compression.ts";

/** Less may lie in a pool that a runtime has for small buffers, of 8 KiB. */
const OWN_BYTES_MIN = 64 * 1024;

/** A batch that is not compressed, with the codec; as it is where that would not make it smaller. */
export function compressBatch(batch: Uint8Array, codec: number): Uint8Array {
  if (codec === 0) return batch;
  const records = compress(codec, batch.subarray(BATCH_HEADER_BYTES));
  return BATCH_HEADER_BYTES + records.length < batch.length ? withRecords(batch, records, codec) : batch;
}

/** A batch of that codec; `what` names it in messages. Damage, and what is too large, are exit 4. */
export function decompressBatch(batch: Uint8Array, codec: number, what: string): Uint8Array {
  const records = decompress(codec, batch.subarray(BATCH_HEADER_BYTES), what);
  const decompressed = withRecords(batch, records, 0);
  if (records.length >= OWN_BYTES_MIN) release(records);
  return decompressed;
}

function withRecords(batch: Uint8Array, records: Uint8Array, codec: number): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + records.length);
  bytes.set(batch.subarray(0, BATCH_HEADER_BYTES));
  bytes.set(records, BATCH_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(BATCH_LENGTH_AT, bytes.length - BATCH_FRAME_BYTES);
  view.setInt16(ATTRIBUTES_AT, (view.getInt16(ATTRIBUTES_AT) & ~COMPRESSION_MASK) | codec);
  view.setUint32(BATCH_CRC_AT, crc32c(bytes, BATCH_CRC_FROM, bytes.length));
  return bytes;
}
