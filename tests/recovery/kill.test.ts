/**
 * kill -9 of the executable at random moments, with nothing in its favour: `process` while it starts, runs and drains,
 * beside a `produce` that is killed now and then as well. Each successor goes ahead at once. In the end the table and
 * the topics hold what the oracle makes of what the ratings topic holds, each line once and in order.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { writeRatingFiles, writeTitles } from "./rating-files.ts";
import { ANOMALIES_TOPIC, difference, type Rules, readRatings, resultsOf, storedResults } from "./results.ts";

setDefaultTimeout(240_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
/** Folders of rating files, sent one after another while `process` is killed again and again. */
const CHUNKS = 14;
/** One more, so many times as large, is left to the drain, for it to take some time. */
const LAST_CHUNK_TIMES = 6;
/** Between two files: `process` then has some epochs to make, not one. */
const PAUSE_SECONDS = 0.03;
const KILLS_MIN = 50;

interface Scenario extends Rules {
  readonly partitions: number;
  /** Of a chunk. */
  readonly ratings: number;
  readonly days: number;
  readonly movies: number;
}

const SHORT_WINDOWS = { anomalyDays: 2, anomalyMinCount: 3, anomalyMinMean: 3, ratings: 20_000, days: 60, movies: 400 };
/** Nearly every window is an anomaly: closing many at once gives more than one epoch holds. */
const LONG_WINDOWS = { anomalyDays: 30, anomalyMinCount: 1, anomalyMinMean: 2, ratings: 8_000, days: 25, movies: 300 };
const SCENARIOS: readonly Scenario[] = [
  { mode: "C", partitions: 1, ...SHORT_WINDOWS },
  { mode: "A", partitions: 3, ...SHORT_WINDOWS },
  { mode: "C", partitions: 1, ...LONG_WINDOWS },
  { mode: "A", partitions: 3, ...LONG_WINDOWS },
];

let workplace: KillableWorkplace | undefined;
let kills = 0;
afterEach(() => workplace?.remove());

test.each(SCENARIOS)("mode $mode, windows of $anomalyDays days, partitions: $partitions", async (scenario) => {
  const random = new Random(SEED + SCENARIOS.indexOf(scenario));
  const { mode, anomalyDays, anomalyMinCount, anomalyMinMean, partitions, ratings, days, movies } = scenario;
  workplace = new KillableWorkplace();
  const home = workplace.path("tidemark-data");
  const titles = writeTitles(workplace, "titles.csv", movies);
  for (let chunk = 0; chunk <= CHUNKS; chunk++) {
    const times = chunk === CHUNKS ? LAST_CHUNK_TIMES : 1;
    const files = { ratings: ratings * times, firstDay: 12_000 + days * chunk, days: days * times, movies };
    writeRatingFiles(workplace, `chunk-${chunk}`, random, files);
  }
  const thresholds = `--anomaly-min-count ${anomalyMinCount} --anomaly-min-mean ${anomalyMinMean}`;
  const processing = `process --titles titles.csv --mode ${mode} --anomaly-days ${anomalyDays} ${thresholds}`;

  workplace.succeed(`setup --partitions ${partitions}`);
  const producing = `produce --sleep ${PAUSE_SECONDS} --ratings`;
  const typicalMs = workplace.time(`${producing} chunk-0`) + workplace.time(`${processing} --once`);

  const killed = { running: 0, draining: 0, produce: 0 };
  for (let chunk = 1; chunk < CHUNKS; chunk++) {
    const producer = workplace.start(`${producing} chunk-${chunk}`);
    const producerKilled = random.chance(0.3) && workplace.kill(producer, random.fraction() * typicalMs);
    expect(await workplace.startAndKill(processing, random.fraction() * typicalMs)).toBe(true);
    killed.running++;
    if (await producerKilled) killed.produce++;
    else expect((await producer.outcome()).code).toBe(0);
  }
  workplace.succeed(`produce --ratings chunk-${CHUNKS}`);
  // More time each time: a machine that is busier by now must not keep it from ever ending.
  const drainMs = () => random.fraction() * typicalMs * (0.3 + killed.draining / 8);
  while (await workplace.startAndKill(`${processing} --drain`, drainMs())) killed.draining++;
  kills += killed.running + killed.draining + killed.produce;

  const records = readRatings(home);
  const drainAt = records.map((ofPartition) => [ofPartition.length]);
  const { results: expected } = resultsOf(records, titles, { ...scenario, drainAt });
  const counts = [records, expected.anomalies, expected.rejected].map((lists) => lists.flat().length);
  const owners = new Set(workplace.topic(ANOMALIES_TOPIC)[0].map(({ headers }) => headers.owner));
  console.log(
    `seed ${SEED}: typical run ${typicalMs.toFixed()} ms; killed ${JSON.stringify(killed)}; ${counts[0]} ratings, ` +
      `${expected.rows.length} rows, ${counts[1]} anomalies by ${owners.size} processes, ${counts[2]} rejected`,
  );
  expect(Math.min(...counts, expected.rows.length)).toBeGreaterThan(100);
  // The work was shared, not left to the last one.
  expect(owners.size).toBeGreaterThan(2);
  expect(difference(storedResults(home), expected)).toBeUndefined();
});

test("enough was killed", () => {
  console.log(`${kills} kills`);
  expect(kills).toBeGreaterThanOrEqual(KILLS_MIN);
});
