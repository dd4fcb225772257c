/** What becomes of epochs on their way when a side fails, while another has not answered yet. */
import { expect, test } from "bun:test";
import type { ShardLog } from "../../src/checkpoint/contract.ts";
import type { Epoch } from "../../src/epoch.ts";
import { EPOCHS_UNCONFIRMED_MAX, EpochPipeline } from "../../src/process/epoch-pipeline.ts";
import { Shard } from "../../src/shard/shard.ts";
import type { ResultTable } from "../../src/table/contract.ts";
import type { OutputTopics } from "../../src/topic/contract.ts";

const RULES = {
  mode: "C",
  anomalyDays: 1,
  anomalyMinCount: 1,
  anomalyMinMean: 4,
  maxFutureMs: Number.POSITIVE_INFINITY,
  retainDays: Number.POSITIVE_INFINITY,
  maxMovies: 10,
  maxWindows: 10,
} as const;

test("a table that refuses an epoch ends the wait for room, although brokers owe an answer", async () => {
  const refused = Promise.withResolvers<void>();
  const table = { apply: (_: string, { identity }: Epoch) => (identity.number === 1 ? undefined : refused.promise) };
  const outputs = { apply: () => new Promise<never>(() => {}) };
  const pipeline = new EpochPipeline({
    table: table as unknown as ResultTable,
    outputs: outputs as unknown as OutputTopics,
    syncRatings: async () => {},
    owner: "owner",
    now: () => 0,
  });
  const log = { partition: 0, last: { run: "run", owner: "owner", number: 0 }, append: async () => {} };
  const shard = new Shard(0, RULES, { titleOf: () => undefined, claimMovie: () => {} });
  const submit = () => pipeline.submit(shard, log as unknown as ShardLog);
  for (let epoch = 1; epoch <= EPOCHS_UNCONFIRMED_MAX; epoch++) await submit();
  const waiting = submit();
  refused.reject(new Error("the table refuses"));
  await expect(waiting).rejects.toThrow("the table refuses");
});
