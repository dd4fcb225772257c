/**
 * Commands at work at the same time on one home: rows that come while ratings are sent, consumers that follow, signals
 * and restarts, and a second process that is turned away. Waits are for events; delays are printed, never judged.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expectedOf, expectLeft, flagsOf, type Job } from "./expectation.ts";
import type { RunningCommand } from "./running-command.ts";
import { Workplace } from "./workplace.ts";

const JOB: Job = { mode: "A", days: 1, minCount: 2, minMean: 4 };
const TITLES = '1,2003,Dinosaur Planet\n2,2004,"Sick, Sad World"\n3,NULL,K-Pax\n';
const DAY_MS = 86_400_000;
/** For the work that is interrupted. */
const MOVIES = 10;
const SIGNAL_DELAYS_MS = [0, 2, 5, 5, 50];

let work: Workplace;
beforeEach(() => {
  work = new Workplace();
  work.write("data/movie_titles.csv", TITLES);
  work.succeed("setup");
});
/** What a failed test left running. */
const running: RunningCommand[] = [];
afterEach(async () => {
  for (const command of running.splice(0)) await command.end("SIGKILL");
  work.remove();
});

function start(commandLine: string): RunningCommand {
  const command = work.start(commandLine);
  running.push(command);
  return command;
}

/** A file of this many days from the day given (0 is 2002-01-01), three ratings of each movie a day. */
function writeDays(path: string, firstDay: number, days: number, movies = 3): void {
  const lines: string[] = ["date,film_id,user_id,rate\n"];
  for (let day = firstDay; day < firstDay + days; day++) {
    const date = new Date(Date.UTC(2002, 0, 1) + day * DAY_MS).toISOString().slice(0, 10);
    for (let movie = 1; movie <= movies; movie++) {
      for (const rating of [5, 4, 3]) lines.push(`${date},${movie},${rating},${rating}\n`);
    }
  }
  work.write(path, lines.join(""));
}

const rowCount = (): number => work.rows().length;
/** There from the end of a start on, until `process` ends. */
const lastLock = (): string => work.path("tidemark-data/topics/netflix-ratings-rejected/write.lock.owner");
const lineCount = (text: string): number => text.split("\n").length - 1;
/** What the checkpoint, the table and the topics of the job hold against the oracle. */
function expectAll(drained: boolean): void {
  const ratings = work.topic();
  expectLeft(work, ratings, expectedOf(ratings, JOB, TITLES, drained ? undefined : [[]]));
}

describe("process beside produce", () => {
  test("shows rows while ratings are still being sent, and a restart goes on where a signal ended it", async () => {
    for (const file of [0, 1, 2, 3]) writeDays(`data/ratings/${file}.csv`, file * 60, 60);
    const processing = start(`process ${flagsOf(JOB)}`);
    const producing = start("produce --sleep 0.7");
    // Two windows and a bit for each file, three movies in each.
    await producing.until("ratings", () => work.topic()[0].length > 0);
    const sentMs = performance.now();
    await processing.until("rows of the first file", () => rowCount() >= 6);
    console.log(`rows were there ${(performance.now() - sentMs).toFixed(0)} ms after their ratings`);
    expect(producing.hasEnded).toBe(false);
    expect(await processing.end("SIGTERM")).toMatchObject({ code: 0, stdout: "" });

    const again = start(`process ${flagsOf(JOB)}`);
    expect(await producing.outcome()).toMatchObject({ code: 0, stdout: "" });
    await again.until("all rows", () => rowCount() === 27);
    expect(await again.end("SIGINT")).toMatchObject({ code: 0, stdout: "" });
    work.succeed(`process --once ${flagsOf(JOB)}`);
    expectAll(false);
    work.succeed(`process --drain ${flagsOf(JOB)}`);
    expectAll(true);
  });

  test("signals again and again, at any moment of the work, lose nothing and end it with 0", async () => {
    const job: Job = { mode: "C", days: 1, minCount: 1, minMean: 0 };
    const titles = Array.from({ length: MOVIES }, (_, movie) => `${movie + 1},2003,Movie ${movie + 1}\n`).join("");
    work.write("data/movie_titles.csv", titles);
    writeDays("data/ratings/0.csv", -20_000, 20_000, MOVIES);
    work.succeed("produce");
    // When a signal comes, and so how far a run gets, is left to chance; what is left in the end is not.
    const reads = [0];
    for (const [run, delayMs] of SIGNAL_DELAYS_MS.entries()) {
      const processing = start(`process ${flagsOf(job)}`);
      await processing.until("its locks", () => existsSync(lastLock()));
      await sleep(delayMs);
      const { code, stderr } = await processing.end(run % 2 === 0 ? "SIGTERM" : "SIGINT");
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const read = Number(/read (\d+) = /.exec(stderr)?.[1]);
      expect(read).toBeGreaterThanOrEqual(reads.at(-1) ?? 0);
      reads.push(read);
    }
    console.log(`read at the signals: ${reads.join(", ")}`);
    work.succeed(`process --drain ${flagsOf(job)}`);
    const ratings = work.topic();
    expectLeft(work, ratings, expectedOf(ratings, job, titles));
  });
});

describe("a second", () => {
  test("process on the same home ends with 4, names the first and changes nothing", async () => {
    writeDays("data/ratings/0.csv", 0, 40);
    work.succeed("produce");
    work.succeed(`process --once ${flagsOf(JOB)}`);
    const first = start(`process ${flagsOf(JOB)}`);
    // As all is read, there is nothing left to do then.
    await first.until("its locks", () => existsSync(lastLock()));
    const before = work.contents();
    for (const goal of ["", " --once", " --drain", " --rebuild"]) {
      const { code, stdout, stderr } = work.run(`process${goal} ${flagsOf(JOB)}`);
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      expect(stderr).toContain(`in use by tidemark process (pid ${first.pid} on host `);
      expect(stderr).toContain("hint: wait until it ends, or stop it; nothing was changed");
    }
    expect(work.contents()).toEqual(before);
    // The checkpoints, the table and the home are locked, each by itself.
    work.succeed("setup --database jdbc:sqlite:other.db");
    const checkpoints = "--checkpoints elsewhere";
    for (const others of [
      checkpoints,
      "--database jdbc:sqlite:other.db",
      `${checkpoints} --database jdbc:sqlite:other.db`,
    ]) {
      const { code, stderr } = work.run(`process --once ${flagsOf(JOB)} ${others}`);
      expect({ others, code }).toEqual({ others, code: 4 });
      expect(stderr).toContain(`(pid ${first.pid} on host `);
    }
    expect(await first.end("SIGTERM")).toMatchObject({ code: 0 });
    work.succeed(`process --drain ${flagsOf(JOB)}`);
    expectAll(true);
  });

  test("process after one that was killed starts at once", async () => {
    writeDays("data/ratings/0.csv", 0, 40);
    work.succeed("produce");
    const first = start(`process ${flagsOf(JOB)}`);
    await first.until("rows", () => rowCount() > 0);
    expect((await first.end("SIGKILL")).code).toBe(null);
    work.succeed(`process --drain ${flagsOf(JOB)}`);
    expectAll(true);
  });

  test("produce to the same topic ends with 4, names the first and sends nothing", async () => {
    writeDays("data/ratings/0.csv", 0, 10);
    writeDays("data/ratings/1.csv", 10, 10);
    const first = start("produce --sleep 1000");
    await first.until("the first file", () => work.topic()[0].length === 90);
    const before = work.topic();
    const { code, stdout, stderr } = work.run("produce");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain(`in use by tidemark produce (pid ${first.pid} on host `);
    expect(work.topic()).toEqual(before);
    const ended = await first.end("SIGTERM");
    // Not done: a `process --drain` behind && must not run.
    expect(ended).toMatchObject({ code: 143, stdout: "" });
    expect(ended.stderr).toContain("--resume");
    expect(ended.stderr).toContain("stopped early: 90 lines were sent, and all of them are durable");
    expect(work.topic()[0].length).toBe(90);
  });
});

describe("a consumer that follows", () => {
  /** Sends the days and has them counted; their windows but the last are final then. */
  function count(firstDay: number, days: number): void {
    writeDays(`more-${firstDay}/0.csv`, firstDay, days);
    work.succeed(`produce --ratings more-${firstDay}`);
    work.succeed(`process --once ${flagsOf(JOB)}`);
  }

  test("consume-kafka prints lines as they are made, ends on a signal, goes on where it left off", async () => {
    count(0, 3);
    const first = start("consume-kafka");
    await first.until("the first lines", () => lineCount(first.stdout) === 3);
    count(3, 2);
    await first.until("lines made while it runs", () => lineCount(first.stdout) === 9);
    const ended = await first.end("SIGTERM");
    expect(ended.code).toBe(0);
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toStartWith(
      "2002-01-01 00:00:00,2002-01-02 00:00:00,Dinosaur Planet,3,4.0\n" +
        '2002-01-01 00:00:00,2002-01-02 00:00:00,"Sick, Sad World",3,4.0\n' +
        "2002-01-01 00:00:00,2002-01-02 00:00:00,K-Pax,3,4.0\n",
    );

    count(5, 1);
    const second = start("consume-kafka");
    await second.until("what it had not printed", () => lineCount(second.stdout) >= 3);
    expect(await second.end("SIGINT")).toMatchObject({ code: 0, stderr: "" });
    const all = work.succeed("consume-kafka --once --from-beginning").stdout;
    expect(ended.stdout + second.stdout).toBe(all);
    expect(lineCount(all)).toBe(12);
    expect(work.succeed("consume-kafka --once").stdout).toBe("");
  });

  test("consume-jdbc redraws every --interval, with new rows once they are there", async () => {
    const follow = start("consume-jdbc --interval 0.1 --format json");
    await follow.until("a first draw", () => follow.stdout.startsWith("[]\n"));
    count(0, 40);
    await follow.until("a draw with rows", () => follow.stdout.trimEnd().endsWith('"unique_rating_count":3}\n]'));
    expect(await follow.end("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    const last = follow.stdout.slice(follow.stdout.lastIndexOf("\n["));
    expect(last.trim()).toBe(work.succeed("consume-jdbc --once --format json").stdout.trim());
    expect(JSON.parse(last)).toHaveLength(6);
  });
});
