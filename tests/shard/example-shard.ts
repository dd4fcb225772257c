/**
 * A shard of small rules to try things on: each day a window of its own, every movie titled. Shared by the tests that
 * show a shard by examples.
 */
import { ByteReader, joined } from "../../src/byte-stream.ts";
import { Shard } from "../../src/shard/shard.ts";
import type { ShardRules } from "../../src/shard/shard-rules.ts";
import type { ShardSurroundings } from "../../src/shard/shard-surroundings.ts";
import { recordBatch } from "./ratings-log.ts";

/** Starts of the 30-day windows that hold 2002-09-10 to 10-09, and 10-10 to 11-08, and their ends. */
export const SEPTEMBER = 1_031_616_000;
export const OCTOBER = 1_034_208_000;

export const RULES: ShardRules = {
  mode: "C",
  anomalyDays: 1,
  anomalyMinCount: 1,
  anomalyMinMean: 0,
  maxFutureMs: Number.POSITIVE_INFINITY,
  retainDays: Number.POSITIVE_INFINITY,
  maxMovies: 1_000_000,
  maxWindows: 1000,
};

export function makeShard(rules: Partial<ShardRules> = {}, surroundings: Partial<ShardSurroundings> = {}): Shard {
  const titleOf = (movieId: number) => `Title of ${movieId}`;
  return new Shard(0, { ...RULES, ...rules }, { titleOf, claimMovie: () => {}, ...surroundings });
}

/** Has the shard work through lines, as one batch at its offset. */
export function feed(shard: Shard, ...lines: string[]): boolean {
  shard.load(recordBatch(lines, shard.offset));
  return shard.work();
}

/** The shard that a restart makes of what one epoch noted. */
export function restarted(
  state: readonly Uint8Array[],
  rules: Partial<ShardRules> = {},
  surroundings: Partial<ShardSurroundings> = {},
) {
  const shard = makeShard(rules, surroundings);
  shard.restore(new ByteReader(joined(state)));
  return shard;
}

export const titles = (results: readonly { title: string }[]) => results.map(({ title }) => title);
