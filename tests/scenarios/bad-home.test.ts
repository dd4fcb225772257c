/**
 * A home, a table or a checkpoint that is not what a command needs: not there, in the way, a newer Tidemark's, or made
 * with other settings. Each is told apart, with the right exit code and a way out, and nothing is changed.
 */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import {
  anomaliesOf,
  expectedOf,
  flagsOf,
  foundAnomalies,
  foundRejected,
  type Job,
  rejectedOf,
  rowsOf,
} from "./expectation.ts";
import { JOB, JobUnderWay, PROCESS, TITLES } from "./job-under-way.ts";
import { EXECUTABLE } from "./workplace.ts";

const original = new JobUnderWay();
afterAll(() => original.remove());

let work: JobUnderWay;
beforeEach(() => {
  work = new JobUnderWay(original);
});
afterEach(() => work.remove());

describe("the home", () => {
  const COMMANDS = ["setup", "produce", "process --once", "consume-kafka --once", "consume-jdbc --once"];

  test.each(COMMANDS)("is a file: %s", (command) => {
    work.write("file", "");
    work.expectRefused(2, `${command} --home file`, "file", "");
    work.expectGoesOn();
  });

  test.each(COMMANDS)("cannot be made: %s", (command) => {
    work.expectRefused(2, `${command} --home /proc/tidemark`, "/proc/tidemark", "");
    const longName = "n".repeat(300);
    work.expectRefused(2, `${command} --home ${longName}`, longName, "");
    work.expectGoesOn();
  });

  test.each(["produce", "process --once", "consume-kafka --once", "consume-jdbc --once"])(
    "knows no setup: %s",
    (command) => {
      mkdirSync(work.path("new"));
      const { code, stdout, stderr } = work.run(`${command} --home new`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(
        /^tidemark: there is no (topic netflix-ratings(-anomalies)?|result table) in .*new.*\nhint: .*setup.*\n$/,
      );
      // Nothing is in the way of a setup then.
      work.succeed("setup --home new");
      work.succeed(`${PROCESS} --once --home new`);
      work.expectGoesOn();
    },
  );

  const READING_IT = ["setup", "produce", "process --once", "consume-kafka --once", "cleanup --yes"];
  test.each(READING_IT)("is a newer Tidemark's: %s", (command) => {
    const manifest = work.path("tidemark-data/tidemark.json");
    renameSync(manifest, `${manifest}.kept`);
    const newer = { ...JSON.parse(readFileSync(`${manifest}.kept`, "utf8")), format: 1000 };
    writeFileSync(manifest, JSON.stringify(newer));
    work.expectRefused(4, command, "was made by a newer Tidemark", "use that one, or another --home");
    renameSync(`${manifest}.kept`, manifest);
    work.expectGoesOn();
  });
});

describe("the table", () => {
  /** Changes the database by plain SQL, and takes the change back when `during` is done. */
  function changed(change: string, back: string, during: () => void): void {
    const database = new DatabaseSync(work.path("tidemark-data/tidemark.db"));
    database.exec(change);
    database.close();
    during();
    const again = new DatabaseSync(work.path("tidemark-data/tidemark.db"));
    again.exec(back);
    again.close();
  }

  test("is a newer Tidemark's", () => {
    const [newer, own] = [1000, 1].map((version) => `UPDATE tidemark_setup SET version = ${version}`);
    changed(newer, own, () => {
      for (const command of ["setup", "process --once", "consume-jdbc --once", "cleanup --yes"]) {
        work.expectRefused(4, command, "newer Tidemark", "");
      }
    });
    work.expectGoesOn();
  });

  test("has other columns", () => {
    const [other, own] = ["n", "rating_count"];
    changed(
      `ALTER TABLE movie_ratings RENAME ${own} TO ${other}`,
      `ALTER TABLE movie_ratings RENAME ${other} TO ${own}`,
      () => {
        for (const command of ["setup", "process --once", "consume-jdbc --once"]) {
          work.expectRefused(4, command, "movie_ratings", "");
        }
      },
    );
    work.expectGoesOn();
  });

  test.each(["process --once", "consume-jdbc --once"])("cannot be found, as too many files are open: %s", (command) => {
    // How many a runtime itself has open is its own affair; with fewer than these it does not even start.
    for (let files = 7; files <= 16; files++) {
      work.program = ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh", EXECUTABLE];
      expect(work.run(command).stderr).not.toContain("bug");
    }
    work.program = [EXECUTABLE];
    work.expectGoesOn();
  });

  test.each(["setup", "process --once", "consume-jdbc --once", "cleanup --yes"])("is a folder: %s", (command) => {
    mkdirSync(work.path("folder"));
    const message = `cannot open the database ${work.path("folder")}`;
    work.expectRefused(2, `${command} --database jdbc:sqlite:folder`, message, "check that it is a file");
    work.expectGoesOn();
  });

  test("is another group's", () => {
    work.expectRefused(4, "process --once --group other", "belongs to group netflix-ratings-group", "name that");
    work.expectGoesOn();
  });
});

describe("a checkpoint made with other settings", () => {
  test.each<[Job, string]>([
    [{ ...JOB, mode: "A" }, "mode C, now A"],
    [{ ...JOB, days: 2 }, "anomaly-days 1, now 2"],
    [{ ...JOB, mode: "A", days: 30 }, "mode C, now A; anomaly-days 1, now 30"],
  ])("is left alone by %j, and --rebuild makes one with that", (other, changes) => {
    const message = `was made with other settings: ${changes}`;
    work.expectRefused(4, `process --once ${flagsOf(other)}`, message, "`tidemark process --rebuild`");
    const [before] = foundAnomalies(work, 1);
    expect(before.length).toBeGreaterThan(0);
    work.succeed(`process --rebuild --drain ${flagsOf(other)}`);
    const ratings = work.topic();
    const expected = expectedOf(ratings, other, TITLES);
    expect(work.rows()).toEqual(rowsOf(expected));
    expect(foundRejected(work, 1)).toEqual(rejectedOf(ratings, expected));
    // What stood there stays, and comes no second time.
    const added = anomaliesOf(expected)[0].filter((line) => !before.includes(line));
    expect(foundAnomalies(work, 1)).toEqual([[...before, ...added]]);
  });

  test("L and O may change: they hold for what becomes final from then on", () => {
    const stricter: Job = { ...JOB, minCount: 2, minMean: 4.5 };
    const before = work.topic("netflix-ratings-anomalies")[0].length;
    expect(before).toBeGreaterThan(0);
    work.succeed(`process --drain ${flagsOf(stricter)}`);
    expect(work.topic("netflix-ratings-anomalies")[0].length).toBe(before);
    expect(work.rows().length).toBe(3);
  });
});
