/**
 * XXH32 with seed 0, the checksum inside of LZ4 frames. Pure; leaves alone what a wrong one means.
 */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

/** The checksum of `bytes` from `start` to `end`, as an unsigned number. */
export function xxh32(bytes: Uint8Array, start: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  let sum = PRIME_5 | 0;
  if (end - start >= STRIPE_BYTES) {
    let one = (PRIME_1 + PRIME_2) | 0;
    let two = PRIME_2 | 0;
    let three = 0;
    let four = -PRIME_1 | 0;
    for (; at <= end - STRIPE_BYTES; at += STRIPE_BYTES) {
      one = round(one, view.getInt32(at, true));
      two = round(two, view.getInt32(at + 4, true));
      three = round(three, view.getInt32(at + 8, true));
      four = round(four, view.getInt32(at + 12, true));
    }
    sum = (rotate(one, 1) + rotate(two, 7) + rotate(three, 12) + rotate(four, 18)) | 0;
  }
  sum = (sum + (end - start)) | 0;
  for (; at <= end - 4; at += 4) {
    sum = Math.imul(rotate((sum + Math.imul(view.getInt32(at, true), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < end; at++) sum = Math.imul(rotate((sum + Math.imul(bytes[at], PRIME_5)) | 0, 11), PRIME_1);
  sum = Math.imul(sum ^ (sum >>> 15), PRIME_2);
  sum = Math.imul(sum ^ (sum >>> 13), PRIME_3);
  return (sum ^ (sum >>> 16)) >>> 0;
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

const round = (sum: number, word: number): number =>
  Math.imul(rotate((sum + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
