/**
 * Checkpoints as files: what was logged is there after a restart, whatever a crash left behind; damage and other
 * settings are reported; a log is compacted and stays small.
 */
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteReader } from "../../src/byte-stream.ts";
import { ByteWriter } from "../../src/byte-stream.ts";
import type { CheckpointSettings, CheckpointStore, ShardLog, StateTaker } from "../../src/checkpoint/contract.ts";
import { openCheckpointFiles } from "../../src/checkpoint/files.ts";
import { LOG_BYTES_MIN } from "../../src/checkpoint/shard-log-file.ts";
import type { Epoch } from "../../src/epoch.ts";
import { UserError } from "../../src/errors.ts";
import { RowColumns } from "../../src/row-columns.ts";
import { Movies } from "../../src/shard/movies.ts";

const SETTINGS: CheckpointSettings = {
  mode: "C",
  anomalyDays: 30,
  group: "group",
  topic: "ratings",
  anomalyTopic: "anomalies",
  rejectedTopic: "rejected",
  partitions: 2,
};
const RUN = "11111111-aaaa-4aaa-8aaa-111111111111";
const OTHER_RUN = "22222222-bbbb-4bbb-8bbb-222222222222";
const ENDS = { anomalies: 3, rejected: 4 };

/** A state that is a list of numbers: each delta adds one, so that order and loss show. */
class Numbers implements StateTaker {
  readonly movies = new Movies();
  readonly values: number[] = [];

  restore(from: ByteReader): void {
    const whole = from.varint() === 1;
    if (whole) this.values.length = 0;
    for (let left = from.varint(); left > 0; left--) this.values.push(from.varint());
    from.bytes();
  }
}

function state(whole: boolean, values: readonly number[], paddingBytes = 0): Uint8Array[] {
  const out = new ByteWriter();
  out.varint(whole ? 1 : 0);
  out.varint(values.length);
  for (const value of values) out.varint(value);
  out.bytes(new Uint8Array(paddingBytes));
  return out.pieces();
}

let folder: string;
let warnings: string[];
const stores: CheckpointStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-checkpoint-"));
  warnings = [];
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

function openStore(): CheckpointStore {
  const store = openCheckpointFiles(folder, "a test", (text) => warnings.push(text));
  stores.push(store);
  return store;
}

async function beginRun(): Promise<{ store: CheckpointStore; log: ShardLog }> {
  const store = openStore();
  const logs = await store.begin(SETTINGS, RUN, "owner", state(true, []), ENDS, [undefined, undefined]);
  return { store, log: logs[0] };
}

async function reopen(settings = SETTINGS): Promise<{ store: CheckpointStore; log: ShardLog }> {
  for (const store of stores.splice(0)) await store.close();
  const store = openStore();
  const logs = await store.load(settings);
  if (logs === undefined) throw new Error("no run is there");
  return { store, log: logs[0] };
}

/** Appends the next epoch, whose state delta and offset are its number. */
async function append(log: ShardLog, movies: Movies, whole?: readonly number[], paddingBytes = 0): Promise<Epoch> {
  const number = log.last.number + 1;
  const epoch: Epoch = {
    partition: 0,
    identity: { ...log.last, number },
    previous: log.last,
    offset: number * 10,
    rows: new RowColumns(),
    anomalies: [],
    rejected: [{ offset: number, reason: "malformed", line: new Uint8Array([number]), fullBytes: 1 }],
  };
  const delta = whole === undefined ? state(false, [number], paddingBytes) : state(true, whole, paddingBytes);
  await log.append({ epoch, state: delta, whole: whole !== undefined }, movies);
  return epoch;
}

const logPath = () => join(folder, `run-${RUN}`, "shard-0.log");

test("what was logged is there after a restart, with the outputs of every epoch after the one asked for", async () => {
  const { log } = await beginRun();
  const epochs = [];
  for (let count = 0; count < 3; count++) epochs.push(await append(log, new Movies()));
  await log.confirm(epochs[0].identity, { anomalies: 7, rejected: 8 });

  const again = await reopen();
  expect(again.log.last).toEqual(epochs[2].identity);
  expect(again.log.confirmed).toEqual(epochs[0].identity);
  expect(again.log.ends).toEqual({ anomalies: 7, rejected: 8 });
  const numbers = new Numbers();
  expect(again.log.replay(numbers, epochs[0].identity)).toEqual(epochs.slice(1));
  expect(numbers.values).toEqual([1, 2, 3]);
});

test("a side may stand at any epoch in the log, or where it begins, and at no other", async () => {
  const { log } = await beginRun();
  await append(log, new Movies());
  const { log: again } = await reopen();
  expect(again.holds({ run: RUN, owner: "owner", number: 0 })).toBe(true);
  expect(again.holds({ run: RUN, owner: "owner", number: 1 })).toBe(true);
  expect(again.holds({ run: RUN, owner: "owner", number: 2 })).toBe(false);
  expect(again.holds({ run: RUN, owner: "another", number: 1 })).toBe(false);
  expect(again.holds({ run: OTHER_RUN, owner: "owner", number: 1 })).toBe(false);
});

test("a log cut anywhere in its last epoch goes on from the epoch before", async () => {
  const { log } = await beginRun();
  await append(log, new Movies());
  const before = statSync(logPath()).size;
  await append(log, new Movies());
  for (let length = statSync(logPath()).size - 1; length > before; length--) {
    truncateSync(logPath(), length);
    const { log: again } = await reopen();
    expect(again.last.number).toBe(1);
    // What is left of the torn epoch must not stand in the way of the next one.
    const numbers = new Numbers();
    again.replay(numbers, again.confirmed);
    await append(again, numbers.movies);
    expect(numbers.values).toEqual([1]);
  }
  expect(warnings.length).toBeGreaterThan(0);
  const { log: last } = await reopen();
  const numbers = new Numbers();
  last.replay(numbers, last.confirmed);
  expect(numbers.values).toEqual([1, 2]);
});

test("a flipped byte before the last record is exit 4, says where, and what to do", async () => {
  const { log } = await beginRun();
  await append(log, new Movies());
  await append(log, new Movies());
  const bytes = readFileSync(logPath());
  bytes[bytes.length >> 1] ^= 0xff;
  writeFileSync(logPath(), bytes);
  const error = await reopen().then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).exitCode).toBe(4);
  expect((error as UserError).message).toContain(logPath());
  expect((error as UserError).hint).toContain("--rebuild");
});

test("a log that outgrows its state asks for all of it, shrinks to it, and keeps unconfirmed epochs", async () => {
  const { log } = await beginRun();
  const movies = new Movies();
  const half = LOG_BYTES_MIN / 2;
  await append(log, movies, undefined, half);
  await log.confirm(log.last, ENDS);
  expect(log.wantsWhole).toBe(false);
  const second = await append(log, movies, undefined, half);
  expect(log.wantsWhole).toBe(true);
  const third = await append(log, movies, [1, 2, 3]);
  expect(log.wantsWhole).toBe(false);
  expect(statSync(logPath()).size).toBeLessThan(2000);
  const fourth = await append(log, movies);

  const { log: again } = await reopen();
  const numbers = new Numbers();
  expect(again.replay(numbers, again.confirmed)).toEqual([second, third, fourth]);
  expect(again.confirmed.number).toBe(1);
  expect(numbers.values).toEqual([1, 2, 3, 4]);
});

test("appends and confirmations that overlap a compaction are all there", async () => {
  const { log } = await beginRun();
  const movies = new Movies();
  const first = await append(log, movies, undefined, LOG_BYTES_MIN + 1);
  const whole = append(log, movies, [1, 2]);
  await Promise.all([whole, log.confirm(first.identity, { anomalies: 9, rejected: 9 })]);
  const { log: again } = await reopen();
  expect(again.confirmed.number).toBe(1);
  expect(again.last.number).toBe(2);
});

test("behind an epoch that the disk refused half-way nothing is written: it stays a torn tail", async () => {
  const { log } = await beginRun();
  const first = await append(log, new Movies());
  const file = await open(logPath());
  const files = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  // The frame's head is written, its body is not.
  const write = files.write;
  const refusing = spyOn(files, "write").mockImplementation(function (this: FileHandle, ...args: unknown[]) {
    const isFirst = refusing.mock.calls.length === 1;
    return isFirst ? write.apply(this, args as never) : Promise.reject(Object.assign(new Error(), { code: "ENOSPC" }));
  } as typeof write);
  expect(await append(log, new Movies()).catch(({ exitCode }) => exitCode)).toBe(3);
  refusing.mockRestore();
  // There is room again when an earlier epoch, on its way meanwhile, is confirmed.
  expect(await log.confirm(first.identity, ENDS).catch(({ exitCode }) => exitCode)).toBe(3);
  const { log: again } = await reopen();
  expect([again.last.number, again.confirmed.number]).toEqual([1, 0]);
});

test("other settings are exit 4 and name what differs", async () => {
  await beginRun();
  const error = await reopen({ ...SETTINGS, mode: "A" }).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect((error as UserError).exitCode).toBe(4);
  expect((error as UserError).message).toContain("mode C, now A");
});

test("somebody else's folder beside the runs stays, whatever its name", async () => {
  mkdirSync(join(folder, "run-of-mine"));
  await beginRun();
  await reopen();
  expect(readdirSync(folder)).toContain("run-of-mine");
});

test("a run that never became current is no run, and is removed once another fits", async () => {
  const { store } = await beginRun();
  rmSync(join(folder, "current"));
  expect(await store.load(SETTINGS)).toBeUndefined();
  await store.begin(SETTINGS, OTHER_RUN, "owner", state(true, []), ENDS, [undefined, undefined]);
  const runs = () => readdirSync(folder).filter((name) => name.startsWith("run-"));
  expect(runs()).toHaveLength(2);
  await store.removeOtherRuns();
  expect(runs()).toEqual([`run-${OTHER_RUN}`]);
});

/** What another format may have behind its header. */
const RECORDS_OF_ANOTHER_FORMAT: [string, (records: Uint8Array[]) => Uint8Array[]][] = [
  ["the same", (records) => records],
  ["a record of a kind unknown", (records) => [...records, new Uint8Array([9, 1, 2])]],
  ["a base of another make", ([base]) => [base.subarray(0, 5)]],
  ["no records", () => []],
];

test.each(RECORDS_OF_ANOTHER_FORMAT)("a checkpoint of a newer Tidemark, with %s, is exit 4", async (_, change) => {
  await beginRun();
  const { frame, unframe } = await import("../../src/checkpoint/frames.ts");
  const bodies = [...unframe(readFileSync(logPath())).bodies];
  const header = JSON.parse(new TextDecoder().decode(bodies[0]));
  const newer = [new TextEncoder().encode(JSON.stringify({ ...header, format: 99 })), ...change(bodies.slice(1))];
  writeFileSync(logPath(), Buffer.concat(newer.flatMap((body) => frame([body]))));
  const error = await reopen().then(
    () => undefined,
    (thrown) => thrown,
  );
  expect((error as UserError).exitCode).toBe(4);
  expect((error as UserError).message).toContain("newer");
});

test("only one process works on a folder", async () => {
  const first = openStore();
  await first.lock();
  const error = await openStore()
    .lock()
    .then(
      () => undefined,
      (thrown) => thrown,
    );
  expect((error as UserError).exitCode).toBe(4);
  expect((error as UserError).message).toContain("a test");
});
