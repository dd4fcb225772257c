/**
 * The benchmark of partitions: `process` in both modes and `produce`, by the executable, over topics of one partition
 * and of more on a broker, PostgreSQL beside it. Each count has its own bare fetch and Kafka's own performance tools
 * beside it in the same run; the rows must be the same whatever the count. Of several runs the one with the least time
 * is shown, start left out. `npm run build && bun bench/kafka.ts [millions of ratings, 5] [partitions, 1,4]`.
 */
import { join } from "node:path";
import { removeAll } from "./belongings.ts";
import { daysAtRealDensity, MILLION } from "./density.ts";
import { Comparison, type Outcome, secondsAfterStart } from "./peers/comparison.ts";
import { bareFetch, consumerPerfTest, producerPerfTest } from "./peers/kafka-perf-tools.ts";
import type { Peer } from "./peers/peer.ts";
import { firstDifference } from "./peers/table-rows.ts";
import { tidemarkDrain, tidemarkProduce } from "./peers/tidemark.ts";
import { rate, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { makeSample, sampleIn } from "./tidemark.ts";

const RUNS = 3;

/** Each is first in its list, as the measure of the others. */
const READERS = [bareFetch, consumerPerfTest, tidemarkDrain("C"), tidemarkDrain("A")];
const WRITERS = [producerPerfTest, tidemarkProduce];

const [millions = "5", counts = "1,4"] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
const days = daysAtRealDensity(ratings);
const services = await BenchServices.start();
const sample = sampleIn(join(services.folder, "sample"));
const faults: string[] = [];
let expected: readonly string[] | undefined;

/** Notes what went wrong: a run that failed, or other rows than the first had. */
function judge({ peer, best, failure, difference }: Outcome, partitions: number): void {
  if (best?.rows !== undefined) expected ??= best.rows;
  const ofRows = difference ?? (best?.rows && expected && firstDifference(best.rows, expected));
  const where = `${peer.name}, ${partitions} partition(s)`;
  if (failure !== undefined) faults.push(`${where}: a run failed: ${failure}`);
  if (ofRows !== undefined) faults.push(`${where}: rows differ: ${ofRows}`);
}

/** A line for each peer, its speed beside the first one's. */
async function measure(comparison: Comparison, peers: readonly Peer[]): Promise<string[][]> {
  const { partitions } = comparison.common;
  const lines: string[][] = [];
  let measureSeconds: number | undefined;
  for (const peer of peers) {
    const outcome = await comparison.measure(peer, RUNS, (text) => process.stderr.write(`${text}\n`));
    judge(outcome, partitions);
    const { best } = outcome;
    if (best === undefined) continue;
    const seconds = secondsAfterStart(best);
    if (peer === peers[0]) measureSeconds = seconds;
    lines.push([
      String(partitions),
      peer.name,
      rate(ratings, seconds),
      measureSeconds === undefined ? "–" : (measureSeconds / seconds).toFixed(2),
      best.startSeconds.toFixed(2),
      best.cpuSeconds.toFixed(2),
      best.peakMegabytes.toFixed(0),
    ]);
  }
  return lines;
}

try {
  await makeSample(sample, ratings, days);
  const reading: string[][] = [];
  const writing: string[][] = [];
  for (const partitions of counts.split(",").map(Number)) {
    const comparison = new Comparison(services, sample, ratings, partitions);
    await comparison.fill();
    reading.push(...(await measure(comparison, READERS)));
    writing.push(...(await measure(comparison, WRITERS)));
    comparison.end();
  }
  const head = (ratio: string) => ["partitions", "what", "ratings/s", ratio, "start s", "processor s", "peak MB"];
  process.stdout.write(
    `${millions} million ratings on ${days} days; the best of ${RUNS} runs, start left out\n\n` +
      `${table(head("x the bare fetch"), reading)}\n${table(head("x the Java producer"), writing)}\n` +
      (faults.length === 0 ? "The rows of all runs are equal.\n" : faults.map((fault) => `- ${fault}\n`).join("")),
  );
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await removeAll();
}
