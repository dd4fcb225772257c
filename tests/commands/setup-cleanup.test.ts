/** setup and cleanup of an embedded home: what is made, what is removed, what is left alone, and when they refuse. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanup } from "../../src/commands/cleanup.ts";
import { consumeKafka } from "../../src/commands/consume-kafka.ts";
import { processRatings } from "../../src/commands/process.ts";
import { produce } from "../../src/commands/produce.ts";
import { setup } from "../../src/commands/setup.ts";
import { FileLock } from "../../src/disk/file-lock.ts";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { type RunOptions, type RunResult, run } from "./run.ts";

describe("setup and cleanup", () => {
  let root: string;
  let home: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tidemark-setup-"));
    home = join(root, "deep", "home");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const runSetup = (...args: string[]) => run("setup", setup, ["--home", home, ...args]);
  const runCleanup = (args: string[] = ["--yes"], options?: RunOptions): Promise<RunResult> =>
    run("cleanup", cleanup, ["--home", home, ...args], options);

  /** Setup, and a run that leaves records, rows, a checkpoint and a group's offset. */
  async function used(...args: string[]): Promise<void> {
    await runSetup();
    const [ratings, titles] = [join(root, "ratings"), join(root, "titles.csv")];
    mkdirSync(ratings, { recursive: true });
    writeFileSync(join(ratings, "1.csv"), "date,film_id,user_id,rate\n2002-09-20,1,7,4\n2002-09-25,1,8,5\nbad line\n");
    writeFileSync(titles, "1,2001,K-Pax\n");
    await run("produce", produce, ["--home", home, "--ratings", ratings]);
    const anomalies = ["--anomaly-days", "1", "--anomaly-min-count", "1", "--drain"];
    await run("process", processRatings, ["--home", home, "--titles", titles, ...anomalies, ...args]);
    const { stdout } = await run("consume-kafka", consumeKafka, ["--home", home, "--once", "--from-beginning"]);
    expect(stdout).toStartWith("2002-09-20 00:00:00,2002-09-21 00:00:00,K-Pax,1,4.0\n");
  }

  /** The run that is current, and the file that says so. */
  const checkpointFiles = (folder = join(home, "checkpoints")) =>
    readdirSync(folder).filter((name) => /^(current$|run-\w+-)/.test(name));

  test("setup makes home, topics and table, says so, and finds them there when repeated", async () => {
    const first = await runSetup("--partitions", "3");
    expect(first.stdout).toBe("");
    expect(first.logged).toContain("topic netflix-ratings: made, with 3 partitions");
    expect(first.logged.join("\n")).toContain("table movie_ratings");
    expect((await runSetup("--partitions", "3")).logged).toEqual([
      "topic netflix-ratings: was there already",
      "topic netflix-ratings-anomalies: was there already",
      "topic netflix-ratings-rejected: was there already",
      `table movie_ratings in ${join(home, "tidemark.db")}: was there already`,
    ]);
    const error = await failureOf(() => runSetup("--partitions", "2"));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("3 partitions, not 2")]);
    for (const [topic, partitions] of [
      ["netflix-ratings", 3],
      ["netflix-ratings-anomalies", 1],
    ] as const) {
      const reader = await LocalTopicReader.open(home, topic);
      expect(reader.partitions).toBe(partitions);
      await reader.close();
    }
  });

  test("setup is exit 2 where the home cannot be, and exit 4 for a home of a newer Tidemark", async () => {
    writeFileSync(join(root, "file"), "");
    for (const path of [join(root, "file"), join(root, "file", "home")]) {
      const error = await failureOf(() => run("setup", setup, ["--home", path]));
      expect([error.exitCode, error.message]).toEqual([2, expect.stringContaining(path)]);
    }
    await runSetup();
    writeFileSync(join(home, "tidemark.json"), '{"format": 99}');
    for (const attempt of [runSetup, () => runCleanup()]) {
      const error = await failureOf(() => attempt());
      expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("newer Tidemark")]);
    }
    writeFileSync(join(home, "tidemark.json"), "{}");
    expect(await failureOf(() => runSetup())).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining("damaged"),
    });
  });

  test("cleanup leaves nothing of a run, and is content when there is nothing", async () => {
    await used();
    expect(checkpointFiles()).toHaveLength(2);
    const { logged, stdout } = await runCleanup();
    expect(stdout).toBe("");
    expect(logged.join("\n")).toMatch(
      /removed the checkpoint [\s\S]*removed table movie_ratings [\s\S]*removed topic netflix-ratings /,
    );
    expect(readdirSync(join(root, "deep"))).toEqual([]);
    expect((await runCleanup([])).logged).toEqual([`there is nothing to remove in ${home}`]);
  });

  test("setup --drop starts afresh", async () => {
    await used();
    await runSetup("--drop", "--yes", "--partitions", "2");
    expect(existsSync(join(home, "checkpoints"))).toBe(false);
    const reader = await LocalTopicReader.open(home, "netflix-ratings");
    expect(await reader.bounds(1)).toEqual({ start: 0, end: 0 });
    await reader.close();
    await runSetup("--drop", "--yes");
    await used();
  });

  test("cleanup asks on a terminal, and removes only when the answer is y", async () => {
    await used();
    const dropping = (typed: string) => run("setup", setup, ["--home", home, "--drop"], { typed });
    const refused = [() => runCleanup([]), () => dropping("n\n")];
    for (const typed of ["n\n", "\n", "", "yellow\n"]) refused.push(() => runCleanup([], { typed }));
    for (const attempt of refused) {
      expect(await failureOf(attempt)).toMatchObject({ exitCode: 2, hint: expect.stringContaining("--yes") });
    }
    expect(checkpointFiles()).toHaveLength(2);
    const { logged } = await runCleanup([], { typed: "y\n" });
    expect(logged).toContain(`to be removed: topic netflix-ratings in ${home}, with all its records`);
    expect(existsSync(home)).toBe(false);
  });

  test("cleanup is exit 4 while a process or a producer lives, and nothing is gone", async () => {
    await used();
    const writer = await LocalTopicWriter.open(home, "netflix-ratings-rejected", "process, pid 1");
    const locks = [join(home, "process.lock"), join(home, "checkpoints", "checkpoint.lock")];
    const errors = [await failureOf(() => runCleanup())];
    await writer.close();
    for (const path of locks) {
      const lock = FileLock.acquire(path, "it", "process, pid 1");
      errors.push(await failureOf(() => runCleanup()));
      lock.release();
    }
    expect(errors.map(({ exitCode, message }) => `${exitCode} ${message}`)).toEqual(
      errors.map(() => expect.stringMatching(/^4 .* is in use by process, pid 1/)),
    );
    expect(checkpointFiles()).toHaveLength(2);
    await used();
  });

  test("cleanup of checkpoints that lie in the home itself heeds both locks of that folder", async () => {
    await used("--checkpoints", home);
    for (const name of ["process.lock", "checkpoint.lock"]) {
      const lock = FileLock.acquire(join(home, name), "it", "process, pid 1");
      const error = await failureOf(() => runCleanup(["--yes", "--checkpoints", home]));
      lock.release();
      expect([error.exitCode, error.message]).toEqual([4, expect.stringMatching(/in use by process, pid 1/)]);
      expect(checkpointFiles(home)).toHaveLength(2);
    }
    await runCleanup(["--yes", "--checkpoints", home]);
    expect(existsSync(home)).toBe(false);
  });

  test("cleanup leaves alone topics that were there before setup, and what it did not make anywhere", async () => {
    const checkpoints = join(root, "my checkpoints");
    mkdirSync(home, { recursive: true });
    await new LocalTopicAdmin(home, "someone").create("netflix-ratings", 1);
    await used("--checkpoints", checkpoints);
    const kept = {
      [join(home, "notes.txt")]: "mine",
      [join(home, "topics", "netflix-ratings-rejected", "notes.txt")]: "mine",
      [join(checkpoints, "current.txt")]: "mine",
      [join(checkpoints, "run of mine")]: "mine",
      [join(checkpoints, checkpointFiles(checkpoints).find((name) => name.startsWith("run-")) ?? "", "notes.txt")]:
        "mine",
    };
    for (const [path, content] of Object.entries(kept)) writeFileSync(path, content);
    const { logged } = await runCleanup(["--yes", "--checkpoints", checkpoints]);
    expect(logged).toContain(`(kept: topic netflix-ratings in ${home}, as setup did not make it)`);
    expect(logged.join("\n")).toContain(`(kept: folder ${home}, which holds notes.txt, topics`);
    for (const [path, content] of Object.entries(kept)) expect(readFileSync(path, "utf8")).toBe(content);
    const reader = await LocalTopicReader.open(home, "netflix-ratings");
    expect((await reader.bounds(0)).end).toBe(3);
    await reader.close();
    expect(readdirSync(home).sort()).toEqual(["notes.txt", "topics"]);
    const run = checkpointFiles(checkpoints);
    expect(run).toHaveLength(1);
    expect(readdirSync(join(checkpoints, run[0]))).toEqual(["notes.txt"]);
  });

  test("cleanup removes the folders from the inside, whichever of home and checkpoints lies in the other", async () => {
    for (const checkpoints of [home, `${home}/`, join(home, "topics"), join(root, "deep")]) {
      await used("--checkpoints", checkpoints);
      const { logged } = await runCleanup(["--yes", "--checkpoints", checkpoints]);
      expect(logged.filter((line) => line.includes("kept"))).toEqual([]);
      expect(existsSync(home)).toBe(false);
    }
  });

  test("cleanup removes nothing from a folder that somebody else uses in Tidemark's names", async () => {
    mkdirSync(join(root, "app", "run-1a"), { recursive: true });
    const files = [join(root, "app", "current"), join(root, "app", "run-1a", "data"), join(root, "app", "shard-0.log")];
    files.push(join(root, "app", "totals.json"));
    for (const path of files) writeFileSync(path, "mine");
    await runSetup();
    await runCleanup(["--yes", "--checkpoints", join(root, "app")]);
    for (const path of files) expect(readFileSync(path, "utf8")).toBe("mine");
    expect(existsSync(home)).toBe(false);
  });

  test("cleanup of other names removes what they name, and says what it leaves", async () => {
    await used();
    const names = ["--topic", "a", "--anomaly-topic", "b", "--rejected-topic", "c", "--group", "d"];
    await run("setup", setup, ["--home", home, "--database", `jdbc:sqlite:${join(root, "other.db")}`, ...names]);
    const other = [
      "--database",
      `jdbc:sqlite:${join(root, "other.db")}`,
      "--checkpoints",
      join(root, "none"),
      ...names,
    ];
    const { logged } = await runCleanup(["--yes", ...other]);
    expect(logged).toContain(`removed topic a in ${home}`);
    expect(readdirSync(join(home, "topics")).sort()).toEqual([
      "netflix-ratings",
      "netflix-ratings-anomalies",
      "netflix-ratings-rejected",
    ]);
    await used();
    await runCleanup();
    expect(existsSync(home)).toBe(false);
  });

  test("cleanup that was killed half-way finishes when it is run again", async () => {
    const topics = () => join(home, "topics");
    const leftOvers: (() => void)[] = [
      () => rmSync(join(home, "checkpoints", "current")),
      () => rmSync(join(home, "checkpoints"), { recursive: true }),
      () => rmSync(join(home, "tidemark.db")),
      () => rmSync(join(home, "groups"), { recursive: true }),
      () => renameSync(join(topics(), "netflix-ratings"), join(topics(), "~netflix-ratings")),
      () => rmSync(join(topics(), "~netflix-ratings", "topic.json")),
      () => rmSync(join(topics(), "~netflix-ratings"), { recursive: true }),
      () => rmSync(topics(), { recursive: true }),
      () => rmSync(join(home, "tidemark.json")),
    ];
    for (let steps = 1; steps <= leftOvers.length; steps++) {
      await used();
      for (const step of leftOvers.slice(0, steps)) step();
      await runCleanup();
      expect(existsSync(home)).toBe(false);
    }
  }, 30_000);
});
