/**
 * The comparison: Tidemark beside engines that do the same job and tools that only read or write, all in one run on one
 * machine; writes `bench/RESULTS.md`. Starts a broker and a PostgreSQL server of its own (`TEST_KAFKA`, `TEST_POSTGRES`
 * name others) and makes a sample at the real set's density. A peer that cannot be had here, or fails, is named in the
 * page, and the others go on. `npm run build && node_modules/.bin/bun bench/peers.ts [millions of ratings, 5]`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeAll } from "./belongings.ts";
import { daysAtRealDensity, MILLION } from "./density.ts";
import { Comparison, type Entry, type Outcome } from "./peers/comparison.ts";
import { duckdb } from "./peers/duckdb.ts";
import { flink } from "./peers/flink.ts";
import { franzGo, franzGoDefault } from "./peers/franz-go.ts";
import {
  bareFetch,
  consumerPerfTest,
  consumerPerfTestTuned,
  producerPerfTest,
  producerPerfTestTuned,
} from "./peers/kafka-perf-tools.ts";
import { kafkaStreams } from "./peers/kafka-streams.ts";
import { describeMachine } from "./peers/machine.ts";
import { resultsPage } from "./peers/results.ts";
import { spark } from "./peers/spark.ts";
import type { Outcomes } from "./peers/targets.ts";
import { tidemarkDrain, tidemarkProduce } from "./peers/tidemark.ts";
import { BenchServices } from "./services.ts";
import { makeSample, sampleIn } from "./tidemark.ts";

const RUNS = 5;
/** Of the engines on Java: half a minute each. */
const JAVA_RUNS = 3;

/**
 * Those of a group take turns. Tidemark is first, as its rows are what the others' are held against; who takes minutes,
 * or writes, comes after those who take seconds and read.
 */
const GROUPS: readonly Partial<Record<keyof Outcomes, Entry>>[] = [
  {
    modeC: { peer: tidemarkDrain("C"), runs: RUNS },
    modeA: { peer: tidemarkDrain("A"), runs: RUNS },
    bareFetch: { peer: bareFetch, runs: RUNS },
    franzGo: { peer: franzGo, runs: RUNS },
    franzGoDefault: { peer: franzGoDefault, runs: RUNS },
    consumerPerfTest: { peer: consumerPerfTest, runs: RUNS },
    consumerPerfTestTuned: { peer: consumerPerfTestTuned, runs: RUNS },
  },
  {
    flink: { peer: flink, runs: JAVA_RUNS },
    kafkaStreams: { peer: kafkaStreams, runs: JAVA_RUNS },
    // Minutes each, and of one length.
    spark: { peer: spark, runs: 1 },
    duckdb: { peer: duckdb, runs: RUNS },
  },
  {
    produce: { peer: tidemarkProduce, runs: RUNS },
    producerPerfTest: { peer: producerPerfTest, runs: JAVA_RUNS },
    producerPerfTestTuned: { peer: producerPerfTestTuned, runs: JAVA_RUNS },
  },
];

const [millions = "5"] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
const days = daysAtRealDensity(ratings);
const services = await BenchServices.start();
const sample = sampleIn(join(services.folder, "sample"));
const say = (text: string) => process.stderr.write(`${text}\n`);

try {
  await makeSample(sample, ratings, days);
  const comparison = new Comparison(services, sample, ratings, 1);
  await comparison.fill();
  const outcomes: Partial<Record<keyof Outcomes, Outcome>> = {};
  for (const group of GROUPS) {
    const measured = await comparison.measureInTurns(Object.values(group), say);
    for (const [index, name] of Object.keys(group).entries()) outcomes[name as keyof Outcomes] = measured[index];
  }
  comparison.end();
  const page = resultsPage({
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(services.postgres),
    command: `bun bench/peers.ts ${millions}`,
    common: comparison.common,
    days,
    outcomes: outcomes as Outcomes,
  });
  writeFileSync(join(import.meta.dirname, "RESULTS.md"), page);
  process.stdout.write(page);
} finally {
  await removeAll();
}
