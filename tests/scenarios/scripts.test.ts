/** The scripts by their old names do the whole job from another folder, as those of the system before did. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expectedOf, expectLeft, type Job, rowsOf } from "./expectation.ts";
import { ROOT, Workplace } from "./workplace.ts";

const JOB: Job = { mode: "C", days: 1, minCount: 2, minMean: 2 };
const TITLES = "1,2003,Dinosaur Planet\n2,NULL,Isle of Man, TT Review\n";
const LINES =
  "date,film_id,user_id,rate\n2002-01-01,1,1,4\n2002-01-01,1,2,5\n2002-01-02,2,2,3\n2002-01-02,2,3,4\n2002-03-01,1,1,1";

let work: Workplace;
beforeEach(() => {
  work = new Workplace();
});
afterEach(() => work.remove());

/** Runs a line of bash in the workplace, with the variables that the old `env.sh` set. */
function bash(line: string) {
  const env = {
    PATH: process.env.PATH ?? "",
    SCRIPTS: join(ROOT, "scripts"),
    INPUT_DIRECTORY_PATH: work.path("netflix-prize-data"),
    INPUT_FILE_PATH: work.path("movie_titles.csv"),
    TIDEMARK_HOME: work.path("tidemark-data"),
    PROCESSING_TYPE: JOB.mode,
    ANOMALY_PERIOD_LENGTH: String(JOB.days),
    ANOMALY_RATING_COUNT: String(JOB.minCount),
    ANOMALY_RATING_MEAN: String(JOB.minMean),
  };
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], { cwd: work.folder, env, encoding: "utf8" });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("setup, producer, engine, consumers, cleanup: with the parameters of env.sh", () => {
  work.write("netflix-prize-data/1.csv", LINES);
  work.write("movie_titles.csv", TITLES);
  expect(bash(`"$SCRIPTS/setup.sh"`)).toBe("");
  expect(bash(`"$SCRIPTS/kafka_producer.sh"`)).toBe("");
  expect(bash(`source "$SCRIPTS/processing_engine.sh" --drain`)).toBe("");
  const ratings = work.topic();
  const expected = expectedOf(ratings, JOB, TITLES);
  expectLeft(work, ratings, expected);
  expect(bash(`cd / && "$SCRIPTS/kafka_consumer.sh" --once`)).toBe(
    "2002-01-01 00:00:00,2002-01-02 00:00:00,Dinosaur Planet,2,4.5\n" +
      '2002-01-02 00:00:00,2002-01-03 00:00:00,"Isle of Man, TT Review",2,3.5\n',
  );
  const table = bash(`cd / && "$SCRIPTS/jdbc_consumer.sh" --once`);
  for (const { title, movieId } of expected.rows.values()) expect(table).toContain(`${title}(${movieId})`);
  expect(rowsOf(expected).length).toBe(3);
  expect(bash(`"$SCRIPTS/cleanup.sh" --yes`)).toBe("");
  expect(existsSync(work.path("tidemark-data"))).toBe(false);
});
