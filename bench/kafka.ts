/**
 * The benchmark of partitions: `process` in both modes and `produce`, by the executable, over topics of one partition
 * and of more on a broker, PostgreSQL beside it. Each count has its own bare fetch and Kafka's own performance tools
 * beside it in the same run; the rows must be the same whatever the count. All run by turns, and the median of their
 * times is shown, start left out, with processor time and memory of the fastest run. `npm run build && bun
 * bench/kafka.ts [millions of ratings, 5] [partitions, 1,4]`.
 */
import { join } from "node:path";
import { removeAll } from "./belongings.ts";
import { daysAtRealDensity, MILLION } from "./density.ts";
import { Comparison, type Outcome } from "./peers/comparison.ts";
import { bareFetch, consumerPerfTest, producerPerfTest } from "./peers/kafka-perf-tools.ts";
import type { Peer } from "./peers/peer.ts";
import { firstDifference } from "./peers/table-rows.ts";
import { tidemarkDrain, tidemarkProduce } from "./peers/tidemark.ts";
import { medianOf, rate, table } from "./run-command.ts";
import { BenchServices } from "./services.ts";
import { makeSample, sampleIn } from "./tidemark.ts";

const READER_RUNS = 9;
/** A producer on Java takes ten seconds. */
const WRITER_RUNS = 3;

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
async function measure(comparison: Comparison, peers: readonly Peer[], runs: number): Promise<string[][]> {
  const { partitions } = comparison.common;
  const entries = peers.map((peer) => ({ peer, runs }));
  const outcomes = await comparison.measureInTurns(entries, (text) => process.stderr.write(`${text}\n`));
  const measureSeconds = medianOf(outcomes[0].seconds);
  const lines: string[][] = [];
  for (const outcome of outcomes) {
    judge(outcome, partitions);
    const { peer, best } = outcome;
    if (best === undefined) continue;
    const seconds = medianOf(outcome.seconds);
    lines.push([
      String(partitions),
      peer.name,
      rate(ratings, seconds),
      outcomes[0].best === undefined ? "–" : (measureSeconds / seconds).toFixed(2),
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
    reading.push(...(await measure(comparison, READERS, READER_RUNS)));
    writing.push(...(await measure(comparison, WRITERS, WRITER_RUNS)));
    comparison.end();
  }
  const head = (ratio: string) => ["partitions", "what", "ratings/s", ratio, "start s", "processor s", "peak MB"];
  process.stdout.write(
    `${millions} million ratings on ${days} days; medians of ${READER_RUNS} runs by turns ` +
      `(${WRITER_RUNS} of those that write), start left out\n\n` +
      `${table(head("x the bare fetch"), reading)}\n${table(head("x the Java producer"), writing)}\n` +
      (faults.length === 0 ? "The rows of all runs are equal.\n" : faults.map((fault) => `- ${fault}\n`).join("")),
  );
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await removeAll();
}
