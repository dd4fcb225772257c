/**
 * A broker whose disk has lost bits: two batches of its file, one of them compressed, no longer fit their CRC, and the
 * broker serves them all the same. `process` stops before the first with all that came before kept, and with
 * `--skip-corrupt` goes on past both, counts them and says so. A batch whose CRC is right, but which cannot be
 * decompressed, ends it too, with what came before kept.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { JavaClient } from "../services/java-client.ts";
import { KafkaBroker } from "../services/kafka.ts";
import { naiveCrc32c } from "../topic/naive-batch.ts";
import { expectedOf, expectOutputs, flagsOf, type Job, totalsOf } from "./expectation.ts";
import { KafkaNames } from "./kafka-names.ts";
import { HomeTable } from "./places.ts";
import type { StoredRecord } from "./stored-records.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 240_000;
const LINES_A_FILE = 200;
const MOVIES = 5;
const TITLES = Array.from({ length: MOVIES }, (_, movie) => `${movie + 1},2000,Movie ${movie + 1}\n`).join("");
const JOB: Job = { mode: "A", days: 2, minCount: 2, minMean: 2 };
/** Each file is a batch. */
const CODECS = ["none", "none", "lz4", "lz4", "none"];
const CORRUPT = [1, 3];
/** In a topic of its own. */
const UNREADABLE = 2;

const work = new Workplace();
const names = new KafkaNames("corrupt");
const unreadable = new KafkaNames("unreadable");
let broker: KafkaBroker;
let java: JavaClient;
let ratings: StoredRecord[];
beforeAll(async () => {
  broker = await KafkaBroker.startOwn();
  java = new JavaClient(broker.brokers);
  work.env = names.environment(broker.brokers);
  work.write("data/movie_titles.csv", TITLES);
  work.succeed("setup");
  work.succeed("setup --home unreadable", [], unreadable.environment(broker.brokers));
  for (const [file, codec] of CODECS.entries()) {
    const lines = Array.from({ length: LINES_A_FILE }, (_, line) => {
      const day = String(1 + file * 5 + Math.floor(line / 50)).padStart(2, "0");
      return line % 40 === 39 ? `no rating ${line}` : `2002-03-${day},${1 + (line % MOVIES)},${line},${line % 6}`;
    });
    work.write(`data/ratings/${file}.csv`, `date,film_id,user_id,rate\n${lines.join("\n")}\n`);
    work.succeed(`produce --resume --compression ${codec}`);
    work.succeed(`produce --resume --compression ${codec}`, [], unreadable.environment(broker.brokers));
  }
  ratings = (await java.read(names.ratings))[0];
  // After an orderly stop the broker does not look through its files when it starts again.
  await broker.stop();
  corrupt(broker.segmentFile(names.ratings, 0));
  makeUnreadable(broker.segmentFile(unreadable.ratings, 0));
  await broker.startAgain();
}, START_MS_MAX);
afterAll(async () => {
  work.remove();
  await java?.close();
  await broker?.remove();
});

/** Flips a bit in the last byte of the batches that are to be corrupt. */
function corrupt(file: string): void {
  const { bytes, batches } = readBatchesOf(file);
  for (const index of CORRUPT) batches[index][batches[index].length - 1] ^= 4;
  writeFileSync(file, bytes);
}

/** Spoils the frame of a compressed batch, and gives it the CRC for that. */
function makeUnreadable(file: string): void {
  const { bytes, batches } = readBatchesOf(file);
  const batch = batches[UNREADABLE];
  batch[61] ^= 1;
  batch.writeUInt32BE(naiveCrc32c(batch, 21, batch.length), 17);
  writeFileSync(file, bytes);
}

/** A file's bytes, and a view of each batch. */
function readBatchesOf(file: string): { bytes: Buffer; batches: Buffer[] } {
  const bytes = readFileSync(file);
  const batches: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += batches[batches.length - 1].length) {
    batches.push(bytes.subarray(at, at + 12 + bytes.readInt32BE(at + 8)));
  }
  expect(batches.length).toBe(CODECS.length);
  return { bytes, batches };
}

/** The ratings of the files for which that holds. */
const ofFiles = (holds: (file: number) => boolean) =>
  ratings.filter(({ offset }) => holds(Math.floor(offset / LINES_A_FILE)));

test("process stops with exit 4 before the batch, however often it starts, and keeps what came before", async () => {
  expect(ratings.length).toBe(CODECS.length * LINES_A_FILE);
  for (const goal of ["--once", "--drain", "--once"]) {
    const { code, stderr } = work.run(`process ${goal} ${flagsOf(JOB)}`);
    expect([code, stderr]).toEqual([4, expect.stringContaining(`partition 0, is damaged at offset ${LINES_A_FILE}:`)]);
    expect(stderr).toContain("--skip-corrupt");
    expect(stderr).not.toMatch(/^ +at /m);
    const before = [ofFiles((file) => file < CORRUPT[0])];
    const expected = await names.expectLeft(work, java, { job: JOB, titles: TITLES, ratings: before, drains: [[]] });
    expect(expected.rejected.length).toBeGreaterThan(0);
  }
});

test("process --skip-corrupt goes on past it: rows, anomalies and rejected lines as if it had never been", async () => {
  const { stderr } = work.succeed(`process --skip-corrupt --drain ${flagsOf(JOB)}`);
  for (const batch of CORRUPT) {
    const [first, last] = [batch * LINES_A_FILE, (batch + 1) * LINES_A_FILE - 1];
    expect(stderr).toContain(`partition 0: passed the batch at offsets ${first} to ${last}, whose CRC is wrong`);
  }
  const left = [ofFiles((file) => !CORRUPT.includes(file))];
  const expected = await names.expectLeft(work, java, { job: JOB, titles: TITLES, ratings: left });
  expect(stderr).toContain(`info  ${totalsOf(expected)[0]}; corrupt batches passed ${CORRUPT.length}\n`);
  const totals = JSON.parse(readFileSync(work.path("tidemark-data", "checkpoints", "totals.json"), "utf8"));
  expect([totals.read, totals.corruptBatches]).toEqual([left[0].length, CORRUPT.length]);

  // They are behind us: no later start stumbles over them.
  const again = work.succeed(`process --once ${flagsOf(JOB)}`);
  expect(again.stderr).toContain(`corrupt batches passed ${CORRUPT.length}\n`);
});

test("process keeps what came before a batch that cannot be decompressed, at its first start already", async () => {
  const env = unreadable.environment(broker.brokers);
  for (const goal of ["--once", "--drain"]) {
    const { code, stderr } = work.run(`process ${goal} --home unreadable ${flagsOf(JOB)}`, [], env);
    const message = `the batch at offset ${UNREADABLE * LINES_A_FILE} of partition 0 of topic ${unreadable.ratings}`;
    expect([code, stderr]).toEqual([4, expect.stringContaining(`${message} cannot be decompressed`)]);
    const [anomalies, rejected] = [await java.read(unreadable.anomalies), await java.read(unreadable.rejected)];
    const before = [ofFiles((file) => file < UNREADABLE)];
    const expected = expectedOf(before, JOB, TITLES, [[]]);
    const rows = new HomeTable(work.path("unreadable")).rows();
    expectOutputs({ rows, anomalies: anomalies[0], rejected: rejected[0] }, before, expected);
  }
});
