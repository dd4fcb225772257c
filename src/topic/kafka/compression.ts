/**
 * The codecs of Kafka's record batches, by the number in a batch's attributes. Promises that whatever Java's client
 * writes is read, that decompressed bytes have a limit, and that damaged data is exit 4. gzip and zstd are node:zlib's,
 * snappy's blocks a library's (with Java's framing around them here), lz4 is `lz4-frame.ts`.
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { decompress as decodeSnappy, decompressedLength, compress as encodeSnappy } from "@stablelib/snappy";
import { joined } from "../../byte-stream.ts";
import { assert, systemErrorCode } from "../../errors.ts";
import { BATCH_HEADER_BYTES } from "../batch-layout.ts";
import { DamagedBatch } from "../contract.ts";
import { BATCH_BYTES_MAX } from "../record-batch.ts";
import { decodeFrames, encodeFrame, Lz4TooLarge } from "./lz4-frame.ts";

/** Codecs as Kafka's producers name them; a name's place is its number in a batch's attributes. */
export const COMPRESSION_NAMES = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

/** What a batch becomes must itself be a batch that is not too large: 128 MiB with its header. */
export const DECOMPRESSED_BYTES_MAX = BATCH_BYTES_MAX - BATCH_HEADER_BYTES;

/** Framing of snappy-java (xerial): a magic, two version numbers, then blocks, each behind its length. */
const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0);
const XERIAL_HEADER_BYTES = 16;
const XERIAL_VERSION = 1;
const XERIAL_BLOCK_BYTES = 32 * 1024;
const LENGTH_BYTES = 4;

class SnappyTooLarge extends Error {}

/** Decompresses the records of a batch; `what` names them in messages. Damage, and what is too large, are exit 4. */
export function decompress(codec: number, bytes: Uint8Array, what = "a record batch"): Uint8Array {
  try {
    switch (COMPRESSION_NAMES[codec]) {
      case "none":
        return bytes;
      case "gzip":
        return gunzipSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX });
      case "snappy":
        return decompressSnappy(bytes);
      case "lz4":
        return decodeFrames(bytes, DECOMPRESSED_BYTES_MAX);
      case "zstd":
        return zstdDecompressSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX });
    }
  } catch (error) {
    throw refusal(codec, what, error);
  }
  throw new DamagedBatch(
    `${what} is compressed with the unknown codec ${codec}`,
    `known are ${COMPRESSION_NAMES.slice(1).join(", ")}; a newer Tidemark may know it`,
  );
}

/** Compresses the records of a batch. */
export function compress(codec: number, bytes: Uint8Array): Uint8Array {
  switch (COMPRESSION_NAMES[codec]) {
    case "none":
      return bytes;
    case "gzip":
      return gzipSync(bytes);
    case "snappy":
      return compressSnappy(bytes);
    case "lz4":
      return encodeFrame(bytes);
    case "zstd":
      return zstdCompressSync(bytes);
  }
  assert(false, `codec ${codec} is known`);
}

function refusal(codec: number, what: string, cause: unknown): DamagedBatch {
  const name = COMPRESSION_NAMES[codec];
  const tooLarge =
    cause instanceof Lz4TooLarge ||
    cause instanceof SnappyTooLarge ||
    systemErrorCode(cause) === "ERR_BUFFER_TOO_LARGE";
  if (tooLarge) {
    return new DamagedBatch(
      `${what}, compressed with ${name}, holds more than ${DECOMPRESSED_BYTES_MAX} bytes`,
      "let its producer write smaller batches (batch.size); the topic cannot be read past it",
      cause,
    );
  }
  return new DamagedBatch(
    `${what} cannot be decompressed: its ${name} data is damaged`,
    "the batch's checksum is right, so its producer wrote it so; the topic cannot be read past it",
    cause,
  );
}

function decompressSnappy(bytes: Uint8Array): Uint8Array {
  if (!XERIAL_MAGIC.every((byte, at) => bytes[at] === byte)) {
    // Producers that are not Java's write one block without a frame.
    if (decompressedLength(bytes) > DECOMPRESSED_BYTES_MAX) throw new SnappyTooLarge();
    return decodeSnappy(bytes);
  }
  const blocks: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    if (start > bytes.length) throw new Error("a block's length is cut short");
    const end = start + view.getUint32(at);
    if (end > bytes.length) throw new Error("a block is cut short");
    const block = bytes.subarray(start, end);
    total += decompressedLength(block);
    if (total > DECOMPRESSED_BYTES_MAX) throw new SnappyTooLarge();
    blocks.push(decodeSnappy(block));
    at = end;
  }
  return joined(blocks);
}

function compressSnappy(bytes: Uint8Array): Uint8Array {
  const header = new Uint8Array(XERIAL_HEADER_BYTES);
  header.set(XERIAL_MAGIC);
  new DataView(header.buffer).setInt32(XERIAL_MAGIC.length, XERIAL_VERSION);
  new DataView(header.buffer).setInt32(XERIAL_MAGIC.length + LENGTH_BYTES, XERIAL_VERSION);
  const parts: Uint8Array[] = [header];
  for (let from = 0; from < bytes.length; from += XERIAL_BLOCK_BYTES) {
    const block = encodeSnappy(bytes.subarray(from, from + XERIAL_BLOCK_BYTES));
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setInt32(0, block.length);
    parts.push(length, block);
  }
  return joined(parts);
}
