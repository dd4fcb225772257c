/**
 * LZ4 frames (lz4_Frame_format.md), as Kafka's clients write them into record batches. Reads all of the format but
 * dictionaries: any block size, linked blocks, block and content checksums (both checked), content size. Writes what
 * Java's client does: independent blocks of 64 KiB without checksums, for it takes no linked ones.
 */
import { release } from "../../released.ts";
import { decodeBlock, encodeBlock, encodedBytesMax } from "./lz4-block.ts";
import { xxh32 } from "./xxh32.ts";

const MAGIC = 0x184d2204;
const MAGIC_BYTES = 4;
/** The smallest frame header: magic, flags, block size, checksum. */
const HEADER_BYTES = 7;
const CONTENT_SIZE_BYTES = 8;
const WORD_BYTES = 4;

const VERSION_MASK = 0xc0;
const VERSION_1 = 0x40;
const INDEPENDENT_BLOCKS = 0x20;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;

/** Bit of a block's length that says that the block was left as it is. */
const PLAIN_BLOCK = 0x80000000;
/** Block sizes by the number in the header: 4 is 64 KiB, each next four times as much. */
const BLOCK_SIZE_MIN = 4;
const BLOCK_SIZE_MAX = 7;
const BLOCK_BYTES = 64 * 1024;

/** The frames hold more than the reader allows; anything else that is wrong with them is a plain Error. */
export class Lz4TooLarge extends Error {}

/** What the frames in `bytes` hold: at most `limit` bytes. */
export function decodeFrames(bytes: Uint8Array, limit: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let out = new Uint8Array(Math.min(limit, bytes.length * 4));
  let written = 0;
  /** Frees room for a block, but no more than the limit: a block may be smaller than it says it could be. */
  const reserve = (block: number): number => {
    const end = Math.min(written + block, limit);
    if (end > out.length) {
      const grown = new Uint8Array(Math.min(limit, Math.max(end, out.length * 2)));
      grown.set(out.subarray(0, written));
      release(out);
      out = grown;
    }
    return end;
  };

  let at = 0;
  do {
    const frame = readHeader(bytes, view, at);
    const contentFrom = written;
    at = frame.end;
    for (;;) {
      const word = wordAt(view, at);
      at += WORD_BYTES;
      if (word === 0) break;
      const length = word & ~PLAIN_BLOCK;
      const end = at + length;
      if (length > frame.blockBytes || end > bytes.length) throw new Error("a block is longer than it may be");
      if (frame.blockChecksum && wordAt(view, end) !== xxh32(bytes, at, end)) throw new Error("a wrong block checksum");
      const outEnd = reserve(frame.blockBytes);
      if ((word & PLAIN_BLOCK) === 0) {
        written = decodeWithin(bytes, at, end, out, written, outEnd, outEnd - written < frame.blockBytes);
      } else {
        if (length > outEnd - written) throw new Lz4TooLarge();
        out.set(bytes.subarray(at, end), written);
        written += length;
      }
      at = end + (frame.blockChecksum ? WORD_BYTES : 0);
    }
    if (frame.contentChecksum) {
      if (wordAt(view, at) !== xxh32(out, contentFrom, written)) throw new Error("a wrong content checksum");
      at += WORD_BYTES;
    }
    if (frame.contentBytes !== undefined && frame.contentBytes !== written - contentFrom) {
      throw new Error("a content size that is not the content's");
    }
  } while (at < bytes.length);
  return out.subarray(0, written);
}

/** Where room ends at the limit rather than at the block's size, a block that needs more is too large, not damaged. */
function decodeWithin(
  bytes: Uint8Array,
  at: number,
  end: number,
  out: Uint8Array,
  written: number,
  outEnd: number,
  atLimit: boolean,
): number {
  try {
    return decodeBlock(bytes, at, end, out, written, outEnd);
  } catch (error) {
    throw atLimit ? new Lz4TooLarge() : error;
  }
}

function readHeader(bytes: Uint8Array, view: DataView, at: number) {
  if (at + HEADER_BYTES > bytes.length || view.getUint32(at, true) !== MAGIC) throw new Error("no LZ4 frame");
  const flags = bytes[at + MAGIC_BYTES];
  const blockSize = bytes[at + MAGIC_BYTES + 1] >>> 4;
  if ((flags & VERSION_MASK) !== VERSION_1) throw new Error("an unknown version");
  if ((flags & DICTIONARY) !== 0) throw new Error("a dictionary is needed");
  if (blockSize < BLOCK_SIZE_MIN || blockSize > BLOCK_SIZE_MAX) throw new Error("an unknown block size");
  const sized = (flags & CONTENT_SIZE) !== 0;
  const checksumAt = at + HEADER_BYTES - 1 + (sized ? CONTENT_SIZE_BYTES : 0);
  if (checksumAt >= bytes.length) throw new Error("a frame is cut short");
  if (bytes[checksumAt] !== headerChecksum(bytes, at + MAGIC_BYTES, checksumAt)) {
    throw new Error("a wrong header checksum");
  }
  return {
    end: checksumAt + 1,
    blockBytes: BLOCK_BYTES * 4 ** (blockSize - BLOCK_SIZE_MIN),
    blockChecksum: (flags & BLOCK_CHECKSUM) !== 0,
    contentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
    contentBytes: sized ? Number(view.getBigUint64(at + HEADER_BYTES - 1, true)) : undefined,
  };
}

/** One frame that holds `bytes`. */
export function encodeFrame(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const perBlock = WORD_BYTES + encodedBytesMax(BLOCK_BYTES);
  const out = new Uint8Array(HEADER_BYTES + blocks * perBlock + WORD_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  out[MAGIC_BYTES] = VERSION_1 | INDEPENDENT_BLOCKS;
  out[MAGIC_BYTES + 1] = BLOCK_SIZE_MIN << 4;
  out[HEADER_BYTES - 1] = headerChecksum(out, MAGIC_BYTES, HEADER_BYTES - 1);
  let written = HEADER_BYTES;
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const end = Math.min(from + BLOCK_BYTES, bytes.length);
    const start = written + WORD_BYTES;
    let length = encodeBlock(bytes, from, end, out, start) - start;
    if (length >= end - from) {
      length = end - from;
      out.set(bytes.subarray(from, end), start);
      view.setUint32(written, length + PLAIN_BLOCK, true);
    } else {
      view.setUint32(written, length, true);
    }
    written = start + length;
  }
  // The end mark: a block that was tried and then left plain may have written here.
  view.setUint32(written, 0, true);
  return out.subarray(0, written + WORD_BYTES);
}

const headerChecksum = (bytes: Uint8Array, start: number, end: number): number =>
  (xxh32(bytes, start, end) >>> 8) & 0xff;

function wordAt(view: DataView, at: number): number {
  if (at + WORD_BYTES > view.byteLength) throw new Error("a frame is cut short");
  return view.getUint32(at, true);
}
