/**
 * The executable by itself: one file, copied to an empty folder with a hostile .env and bunfig.toml beside it, does the
 * whole job and reads nothing but what it is told to.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, readdirSync } from "node:fs";
import { COMMAND_NAMES } from "../../src/settings/row.ts";
import { expectedOf, expectLeft, flagsOf, type Job } from "./expectation.ts";
import { EXECUTABLE, Workplace } from "./workplace.ts";

const JOB: Job = { mode: "C", days: 2, minCount: 2, minMean: 4 };
const TITLES = '1,2003,Dinosaur Planet\n2,NULL,"Isle of Man, TT Review"\n3,1997,Ča"ra"cter\n';
const LINES = [
  "date,film_id,user_id,rate",
  ...["2002-01-01,1,1,4", "2002-01-01,2,1,5", "2002-01-02,1,2,5", "2002-01-02T23:59:59Z,2,2,4", "2002-01-03,3,1,4"],
  ...[
    "nonsense",
    "2002-01-03,3,2,5",
    "2002-03-01,1,1,5",
    "2002-01-01,1,3,1",
    "2002-03-01,4,1,5",
    '"2002-03-01",1,"a,b",5',
  ],
];

let work: Workplace;
beforeEach(() => {
  work = new Workplace();
  work.write("data/ratings/1.csv", `${LINES.join("\n")}\n`);
  work.write("data/movie_titles.csv", TITLES);
});
afterEach(() => work.remove());

/** Setup to consume; all that was left or printed is what the oracle says. */
function wholeJob(titles = TITLES): void {
  work.succeed("setup");
  work.succeed("produce");
  work.succeed(`process --drain ${flagsOf(JOB)}`);
  const ratings = work.topic();
  const expected = expectedOf(ratings, JOB, titles);
  expectLeft(work, ratings, expected);
  const anomalies = work.succeed("consume-kafka --once").stdout;
  expect(anomalies).toBe(expected.anomalies[0].map(({ line }) => `${line}\n`).join(""));
  expect(expected.anomalies[0].length).toBeGreaterThan(2);
  const results = work.succeed("consume-jdbc --once --limit 10000 --format csv").stdout;
  expect(results.split("\n").length - 2).toBe(expected.rows.size);
}

describe("the executable alone in a folder", () => {
  beforeEach(() => {
    copyFileSync(EXECUTABLE, work.path("tidemark"));
    work.program = [work.path("tidemark")];
    const lies = [
      "KAFKA_BOOTSTRAP_SERVERS=localhost:1",
      "PROCESSING_TYPE=A",
      "TIDEMARK_HOME=elsewhere",
      "JDBC_URL=postgres://h/d",
    ];
    for (const name of [".env", ".env.local", ".env.production"]) work.write(name, `${lies.join("\n")}\n`);
    work.write("bunfig.toml", 'preload = ["./hostile.ts"]\n[run]\npreload = ["./hostile.ts"]\n');
    const hostile = 'require("node:fs").writeFileSync("was-here", "");\n';
    const names = ["hostile.ts", "index.ts", "main.ts", "sqlite-thread-main.ts", "sqlite-thread-main.js"];
    for (const name of [...names, "node_modules/citty/index.js"]) work.write(name, hostile);
    work.write("package.json", '{ "name": "hostile", "version": "6.6.6", "type": "commonjs" }\n');
    work.write("tsconfig.json", '{ "compilerOptions": { "paths": { "citty": ["./hostile.ts"] } } }\n');
  });

  test("does the whole job, and leaves nothing but its home", () => {
    const before = readdirSync(work.folder);
    wholeJob();
    expect(readdirSync(work.folder).filter((name) => !before.includes(name))).toEqual(["tidemark-data"]);
    work.succeed("cleanup --yes");
    expect(readdirSync(work.folder)).toEqual(before);
  });

  test("does it with more rows than are written without a thread of the table's own", () => {
    const ids = Array.from({ length: 6000 }, (_, index) => index + 1);
    const lines = ids.map((id) => `2002-03-01,${id},1,${id % 5}\n`);
    work.write("data/ratings/2.csv", lines.join(""));
    const titles = ids.map((id) => `${id},2000,Title of ${id}\n`).join("");
    work.write("data/movie_titles.csv", titles);
    wholeJob(titles);
    expect(readdirSync(work.folder)).not.toContain("was-here");
  });

  test("prints its version and the help of every command", () => {
    const { stdout, stderr } = work.succeed("--version");
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/), ""]);
    expect(stdout).not.toContain("6.6.6");
    for (const name of COMMAND_NAMES) {
      const help = work.succeed(`${name} --help`);
      expect(help.stderr).toBe("");
      expect(help.stdout).toContain(`USAGE tidemark ${name} `);
      expect(help.stdout).toContain("TIDEMARK_HOME");
    }
  });
});

test.each(["Pacific/Kiritimati", "America/St_Johns"])(
  "the time zone and language of the machine decide nothing: %s",
  (zone) => {
    work.env = { TZ: zone, LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };
    wholeJob();
  },
);
