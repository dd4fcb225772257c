/**
 * `process --rebuild` killed with -9 at random moments and finished by plain starts that are killed as well: in the end
 * the rows are the oracle's, and nothing that stood on the output topics before stands there twice, wherever topics and
 * table are.
 */
import { expect } from "bun:test";
import type { Random } from "../generate/random.ts";
import type { KillableWorkplace } from "./killable-workplace.ts";
import { writeRatingFiles, writeTitles } from "./rating-files.ts";
import { difference, resultsIn, resultsOf } from "./results.ts";

const THRESHOLDS = { anomalyDays: 3, anomalyMinCount: 4, anomalyMinMean: 3 };

export interface KilledRebuild {
  readonly mode: "A" | "C";
  readonly partitions: number;
  /** Of each of two folders: one is counted before the rebuild, one since. */
  readonly ratings: number;
  readonly days: number;
  readonly movies: number;
  readonly kills: number;
}

/** `told` is what a message says first. */
export async function killRebuilds(
  workplace: KillableWorkplace,
  job: KilledRebuild,
  random: Random,
  told: string,
): Promise<void> {
  const { mode, partitions, ratings, days, movies } = job;
  const titles = writeTitles(workplace, "titles.csv", movies);
  writeRatingFiles(workplace, "before", random, { ratings, days, movies, firstDay: 12_000 });
  writeRatingFiles(workplace, "since", random, { ratings, days, movies, firstDay: 12_000 + days });
  const anomalies = "--anomaly-days 3 --anomaly-min-count 4 --anomaly-min-mean 3";
  const processing = `process --titles titles.csv --mode ${mode} ${anomalies}`;

  workplace.succeed(`setup --partitions ${partitions}`);
  workplace.succeed("produce --ratings before");
  workplace.succeed(`${processing} --once`);
  workplace.succeed("produce --ratings since");
  const typicalMs = workplace.time(`${processing} --rebuild --once`);
  const before = resultsIn(await workplace.outputs());

  const killed = { rebuilding: 0, finishing: 0 };
  for (let kills = 0; kills < job.kills; kills++) {
    // The first is one; a plain start then finishes what it finds.
    const rebuild = kills === 0 || random.chance(0.4);
    expect(
      await workplace.startAndKill(processing + (rebuild ? " --rebuild" : ""), random.fraction() * typicalMs),
    ).toBe(true);
    killed[rebuild ? "rebuilding" : "finishing"]++;
  }
  workplace.succeed(`${processing} --once`);
  expect(difference(resultsIn(await workplace.outputs()), before)).toBeUndefined();
  workplace.succeed(`${processing} --drain`);

  const left = await workplace.left();
  const drainAt = left.ratings.map((ofPartition) => [ofPartition.length]);
  const { results: expected } = resultsOf(left.ratings, titles, { ...THRESHOLDS, mode, drainAt });
  console.log(
    `${told}: typical run ${typicalMs.toFixed()} ms; killed ${JSON.stringify(killed)}; ` +
      `${expected.rows.length} rows, ${expected.anomalies.flat().length} anomalies`,
  );
  expect(before.anomalies.flat().length).toBeGreaterThan(100);
  expect(before.rejected.flat().length).toBeGreaterThan(10);
  expect(difference(resultsIn(left), expected)).toBeUndefined();
}
