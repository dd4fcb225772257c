/**
 * Bytes to numbers only: record batches in memory -> the shard with both aggregations, whose outputs are taken and
 * dropped: no reading, no checkpoint, no table, no topics. Beside it, over the same bytes in the same run, the bare
 * loop that walks and parses, and CRC-32C alone. Every loop runs once in a process of its own, so compiling is in its
 * time. `npm run build && bun bench/memory.ts [millions of ratings, 5]`.
 */
import { join } from "node:path";
import { keepFolder, removeAll } from "./belongings.ts";
import { daysAtRealDensity, MILLION } from "./density.ts";
import { medianRunBy, rate, runCommand, table } from "./run-command.ts";
import { checkBuilt, makeSample, sampleIn, tidemark } from "./tidemark.ts";

const RUNS = 3;

const [millions = "5"] = process.argv.slice(2);
const ratings = Math.round(Number(millions) * MILLION);
const days = daysAtRealDensity(ratings);
checkBuilt();
const folder = keepFolder();
const sample = sampleIn(join(folder, "sample"));
const home = join(folder, "home");

/** Seconds of a loop: the median of its runs, after one that does not count. */
async function secondsOf(loop: string): Promise<number> {
  const script = join(import.meta.dirname, "memory-loop.ts");
  const { stdout } = await medianRunBy(reported, RUNS, () =>
    runCommand([process.execPath, script, loop, home, sample.titlesFile]),
  );
  return reported({ stdout });
}

/** A loop that did not see every rating is no measure. */
function reported({ stdout }: { stdout: string }): number {
  const report = JSON.parse(stdout) as { ratings: number; seconds: number };
  if (report.ratings !== ratings) throw new Error(`${report.ratings} of ${ratings} ratings were seen`);
  return report.seconds;
}

try {
  await makeSample(sample, ratings, days);
  const places = { TIDEMARK_HOME: home, INPUT_DIRECTORY_PATH: sample.ratingsFolder };
  await tidemark(places, "setup");
  await tidemark(places, "produce");

  const bareSeconds = await secondsOf("bare");
  const line = (what: string, seconds: number) => [
    what,
    rate(ratings, seconds),
    ((seconds / ratings) * 1e9).toFixed(1),
    (bareSeconds / seconds).toFixed(2),
  ];
  const lines = [
    line("the bare loop: walk and parse", bareSeconds),
    line("CRC-32C alone, with the copy that it needs", await secondsOf("crc")),
    line("the shard, mode C", await secondsOf("C")),
    line("the shard, mode A", await secondsOf("A")),
  ];
  process.stdout.write(
    `${millions} million ratings on ${days} days, from memory; medians of ${RUNS}\n\n` +
      table(["what", "ratings/s", "ns a rating", "x the bare loop"], lines),
  );
} finally {
  await removeAll();
}
