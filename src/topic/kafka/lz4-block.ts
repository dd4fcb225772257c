/**
 * One block of LZ4 (lz4_Block_format.md), in and out of buffers that the caller owns. Promises that damaged input
 * reads and writes nothing outside of the bounds given, and that what it writes every decoder takes. Frames around
 * blocks are `lz4-frame.ts`. Why our own: lz4js 0.2.0 takes damage in silence and writes blocks that liblz4 refuses.
 */
const MATCH_BYTES_MIN = 4;
const OFFSET_MAX = 65_535;
/** Both are rules of the format: the last bytes are literals, and no match begins nearer to the end. */
const LAST_LITERALS = 5;
const MATCH_START_MARGIN = 12;
/** What four bits of a token hold; this value says that more bytes of length follow. */
const NIBBLE_MAX = 15;
const HASH_BITS = 14;
/** Knuth's multiplier, 2^32 divided by the golden ratio. */
const HASH_MULTIPLIER = 0x9e3779b1;
/** After 2 to this power misses in a row the search steps further, to pass random bytes quickly. */
const SKIP_BITS = 6;

const positions = new Int32Array(1 << HASH_BITS);

/** Decodes `from` to `end` of `source` into `out` at `at`, never past `outEnd`; gives the end of what it wrote. */
export function decodeBlock(
  source: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  at: number,
  outEnd: number,
): number {
  let read = from;
  let written = at;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble < NIBBLE_MAX) return sum;
    for (let more = 255; more === 255; sum += more) {
      if (read >= end) throw new Error("a length is cut short");
      more = source[read++];
    }
    return sum;
  };
  while (read < end) {
    const token = source[read++];
    const literals = length(token >>> 4);
    if (literals > end - read || literals > outEnd - written) throw new Error("literals are longer than the block");
    copy(source, read, out, written, literals);
    read += literals;
    written += literals;
    if (read === end) return written;
    if (end - read < 2) throw new Error("an offset is cut short");
    const offset = source[read] | (source[read + 1] << 8);
    read += 2;
    const match = length(token & NIBBLE_MAX) + MATCH_BYTES_MIN;
    if (offset === 0 || offset > written) throw new Error("a match points before the data");
    if (match > outEnd - written) throw new Error("a match is longer than the block");
    copy(out, written - offset, out, written, match);
    written += match;
  }
  throw new Error("a block does not end with literals");
}

/** The most bytes that a block of `bytes` bytes can become. */
export const encodedBytesMax = (bytes: number): number => bytes + Math.ceil(bytes / 255) + 16;

/** Encodes `from` to `end` of `source` into `out` at `at`, where `encodedBytesMax` are free; gives the end. */
export function encodeBlock(source: Uint8Array, from: number, end: number, out: Uint8Array, at: number): number {
  let written = at;
  const putLength = (value: number) => {
    let rest = value - NIBBLE_MAX;
    if (rest < 0) return;
    for (; rest >= 255; rest -= 255) out[written++] = 255;
    out[written++] = rest;
  };
  const putLiterals = (start: number, count: number, matchNibble: number) => {
    out[written++] = (Math.min(count, NIBBLE_MAX) << 4) | matchNibble;
    putLength(count);
    copy(source, start, out, written, count);
    written += count;
  };

  // Positions are kept one higher, so that 0 says "none".
  positions.fill(0);
  let literalsFrom = from;
  let misses = 0;
  for (let place = from; place <= end - MATCH_START_MARGIN; ) {
    const word = wordAt(source, place);
    const slot = Math.imul(word, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
    const earlier = positions[slot] - 1;
    positions[slot] = place + 1;
    if (earlier < from || place - earlier > OFFSET_MAX || wordAt(source, earlier) !== word) {
      place += 1 + (misses++ >>> SKIP_BITS);
      continue;
    }
    misses = 0;
    let match = MATCH_BYTES_MIN;
    while (place + match < end - LAST_LITERALS && source[earlier + match] === source[place + match]) match++;
    putLiterals(literalsFrom, place - literalsFrom, Math.min(match - MATCH_BYTES_MIN, NIBBLE_MAX));
    out[written++] = (place - earlier) & 0xff;
    out[written++] = (place - earlier) >>> 8;
    putLength(match - MATCH_BYTES_MIN);
    place += match;
    literalsFrom = place;
  }
  putLiterals(literalsFrom, end - literalsFrom, 0);
  return written;
}

/** Byte by byte and forwards: a match may overlap what it writes, and most are too short for a call to pay. */
function copy(source: Uint8Array, from: number, out: Uint8Array, at: number, bytes: number): void {
  for (let index = 0; index < bytes; index++) out[at + index] = source[from + index];
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
