/** Embedded topics: the contract, and what only they have: segment files, one writer, names, versions. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { topicContract } from "./contract.ts";
import { append, batchOf, READ_BYTES, readAll, readValues } from "./fixture.ts";
import { localFixture } from "./local-fixture.ts";

topicContract("embedded topics", async () => localFixture(mkdtempSync(join(tmpdir(), "tidemark-topics-"))));

describe("embedded topics", () => {
  let home: string;
  let admin: LocalTopicAdmin;
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "tidemark-topics-"));
    admin = new LocalTopicAdmin(home, "cleanup, pid 2");
    await admin.create("ratings", 1);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    rmSync(home, { recursive: true });
  });

  async function openReader(): Promise<LocalTopicReader> {
    const reader = await LocalTopicReader.open(home, "ratings");
    opened.push(reader);
    return reader;
  }

  async function openWriter(segmentBytesMax?: number): Promise<LocalTopicWriter> {
    const options = segmentBytesMax === undefined ? {} : { segmentBytesMax };
    const writer = await LocalTopicWriter.open(home, "ratings", "produce, pid 1", options);
    opened.push(writer);
    return writer;
  }

  const segments = () =>
    readdirSync(join(home, "topics/ratings/0"))
      .filter((name) => name.endsWith(".log"))
      .sort();

  test("roll their segments, each named by its first offset, and are read across them from anywhere", async () => {
    const writer = await openWriter(1000);
    const living = await openReader();
    const values = Array.from({ length: 40 }, (_, number) => `value ${number} ${"x".repeat(200)}`);
    const seen: (string | null)[] = [];
    for (const [offset, value] of values.entries()) {
      await append(writer, [value]);
      seen.push(...(await readValues(living, 0, offset)));
    }
    expect(seen).toEqual(values);
    expect(segments().slice(0, 3)).toEqual(["0", "3", "6"].map((base) => `${base.padStart(20, "0")}.log`));
    for (const offset of [0, 2, 3, 4, 20, 39, 40, 1]) {
      expect(await readValues(living, 0, offset)).toEqual(values.slice(offset));
      expect(await readValues(await openReader(), 0, offset)).toEqual(values.slice(offset));
    }
    expect(await living.bounds(0)).toEqual({ start: 0, end: 40 });
  });

  test("are followed by readers beside a writer that appends, flushes and rolls, without a gap", async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const writer = await openWriter(5000);
    const values = Array.from({ length: 600 }, (_, number) => `value ${number} ${"x".repeat(random.whole(0, 400))}`);
    const stop = new AbortController();
    const follow = async (reader: LocalTopicReader, maxBytes: number) => {
      const seen: (string | null)[] = [];
      while (seen.length < values.length) {
        await reader.waitForMore(0, seen.length, stop.signal);
        seen.push(...(await readAll(reader, 0, seen.length, maxBytes)).map(({ value }) => value));
        if (random.chance(0.3)) await reader.sync();
      }
      return seen;
    };
    const readers = [await openReader(), await openReader(), await openReader()];
    const following = readers.map((reader) => follow(reader, random.pick([100, 1000, READ_BYTES])));
    for (const value of values) {
      await append(writer, [value]);
      if (random.chance(0.1)) await writer.flush();
      if (random.chance(0.02)) await readers[0].bounds(0);
    }
    for (const seen of await Promise.all(following)) expect(seen).toEqual(values);
    expect(segments().length).toBeGreaterThan(10);
  });

  test("give a batch that is larger than a segment, or than what is read at once, whole", async () => {
    const writer = await openWriter(1000);
    const large = "x".repeat(3_000_000);
    for (const value of ["a", large, "b"]) await append(writer, [value]);
    expect(segments()).toHaveLength(3);
    expect((await readAll(await openReader(), 0, 0, 100)).map(({ value }) => value?.length)).toEqual([1, 3_000_000, 1]);
    expect((await (await openReader()).bounds(0)).end).toBe(3);
  });

  test("start where their first segment does, when older ones were taken away", async () => {
    const writer = await openWriter(1000);
    for (let number = 0; number < 12; number++) await append(writer, [`${number} ${"x".repeat(200)}`]);
    rmSync(join(home, "topics/ratings/0", segments()[0]));
    const reader = await openReader();
    expect(await reader.bounds(0)).toEqual({ start: 3, end: 12 });
    const error = await failureOf(() => reader.read(0, 2, READ_BYTES));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("starts at 3")]);
    expect(await readAll(reader, 0, 3)).toHaveLength(9);
  });

  test("show a batch to a reader before it is durable, and make durable what was read", async () => {
    const [writer, reader] = [await openWriter(), await openReader()];
    await append(writer, ["a"]);
    expect(await readValues(reader)).toEqual(["a"]);
    expect(existsSync(join(home, "topics/ratings/0/confirmed"))).toBe(true);
    await reader.sync();
    await writer.flush();
    expect(await readValues(await openReader())).toEqual(["a"]);
  });

  test("have one writer at a time; the second is told who the first is", async () => {
    const writer = await openWriter();
    const error = await failureOf(openWriter);
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("produce, pid 1")]);
    expect((await failureOf(() => admin.remove("ratings"))).exitCode).toBe(4);
    expect(await admin.exists("ratings")).toBe(true);
    await writer.close();
    await append(await openWriter(), ["a"]);
    expect(await readValues(await openReader())).toEqual(["a"]);
  });

  test("that are removed under a reader end it with exit 4, reading or waiting", async () => {
    const writer = await openWriter();
    await append(writer, ["a"]);
    await writer.close();
    const reader = await openReader();
    expect(await readValues(reader)).toEqual(["a"]);
    const waiting = failureOf(() => reader.waitForMore(0, 1, new AbortController().signal));
    await admin.remove("ratings");
    const errors = [
      await waiting,
      await failureOf(() => reader.read(0, 1, READ_BYTES)),
      await failureOf(() => reader.bounds(0)),
    ];
    expect(errors.map(({ exitCode }) => exitCode)).toEqual([4, 4, 4]);
    expect(errors[0].message).toContain("removed");
  });

  test("take the names that Kafka takes, and no other", async () => {
    for (const topic of ["", ".", "..", "a/b", "../x", "a b", "ä", "~ratings", "x".repeat(250)]) {
      for (const attempt of [() => admin.create(topic, 1), () => admin.remove(topic), () => admin.exists(topic)]) {
        expect((await failureOf(attempt)).exitCode).toBe(2);
      }
      expect((await failureOf(() => LocalTopicReader.open(home, topic))).exitCode).toBe(2);
    }
    for (const topic of ["...", ".a", "x".repeat(249), "A_b-c.d"]) {
      expect(await admin.create(topic, 1)).toBe(true);
      expect(await admin.remove(topic)).toBe(true);
    }
    expect(readdirSync(join(home, "topics"))).toEqual(["ratings"]);
  });

  test("of a newer Tidemark, or without a readable topic.json, are exit 4", async () => {
    const path = join(home, "topics/ratings/topic.json");
    for (const [content, message] of [
      ['{"format":2,"partitions":1}', "made by a newer Tidemark"],
      ['{"format":1}', "damaged"],
      ["not json", "damaged"],
    ]) {
      writeFileSync(path, content);
      for (const attempt of [openReader, openWriter, () => admin.create("ratings", 1), () => admin.remove("ratings")]) {
        const error = await failureOf(() => attempt());
        expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining(message)]);
      }
    }
  });

  test("that were made or removed by half are made or removed when it is done again", async () => {
    await append(await openWriter(), ["a"]);
    for (const each of opened.splice(0)) await each.close();
    const path = join(home, "topics/ratings");
    // As far as a removal came that was killed at any of its files, and a making that was killed before the last.
    rmSync(join(path, "0/00000000000000000000.log"));
    expect((await failureOf(openReader)).exitCode).toBe(4);
    rmSync(join(path, "topic.json"));
    expect(await admin.exists("ratings")).toBe(false);
    expect(await admin.create("ratings", 2)).toBe(true);
    expect(await (await openReader()).bounds(1)).toEqual({ start: 0, end: 0 });
  });

  test("whose topic.json is lost are not taken for new ones, nor removed", async () => {
    await append(await openWriter(), ["a"]);
    for (const each of opened.splice(0)) await each.close();
    rmSync(join(home, "topics/ratings/topic.json"));
    const error = await failureOf(() => admin.create("ratings", 1));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("holds records")]);
    expect(await admin.remove("ratings")).toBe(false);
    expect(readFileSync(join(home, "topics/ratings/0", segments()[0])).length).toBe(batchOf(["a"]).length);
  });

  test("leave what others put into their folder, where it was", async () => {
    writeFileSync(join(home, "topics/ratings/notes.txt"), "mine");
    writeFileSync(join(home, "topics/ratings/0/00.log"), "mine");
    expect(await admin.remove("ratings")).toBe(true);
    expect(readFileSync(join(home, "topics/ratings/notes.txt"), "utf8")).toBe("mine");
    expect(readFileSync(join(home, "topics/ratings/0/00.log"), "utf8")).toBe("mine");
    expect(readdirSync(join(home, "topics/ratings")).sort()).toEqual(["0", "notes.txt"]);
    expect(await admin.create("ratings", 1)).toBe(true);
  });
});
