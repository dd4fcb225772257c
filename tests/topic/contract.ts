/**
 * The contract of `src/topic/contract.ts` as suites that every kind of topic has to pass: reading and writing, topics
 * made and removed, groups' offsets, and (`contract-outputs.ts`) the output topics. Knows no files and no brokers.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { failureOf } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { outputsContract } from "./contract-outputs.ts";
import {
  append,
  batchOf,
  READ_BYTES,
  readAll,
  readValues,
  recordsIn,
  TestTopics,
  type TopicFixture,
} from "./fixture.ts";

export function topicContract(name: string, makeFixture: () => Promise<TopicFixture>): void {
  describe(`${name} keep the contract of topics:`, () => {
    let topics: TestTopics;
    beforeEach(async () => {
      topics = new TestTopics(await makeFixture());
    });
    afterEach(() => topics.end());

    readingContract(() => topics);
    waitingContract(() => topics);
    adminContract(() => topics);
    offsetsContract(() => topics);
    outputsContract(() => topics);
  });
}

function readingContract(topics: () => TestTopics): void {
  describe("a reader", () => {
    test("gives each partition's records in the order they were appended, with offsets from 0 on", async () => {
      const seed = Date.now() % 1_000_000;
      console.log(`seed ${seed}`);
      const random = new Random(seed);
      await topics().create("ratings", 3);
      const writer = await topics().writer("ratings");
      const expected: string[][] = [[], [], []];
      const appends: Promise<void>[] = [];
      for (let batch = 0; batch < 60; batch++) {
        const partition = random.whole(0, 2);
        const values = Array.from({ length: random.whole(1, 20) }, () => "v".repeat(random.whole(0, 300)) + batch);
        expected[partition].push(...values);
        appends.push(append(writer, values, partition));
      }
      await Promise.all(appends);
      await writer.flush();
      const reader = await topics().reader("ratings");
      expect(reader.partitions).toBe(3);
      for (const [partition, values] of expected.entries()) {
        const records = await readAll(reader, partition, 0, random.whole(100, 20_000));
        expect(records.map(({ value }) => value)).toEqual(values);
        expect(records.map(({ offset }) => offset)).toEqual(values.map((_, offset) => offset));
        expect(await reader.bounds(partition)).toEqual({ start: 0, end: values.length });
      }
    });

    test("finds nothing in an empty partition", async () => {
      await topics().create("ratings");
      const reader = await topics().reader("ratings");
      expect(await reader.bounds(0)).toEqual({ start: 0, end: 0 });
      expect(await reader.read(0, 0, READ_BYTES)).toMatchObject({ bytes: { length: 0 }, nextOffset: 0 });
    });

    test("begins with the batch that holds the offset asked for, wherever that is", async () => {
      await topics().create("ratings");
      const writer = await topics().writer("ratings");
      for (let first = 0; first < 30; first += 3) await append(writer, [first, first + 1, first + 2].map(String));
      await writer.flush();
      const reader = await topics().reader("ratings");
      for (const offset of [29, 0, 14, 15, 16, 3, 30, 1]) {
        const records = await readAll(reader, 0, offset);
        const base = offset - (offset % 3);
        expect(records.map((record) => record.offset)).toEqual(Array.from({ length: 30 - base }, (_, i) => base + i));
      }
    });

    test("gives about as many bytes as asked for, but never less than a batch", async () => {
      await topics().create("ratings");
      const writer = await topics().writer("ratings");
      const batch = batchOf(["x".repeat(1000)]);
      for (let count = 0; count < 10; count++) await writer.append(0, batch.slice(), 1);
      await writer.flush();
      const reader = await topics().reader("ratings");
      expect((await reader.read(0, 0, batch.length * 3 + 10)).nextOffset).toBe(3);
      expect((await reader.read(0, 3, 100)).nextOffset).toBe(4);
      expect((await reader.read(0, 4, 1)).nextOffset).toBe(5);
    });

    test("never says that a slice is the last before there is nothing more", async () => {
      await topics().create("ratings");
      const writer = await topics().writer("ratings");
      for (let number = 0; number < 4; number++) await append(writer, [`value ${number}`]);
      await writer.flush();
      const reader = await topics().reader("ratings");
      for (let offset = 0; offset < 3; offset++) expect((await reader.read(0, offset, 1)).isLast ?? false).toBe(false);
      const said = (await reader.read(0, 3, 1)).isLast;
      expect(said).toBe(topics().fixture.saysLast ? true : undefined);
      expect((await reader.read(0, 4, 1)).isLast).toBe(said);
    });

    test("leaves a slice as it is while the next one is read", async () => {
      await topics().create("ratings");
      const writer = await topics().writer("ratings");
      for (let number = 0; number < 6; number++) await append(writer, [`value ${number}`]);
      await writer.flush();
      const reader = await topics().reader("ratings");
      const seen: (string | null)[] = [];
      let next = reader.read(0, 0, 1);
      for (let offset = 0; offset < 6; offset++) {
        const slice = await next;
        next = reader.read(0, slice.nextOffset, 1);
        await next;
        seen.push(...recordsIn(slice.bytes).map(({ value }) => value));
      }
      expect(seen).toEqual(Array.from({ length: 6 }, (_, number) => `value ${number}`));
    });

    test("ends with exit 4 past the topic's end: it was replaced or cut", async () => {
      await topics().create("ratings");
      await append(await topics().writer("ratings"), ["a", "b"]);
      const reader = await topics().reader("ratings");
      const error = await failureOf(() => reader.read(0, 3, READ_BYTES));
      expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("ratings")]);
      expect(await readValues(reader)).toEqual(["a", "b"]);
    });

    test("and a writer end with exit 2 without the topic", async () => {
      for (const open of [() => topics().reader("nowhere"), () => topics().writer("nowhere")]) {
        const error = await failureOf(open);
        expect([error.exitCode, error.hint]).toEqual([2, expect.stringContaining("tidemark setup")]);
      }
    });

    test("goes on with what a later writer adds", async () => {
      await topics().create("ratings");
      const first = await topics().writer("ratings");
      await append(first, ["a"]);
      await first.close();
      const reader = await topics().reader("ratings");
      expect(await readValues(reader)).toEqual(["a"]);
      await append(await topics().writer("ratings"), ["b", "c"]);
      expect(await readValues(reader, 0, 1)).toEqual(["b", "c"]);
      await reader.sync();
    });
  });
}

function waitingContract(topics: () => TestTopics): void {
  describe("waiting for more", () => {
    test("ends when there is more, and at once where there was", async () => {
      await topics().create("ratings");
      const [reader, writer] = [await topics().reader("ratings"), await topics().writer("ratings")];
      const { signal } = new AbortController();
      const waiting = reader.waitForMore(0, 0, signal);
      await append(writer, ["a"]);
      await waiting;
      expect(await readValues(reader)).toEqual(["a"]);
      await reader.waitForMore(0, 0, signal);
    });

    test("ends when the signal aborts, be it before", async () => {
      await topics().create("ratings");
      const reader = await topics().reader("ratings");
      const stop = new AbortController();
      const waiting = reader.waitForMore(0, 0, stop.signal);
      stop.abort();
      await waiting;
      await reader.waitForMore(0, 0, stop.signal);
      expect(await reader.bounds(0)).toEqual({ start: 0, end: 0 });
    });
  });
}

function adminContract(topics: () => TestTopics): void {
  describe("an administrator", () => {
    test("makes a topic once, and says so", async () => {
      const { admin } = topics().fixture;
      expect(await admin.exists("ratings")).toBe(false);
      expect(await admin.create("ratings", 4)).toBe(true);
      expect(await admin.create("ratings", 4)).toBe(false);
      expect(await admin.exists("ratings")).toBe(true);
      expect((await topics().reader("ratings")).partitions).toBe(4);
    });

    test("ends with exit 4 where the topic has another number of partitions", async () => {
      await topics().create("ratings", 4);
      const error = await failureOf(() => topics().fixture.admin.create("ratings", 5));
      expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("4 partitions, not 5")]);
    });

    test("removes a topic with its records; made anew, it is empty", async () => {
      const { admin } = topics().fixture;
      await topics().create("ratings");
      const writer = await topics().fixture.writer("ratings");
      await append(writer, ["a"]);
      await writer.close();
      expect(await admin.remove("ratings")).toBe(true);
      expect(await admin.exists("ratings")).toBe(false);
      expect(await admin.remove("ratings")).toBe(false);
      await topics().create("ratings", 2);
      expect(await (await topics().reader("ratings")).bounds(0)).toEqual({ start: 0, end: 0 });
    });
  });
}

function offsetsContract(topics: () => TestTopics): void {
  describe("a group's offset", () => {
    test("is what was committed last, for each group and topic apart", async () => {
      const { offsets } = topics().fixture;
      for (const topic of ["ratings", "other"]) await topics().create(topic);
      expect(await offsets.read("group", "ratings")).toBeUndefined();
      for (const [group, topic, offset] of [
        ["group", "ratings", 3],
        ["two", "ratings", 5],
        ["group", "other", 7],
      ] as const) {
        await offsets.commit(group, topic, offset);
      }
      await offsets.commit("group", "ratings", 4);
      expect(await offsets.read("group", "ratings")).toBe(4);
      expect(await offsets.read("two", "ratings")).toBe(5);
      expect(await offsets.read("group", "other")).toBe(7);
      expect(await offsets.read("two", "other")).toBeUndefined();
    });

    test("is kept for groups of any name", async () => {
      const { offsets } = topics().fixture;
      await topics().create("ratings");
      const groups = ["..", ".", "a/b", "../../x", "käse 🧀", "%2E", "a%2Fb", "g".repeat(249), `${"g".repeat(248)}h`];
      for (const [offset, group] of groups.entries()) await offsets.commit(group, "ratings", offset);
      const found = await Promise.all(groups.map((group) => offsets.read(group, "ratings")));
      expect(found).toEqual(groups.map((_, offset) => offset));
    });
  });
}
