/**
 * `produce --resume`, as cron would retry it: killed again and again at random moments, on embedded topics and on a
 * broker, it leaves every line on the topic once and in order. What the topic holds is read from its files, and by the
 * broker's own console consumer.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../generate/random.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import { sharedBroker } from "../services/shared.ts";
import { sentLines } from "./sent-lines.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const PARTITIONS = 3;
const KILLS = 12;
const KILL_AFTER_MS_MAX = 100;
const FILES = 4;
const LINES_A_FILE = 25_000;
const MOVIES = 50;

let work: Workplace;
beforeEach(() => {
  work = new Workplace();
});
afterEach(() => work.remove());

/** Ratings of some movies, and lines that are none. */
function writeFile(number: number, random: Random): void {
  const lines = Array.from({ length: LINES_A_FILE }, (_, line) => {
    if (random.whole(0, 999) === 0) return `no rating ${number}-${line}`;
    return `2002-0${number + 1}-10,${random.whole(1, MOVIES)},${number * LINES_A_FILE + line},${random.whole(1, 5)}`;
  });
  work.write(`data/ratings/${number}.csv`, `date,film_id,user_id,rate\n${lines.join("\n")}\n`);
}

/** The lines as each partition must hold them: a movie's in one partition, so in its files' order. */
function sorted(lines: readonly string[]): string[] {
  return lines.toSorted();
}

async function killOften(random: Random): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    const command = work.start("produce --resume");
    await sleep(random.whole(20, KILL_AFTER_MS_MAX)); // The moment is what is random here; nothing is judged by it.
    await command.end("SIGKILL");
  }
}

function newRandom(): Random {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  return new Random(seed);
}

function expectOnce(values: readonly (string | null)[]): void {
  const expected = sentLines(work.path("data/ratings"));
  expect(values.length).toBe(expected.length);
  expect(sorted(values.map(String))).toEqual(sorted(expected));
}

/** Of each movie, in one partition, the lines come in the order in which the files hold them. */
function expectInOrder(values: readonly (string | null)[]): void {
  const users = values.flatMap((value) => (value?.startsWith("2002") ? [Number(value.split(",")[2])] : []));
  expect(users).toEqual(users.toSorted((a, b) => a - b));
}

describe("on embedded topics, produce --resume", () => {
  const onTopic = () =>
    work.topic().map((partition) => partition.map(({ value }) => value?.toString("latin1") ?? null));

  beforeEach(() => work.succeed(`setup --partitions ${PARTITIONS}`));

  test("killed at random moments, leaves every line there once, in order", async () => {
    const random = newRandom();
    for (let file = 0; file < FILES; file++) writeFile(file, random);
    await killOften(random);
    work.succeed("produce --resume");
    expectOnce(onTopic().flat());
    for (const values of onTopic()) expectInOrder(values);
  });

  test("sends nothing that is there, and then only what was added to the folder", () => {
    const random = newRandom();
    writeFile(0, random);
    work.succeed("produce");
    expect(work.succeed("produce --resume").stderr).toContain("resuming: going on behind 0.csv");
    expectOnce(onTopic().flat());
    writeFile(1, random);
    work.succeed("produce --resume");
    expectOnce(onTopic().flat());
  });

  test("finds its place behind another producer's batches, and refuses a file that has changed", () => {
    const random = newRandom();
    writeFile(0, random);
    work.succeed("produce");
    work.write("data/ratings/0.csv", "date,film_id,user_id,rate\n2002-01-01,1,2,3\n2002-01-01,1,2,4\n");
    const before = work.contents("tidemark-data/topics/netflix-ratings/0");
    work.write(
      "data/ratings/0.csv",
      `x\n${Array.from({ length: LINES_A_FILE }, () => "2002-01-01,1,2,3").join("\n")}\n`,
    );
    const refused = work.run("produce --resume");
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("0.csv is not the one that the topic")]);
    expect(work.contents("tidemark-data/topics/netflix-ratings/0")).toEqual(before);
  });
});

describe("on a broker, produce --resume", () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await sharedBroker();
  }, START_MS_MAX);
  afterAll(() => broker.remove());

  test("killed at random moments, leaves every line there once, in order", async () => {
    const random = newRandom();
    const topic = `resume-${randomBytes(6).toString("hex")}`;
    const refused = { code: 4, stderr: expect.stringContaining(`sending topic ${topic} with --resume from the home`) };
    const names = { KAFKA_DATA_TOPIC_NAME: topic, KAFKA_ANOMALY_TOPIC_NAME: `${topic}-a` };
    work.env = { KAFKA_BOOTSTRAP_SERVERS: broker.brokers, ...names, KAFKA_REJECTED_TOPIC_NAME: `${topic}-r` };
    work.succeed(`setup --partitions ${PARTITIONS}`);
    for (let file = 0; file < FILES; file++) writeFile(file, random);
    await killOften(random);
    // As cron would, when one takes longer than the time between two.
    const both = [work.start("produce --resume"), work.start("produce --resume")];
    const outcomes = await Promise.all(both.map((running) => running.outcome()));
    expect(outcomes.map(({ code }) => code)).toContain(0);
    for (const { code, stderr } of outcomes) if (code !== 0) expect({ code, stderr }).toEqual(refused);
    work.succeed("produce --resume");
    const records = await broker.consoleConsume(topic);
    expectOnce(records.map(({ value }) => value));
    for (let partition = 0; partition < PARTITIONS; partition++) {
      expectInOrder(records.filter((record) => record.partition === partition).map(({ value }) => value));
    }
    work.succeed("cleanup --yes");
  });
});
