/**
 * kill -9 of the executable at random moments, with nothing in its favour: `process` while it starts, runs and drains,
 * beside a `produce` that is killed now and then as well. Each successor goes ahead at once. In the end the table and
 * the topics hold what the oracle makes of what the ratings topic holds, each line once and in order.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../generate/random.ts";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { EXECUTABLE, Workplace } from "../scenarios/workplace.ts";
import { writeRatingFiles, writeTitles } from "./rating-files.ts";
import { difference, readRatings, resultsOf, type Rules, storedResults } from "./results.ts";

setDefaultTimeout(240_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
/** Folders of rating files, sent one after another while `process` is killed again and again. */
const CHUNKS = 14;
/** The last one is so many times as large, for the drain to take some time. */
const LAST_CHUNK_TIMES = 4;
const KILLS_MIN = 50;

interface Scenario extends Rules {
  readonly partitions: number;
  /** Of a chunk. */
  readonly ratings: number;
  readonly days: number;
  readonly movies: number;
}

const SCENARIOS: readonly Scenario[] = [
  { mode: "C", anomalyDays: 2, anomalyMinCount: 3, anomalyMinMean: 3, partitions: 1, ...{ ratings: 20_000, days: 60, movies: 400 } },
  { mode: "A", anomalyDays: 2, anomalyMinCount: 3, anomalyMinMean: 3, partitions: 3, ...{ ratings: 20_000, days: 60, movies: 400 } },
  { mode: "C", anomalyDays: 30, anomalyMinCount: 9, anomalyMinMean: 3.2, partitions: 3, ...{ ratings: 8_000, days: 25, movies: 300 } },
  { mode: "A", anomalyDays: 30, anomalyMinCount: 9, anomalyMinMean: 3.2, partitions: 1, ...{ ratings: 8_000, days: 25, movies: 300 } },
];

let bin: string;
let workplace: Workplace | undefined;
let kills = 0;
beforeAll(() => {
  // Another build may replace it meanwhile.
  bin = mkdtempSync(join(tmpdir(), "tidemark-kill-"));
  copyFileSync(EXECUTABLE, join(bin, "tidemark"));
});
afterEach(() => workplace?.remove());
afterAll(() => rmSync(bin, { recursive: true }));

/** Kills a command after a while; whether it was still at it. One that had ended by itself must have ended well. */
async function killAfter(command: RunningCommand, delayMs: number): Promise<boolean> {
  await Promise.race([sleep(delayMs), command.outcome()]);
  const { code, stderr } = await command.end("SIGKILL");
  if (code !== null && code !== 0) throw new Error(`a command ended with ${code}:\n${stderr}`);
  return code === null;
}

test.each(SCENARIOS)("mode $mode, windows of $anomalyDays days, partitions: $partitions", async (scenario) => {
  const random = new Random(SEED + SCENARIOS.indexOf(scenario));
  const { mode, anomalyDays, anomalyMinCount, anomalyMinMean, partitions, ratings, days, movies } = scenario;
  workplace = new Workplace([join(bin, "tidemark")]);
  const home = workplace.path("tidemark-data");
  const titles = writeTitles(workplace, "titles.csv", movies);
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const times = chunk === CHUNKS - 1 ? LAST_CHUNK_TIMES : 1;
    const files = { ratings: ratings * times, firstDay: 12_000 + days * chunk, days: days * times, movies };
    writeRatingFiles(workplace, `chunk-${chunk}`, random, files);
  }
  const thresholds = `--anomaly-days ${anomalyDays} --anomaly-min-count ${anomalyMinCount} --anomaly-min-mean ${anomalyMinMean}`;
  const processing = `process --titles titles.csv --mode ${mode} ${thresholds}`;

  workplace.succeed(`setup --partitions ${partitions}`);
  workplace.succeed("produce --ratings chunk-0");
  const startMs = performance.now();
  workplace.succeed(`${processing} --once`);
  const typicalMs = performance.now() - startMs;

  const killed = { running: 0, draining: 0, produce: 0 };
  for (let chunk = 1; chunk < CHUNKS; chunk++) {
    const producing = workplace.start(`produce --ratings chunk-${chunk}`);
    if (!(await killAfter(workplace.start(processing), random.fraction() * typicalMs))) throw new Error("it ended");
    killed.running++;
    const last = chunk === CHUNKS - 1;
    if (!last && random.chance(0.3) && (await killAfter(producing, random.fraction() * 20))) killed.produce++;
    else expect((await producing.outcome()).code).toBe(0);
  }
  while (await killAfter(workplace.start(`${processing} --drain`), random.fraction() * typicalMs)) killed.draining++;
  kills += killed.running + killed.draining + killed.produce;

  const records = readRatings(home);
  const drainAt = records.map((ofPartition) => [ofPartition.length]);
  const { results: expected } = resultsOf(records, titles, { ...scenario, drainAt });
  const counts = [records, expected.anomalies, expected.rejected].map((lists) => lists.flat().length);
  console.log(
    `seed ${SEED}: typical run ${typicalMs.toFixed()} ms; killed ${JSON.stringify(killed)}; ` +
      `${counts[0]} ratings, ${expected.rows.length} rows, ${counts[1]} anomalies, ${counts[2]} rejected`,
  );
  expect(Math.min(...counts, expected.rows.length)).toBeGreaterThan(100);
  expect(difference(storedResults(home), expected)).toBeUndefined();
});

test("enough was killed", () => {
  console.log(`${kills} kills`);
  expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
});
