/**
 * `process --rebuild` killed with -9 at random moments and finished by plain starts that are killed as well: in the end
 * the rows are the oracle's, and nothing that stood on the output topics before stands there twice.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { writeRatingFiles, writeTitles } from "./rating-files.ts";
import { difference, readRatings, resultsOf, storedResults } from "./results.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const KILLS = 16;
const RATINGS = 60_000;
const DAYS = 180;
const MOVIES = 400;
const THRESHOLDS = { anomalyDays: 3, anomalyMinCount: 4, anomalyMinMean: 3 };

let workplace: KillableWorkplace | undefined;
afterEach(() => workplace?.remove());

test.each([
  { mode: "A", partitions: 3 },
  { mode: "C", partitions: 1 },
] as const)("mode $mode, partitions: $partitions", async ({ mode, partitions }) => {
  const random = new Random(SEED);
  workplace = new KillableWorkplace();
  const home = workplace.path("tidemark-data");
  const titles = writeTitles(workplace, "titles.csv", MOVIES);
  const files = { ratings: RATINGS, days: DAYS, movies: MOVIES };
  writeRatingFiles(workplace, "before", random, { ...files, firstDay: 12_000 });
  writeRatingFiles(workplace, "since", random, { ...files, firstDay: 12_000 + DAYS });
  const anomalies = "--anomaly-days 3 --anomaly-min-count 4 --anomaly-min-mean 3";
  const processing = `process --titles titles.csv --mode ${mode} ${anomalies}`;

  workplace.succeed(`setup --partitions ${partitions}`);
  workplace.succeed("produce --ratings before");
  workplace.succeed(`${processing} --once`);
  workplace.succeed("produce --ratings since");
  const typicalMs = workplace.time(`${processing} --rebuild --once`);
  const before = storedResults(home);

  const killed = { rebuilding: 0, finishing: 0 };
  for (let kills = 0; kills < KILLS; kills++) {
    // The first is one; a plain start then finishes what it finds.
    const rebuild = kills === 0 || random.chance(0.4);
    expect(
      await workplace.startAndKill(processing + (rebuild ? " --rebuild" : ""), random.fraction() * typicalMs),
    ).toBe(true);
    killed[rebuild ? "rebuilding" : "finishing"]++;
  }
  workplace.succeed(`${processing} --once`);
  expect(difference(storedResults(home), before)).toBeUndefined();
  workplace.succeed(`${processing} --drain`);

  const records = readRatings(home);
  const drainAt = records.map((ofPartition) => [ofPartition.length]);
  const { results: expected } = resultsOf(records, titles, { ...THRESHOLDS, mode, drainAt });
  console.log(
    `seed ${SEED}: typical run ${typicalMs.toFixed()} ms; killed ${JSON.stringify(killed)}; ` +
      `${expected.rows.length} rows, ${expected.anomalies.flat().length} anomalies`,
  );
  expect(Math.min(before.anomalies.flat().length, before.rejected.flat().length)).toBeGreaterThan(100);
  expect(difference(storedResults(home), expected)).toBeUndefined();
});
