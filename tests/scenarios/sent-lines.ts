/**
 * What `produce` must make of rating files, from the contract alone: which lines are sent, in which order, with which
 * key, to which partition. Slow and obvious; shares no code with `src`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRatingLine } from "../oracle/rating-line.ts";

/** The lines of a folder's files, in the order in which they are sent; bytes as latin-1 characters. */
export function sentLines(folder: string): string[] {
  const names = readdirSync(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.flatMap((name) => linesOf(readFileSync(join(folder, name), "latin1")));
}

/** Without a byte order mark, blank lines and line ends; without the first line, unless that is a rating. */
function linesOf(text: string): string[] {
  const lines = text
    .replace(/^\xef\xbb\xbf/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line !== "");
  const first = lines[0] ?? "";
  return parseRatingLine(Buffer.from(first, "latin1")) === undefined ? lines.slice(1) : lines;
}

/** The movie id that a valid line is keyed by. */
export function keyOf(line: string): string | undefined {
  const rating = parseRatingLine(Buffer.from(line, "latin1"));
  return rating === undefined ? undefined : String(rating.movieId);
}

/** Where Kafka's default partitioner puts a key: murmur2 of its bytes, the sign taken off, modulo the partitions. */
export function partitionOf(key: string, partitions: number): number {
  return Number(BigInt.asUintN(31, murmur2(Buffer.from(key)))) % partitions;
}

/** `org.apache.kafka.common.utils.Utils.murmur2`, in whole numbers of any size, cut to 32 bits after every step. */
export function murmur2(bytes: Uint8Array): bigint {
  const cut = (value: bigint) => BigInt.asUintN(32, value);
  const multiplier = 0x5bd1e995n;
  let hash = cut(0x9747b28cn ^ BigInt(bytes.length));
  const wholeBytes = bytes.length - (bytes.length % 4);
  for (let at = 0; at < wholeBytes; at += 4) {
    const word = [3, 2, 1, 0].reduce((value, byte) => value * 256n + BigInt(bytes[at + byte]), 0n);
    const mixed = cut(word * multiplier);
    hash = cut(cut(hash * multiplier) ^ cut((mixed ^ (mixed >> 24n)) * multiplier));
  }
  const rest = bytes.subarray(wholeBytes);
  if (rest.length > 0) {
    hash ^= [...rest].reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
    hash = cut(hash * multiplier);
  }
  hash = cut((hash ^ (hash >> 13n)) * multiplier);
  return BigInt.asIntN(32, hash ^ (hash >> 15n));
}
