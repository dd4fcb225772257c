/**
 * A checkpoint costs what changed, not what is held; its log is compacted when it has outgrown the state, again and
 * again, and a kill at any step of that loses nothing.
 */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { joined } from "../../src/byte-stream.ts";
import { LOG_BYTES_MIN } from "../../src/checkpoint/shard-log-file.ts";
import { Random } from "../generate/random.ts";
import type { OracleRecord } from "../oracle.ts";
import { type ProcessOptions, runProcess, send, setUp } from "./embedded-home.ts";
import { makeFastFolder, Photographer } from "./photographs.ts";
import { difference, expectedResults, storedResults } from "./results.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const DAY_MS = 86_400_000;
const FIRST_DAY = 12_000;
/** Photographed after a compaction: some epochs. */
const STEPS_AFTER = 10;

let folder: string;
let home: string;
let random: Random;
beforeEach(() => {
  console.log(`seed ${SEED}`);
  random = new Random(SEED);
  folder = makeFastFolder("tidemark-compaction-");
  home = join(folder, "home");
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (mode: "A" | "C", movies: number): ProcessOptions => ({
  rules: { mode, anomalyDays: 3, anomalyMinCount: 2, anomalyMinMean: 4 },
  titles: new Map(Array.from({ length: movies }, (_, index) => [index + 1, `Title of ${index + 1}`])),
});

function ratings(count: number, movies: number, fromDay: number, days: number): OracleRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const date = new Date((fromDay + Math.floor((index * days) / count)) * DAY_MS).toISOString().slice(0, 10);
    return { line: `${date},${random.whole(1, movies)},${random.whole(1, 1000)},${random.whole(1, 5)}` };
  });
}

const longMalformedLines = (count: number): OracleRecord[] =>
  Array.from({ length: count }, () => ({ line: `malformed ${random.whole(0, 9)}`.repeat(900) }));

/** Sends each list as one batch, so as one epoch. */
async function sendBatches(batches: readonly OracleRecord[][]): Promise<void> {
  const whole = { whole: (_: number, most: number) => most, pick: <T>(items: readonly T[]) => items[0] };
  for (const batch of batches) await send(home, whole as Random, [batch], batch.length);
}

function logPath(): string {
  const checkpoints = join(home, "checkpoints");
  const run = readdirSync(checkpoints).find((name) => name.startsWith("run-")) ?? "no run";
  return join(checkpoints, run, "shard-0.log");
}

test.each(["A", "C"] as const)(
  "mode %s: killed at every step of a compaction, nothing is lost or done twice",
  async (mode) => {
    const process = options(mode, 30);
    await setUp(home, 1);
    // Rejected lines stand in the log until it is compacted: some 25 of these epochs fill it.
    const batches = Array.from({ length: 90 }, (_, day) => [
      ...ratings(30, 30, FIRST_DAY + day, 2),
      ...longMalformedLines(70),
    ]);
    await sendBatches(batches);
    const expected = expectedResults(home, process.titles, process.rules);
    expect(Math.min(expected.rows.length, expected.anomalies.flat().length)).toBeGreaterThan(20);

    const logs = new Set<number>();
    const watched = random.whole(1, 2);
    let stepsAfter = STEPS_AFTER;
    const photographer = new Photographer(home, random, () => {
      if (!existsSync(join(home, "checkpoints", "current")) || !existsSync(logPath())) return false;
      logs.add(statSync(logPath()).ino);
      // From the temporary file's first byte until some steps after it has become the log.
      if (logs.size === watched) return existsSync(`${logPath()}.new`);
      return logs.size === watched + 1 && stepsAfter-- > 0;
    });
    const [{ log }] = await photographer.during(() =>
      runProcess(home, { ...process, around: (table) => photographer.watched(table, "table") }),
    );
    // What compaction adds is little where little is held.
    const rejectedBytes = expected.rejected[0].reduce((bytes, text) => bytes + text.length, 0);
    expect(log.bytesWritten).toBeLessThan(rejectedBytes * 1.2);
    expect(difference(storedResults(home), expected)).toBeUndefined();
    expect(logs.size).toBeGreaterThan(3);
    expect(statSync(logPath()).size).toBeLessThan(LOG_BYTES_MIN * 1.1);
    console.log(`${logs.size - 1} compactions, ${photographer.taken.length} steps around one`);
    expect(photographer.taken.length).toBeGreaterThan(STEPS_AFTER + 2);
    for (const killed of photographer.taken) {
      rmSync(home, { recursive: true });
      killed.develop(home);
      await runProcess(home, process);
      const different = difference(storedResults(home), expected);
      if (different !== undefined) throw new Error(`killed before ${killed.before}: ${different}`);
    }
  },
);

test("a table from before the base is refused, as its epochs are not in the log any more", async () => {
  const process = options("A", 30);
  await setUp(home, 1);
  await sendBatches([ratings(50, 30, FIRST_DAY, 1)]);
  await runProcess(home, process);
  cpSync(join(home, "tidemark.db"), join(folder, "older.db"));
  await sendBatches(
    Array.from({ length: 30 }, (_, day) => [...ratings(9, 30, FIRST_DAY + day, 1), ...longMalformedLines(80)]),
  );
  await runProcess(home, process);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(home, `tidemark.db${suffix}`), { force: true });
  cpSync(join(folder, "older.db"), join(home, "tidemark.db"));
  await expect(runProcess(home, process)).rejects.toMatchObject({ exitCode: 4 });
  await runProcess(home, { ...process, rebuild: true });
  expect(difference(storedResults(home), expectedResults(home, process.titles, process.rules))).toBeUndefined();
});

test("one part in a hundred more ratings cost a small part of the state, however much is held", async () => {
  const counts = { small: 100_000, large: 400_000 };
  const written: Record<string, number> = {};
  for (const [size, count] of Object.entries(counts)) {
    const movies = count / 10;
    const process = options("A", movies);
    home = join(folder, size);
    mkdirSync(home);
    await setUp(home, 1);
    await sendBatches(Array.from({ length: 20 }, (_, part) => ratings(count / 20, movies, FIRST_DAY + part * 18, 18)));
    const [{ shard }] = await runProcess(home, process);
    const stateBytes = joined(shard.takeEpoch(true).state).length;
    await sendBatches([ratings(counts.small / 100, movies, FIRST_DAY + 359, 1)]);
    const [{ log }] = await runProcess(home, process);
    written[size] = log.bytesWritten;
    console.log(`${size}: a state of ${stateBytes} bytes, ${log.bytesWritten} bytes for ${counts.small / 100} ratings`);
    expect(log.bytesWritten).toBeLessThan(stateBytes / 10);
  }
  expect(written.large).toBeLessThan(written.small * 1.5);
});
