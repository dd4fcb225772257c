/**
 * The partition of a key as Kafka's default partitioner has it: murmur2 of the key's bytes, made positive, modulo the
 * number of partitions (`org.apache.kafka.common.utils.Utils.murmur2`, KIP-480), so that other clients agree.
 */
const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const SHIFT = 24;

/** Murmur2 of `bytes` from `start` up to, not including, `end`: a signed 32-bit number. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> SHIFT;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  const rest = end - at;
  if (rest >= 3) hash ^= bytes[at + 2] << 16;
  if (rest >= 2) hash ^= bytes[at + 1] << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at], MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

export function partitionOfKey(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(bytes, start, end) & 0x7fffffff) % partitions;
}
