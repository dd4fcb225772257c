/**
 * Files and folders that this user may not read or write: exit 2, the path and what to do, nothing changed; once the
 * rights are there, the job goes on. Root may do anything, so where root runs the tests, the executable runs as another
 * user, from a place where that one can read it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot, succeed } from "../services/programs.ts";
import { JobUnderWay, PROCESS } from "./job-under-way.ts";
import { EXECUTABLE, saidBesideLog } from "./workplace.ts";

/** "nobody" wherever there is one. */
const OTHER_USER = 65534;

let program: readonly string[] = [EXECUTABLE];
let folder: string | undefined;
const original = new JobUnderWay();
beforeAll(() => {
  if (!isRoot()) return;
  folder = mkdtempSync(join(tmpdir(), "tidemark-program-"));
  chmodSync(folder, 0o755);
  const copy = join(folder, "tidemark");
  copyFileSync(EXECUTABLE, copy);
  chmodSync(copy, 0o755);
  program = ["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups", copy];
});
afterAll(() => {
  original.remove();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

let work: JobUnderWay;
beforeEach(() => {
  work = new JobUnderWay(original);
  giveAway();
});
afterEach(() => {
  // Whoever is not root could not remove what a test that failed left without rights.
  succeed("chmod", ["-R", "u+rwX", work.folder]);
  work.remove();
});

/** All that is there now belongs to the user who runs the commands. */
function giveAway(): void {
  work.program = program;
  if (isRoot()) succeed("chown", ["-R", `${OTHER_USER}:${OTHER_USER}`, work.folder]);
}

/** The only path that ends so: a run's folder has a random name. */
function find(path: string): string {
  const [found, ...more] = new Bun.Glob(path).scanSync({ cwd: work.folder, onlyFiles: false });
  expect([found, more]).toEqual([expect.any(String), []]);
  return work.path(found);
}

/** Refused while the path has that mode. */
function expectRefused(path: string, mode: number, command: string, message: string): void {
  const before = work.contents(".");
  const place = find(path);
  const usual = statSync(place).mode;
  chmodSync(place, mode);
  const outcome = work.run(command.replace(/^process/, PROCESS));
  chmodSync(place, usual);
  const [said, advice, ...more] = saidBesideLog(outcome);
  expect({ code: outcome.code, stdout: outcome.stdout, said, advice, more }).toEqual({
    code: 2,
    stdout: "",
    said: expect.stringMatching(/^tidemark: /),
    advice: expect.stringMatching(/^hint: .*(read|writ|allow|there)/),
    more: [""],
  });
  expect(said).toContain(message);
  expect(work.contents(".")).toEqual(before);
}

const RUN = "tidemark-data/checkpoints/run-*";
const RATINGS = "tidemark-data/topics/netflix-ratings/0";
const NOT_READABLE = 0o000;
const NOT_WRITABLE = 0o555;

describe("what may not be read", () => {
  test.each([
    ["data/ratings", "produce", "the ratings folder ./data/ratings cannot be read (EACCES)"],
    ["data/ratings/1.csv", "produce", "the rating file data/ratings/1.csv cannot be read (EACCES)"],
    ["data/movie_titles.csv", "process --once", "the titles file ./data/movie_titles.csv cannot be read: EACCES"],
    ["tidemark-data", "setup", "cannot read tidemark-data/tidemark.json (EACCES)"],
    ["tidemark-data", "produce", "cannot read tidemark-data/tidemark.json (EACCES)"],
    ["tidemark-data", "process --once", "cannot read tidemark-data/tidemark.json (EACCES)"],
    ["tidemark-data", "consume-kafka --once", "cannot read tidemark-data/tidemark.json (EACCES)"],
    ["tidemark-data", "consume-jdbc --once", "tidemark-data/tidemark.db"],
    ["tidemark-data", "cleanup --yes", "cannot read ./tidemark-data (EACCES)"],
    ["tidemark-data/tidemark.db", "process --once", "tidemark-data/tidemark.db"],
    ["tidemark-data/tidemark.db", "consume-jdbc --once", "tidemark-data/tidemark.db"],
    ["tidemark-data/checkpoints", "process --once", "tidemark-data/checkpoints/checkpoint.lock"],
    ["tidemark-data/checkpoints/current", "process --once", "cannot read tidemark-data/checkpoints/current (EACCES)"],
    [RUN, "process --once", "cannot read tidemark-data/checkpoints/run-"],
    [`${RUN}/shard-0.log`, "process --once", "/shard-0.log (EACCES)"],
    [RATINGS, "process --once", `cannot read ${RATINGS}/confirmed (EACCES)`],
    [`${RATINGS}/*.log`, "process --once", `cannot open ${RATINGS}/00000000000000000000.log (EACCES)`],
  ])("%s: %s", (path, command, message) => {
    // Something to be read.
    if (command.startsWith("process")) work.succeed("produce");
    expectRefused(path, NOT_READABLE, command, message);
    if (!command.startsWith("cleanup")) work.expectGoesOn();
  });
});

describe("what may not be written", () => {
  test.each([
    ["tidemark-data", "process --once", "tidemark-data/tidemark.db: it is read-only"],
    ["tidemark-data/tidemark.db", "process --once", "tidemark-data/tidemark.db (EACCES)"],
    [`${RUN}/shard-0.log`, "process --once", "/shard-0.log (EACCES)"],
    [`${RATINGS}/*.log`, "produce", `cannot open ${RATINGS}/00000000000000000000.log (EACCES)`],
  ])("%s: %s", (path, command, message) => {
    if (command.startsWith("process")) work.succeed("produce");
    expectRefused(path, NOT_WRITABLE, command, message);
    work.expectGoesOn();
  });

  test("a home: setup, and a folder in which it would be made", () => {
    work.write("bare/README", "mine\n");
    giveAway();
    expectRefused("bare", NOT_WRITABLE, "setup --home bare", "bare");
    expectRefused("bare", NOT_WRITABLE, "setup --home bare/home", "cannot make bare/home (EACCES)");
    work.succeed("setup --home bare");
    work.expectGoesOn();
  });
});

describe("what may not be removed", () => {
  test.each([
    ["tidemark-data/checkpoints", "cannot remove tidemark-data/checkpoints/totals.json (EACCES)"],
    [RUN, "/shard-0.log (EACCES)"],
    ["tidemark-data/groups/*-anomalies", "-anomalies/netflix-ratings-anomalies.json (EACCES)"],
    ["tidemark-data/topics", "cannot remove tidemark-data/topics/netflix-ratings (EACCES)"],
    ["tidemark-data/topics/netflix-ratings", "cannot remove tidemark-data/topics/"],
    ["tidemark-data", "tidemark-data/tidemark.db"],
  ])("%s: cleanup is refused, and removes all once it may", (path, message) => {
    work.succeed("consume-kafka --once");
    giveAway();
    chmodSync(find(path), NOT_WRITABLE);
    // Again, with what the first one left.
    for (const outcome of [work.run("cleanup --yes"), work.run("cleanup --yes")]) {
      const [said, advice, ...more] = saidBesideLog(outcome);
      expect({ code: outcome.code, said, advice, more }).toEqual({
        code: 2,
        said: expect.stringContaining(message),
        advice: expect.stringMatching(/^hint: .*writable/),
        more: [""],
      });
    }
    succeed("chmod", ["-R", "u+rwX", work.folder]);
    work.succeed("cleanup --yes");
    expect(existsSync(work.path("tidemark-data"))).toBe(false);
  });

  test("the home, of which the database is elsewhere: cleanup is refused, and removes all once it may", () => {
    const table = `--database jdbc:sqlite:${work.path("data/results.db")}`;
    work.succeed(`setup ${table}`);
    chmodSync(work.path("tidemark-data"), NOT_WRITABLE);
    const outcome = work.run(`cleanup --yes ${table}`);
    chmodSync(work.path("tidemark-data"), 0o755);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringMatching(/\ntidemark: .*tidemark-data\/\w+/) });
    work.succeed(`cleanup --yes ${table}`);
  });
});
