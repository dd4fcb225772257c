/**
 * Embedded topics after crashes and damage: a torn tail is invisible and cut, whatever was confirmed is there or named
 * as damaged, and nothing is lost in silence. A crash is a copy of the files as they are while a writer is at work.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { UserError } from "../../src/errors.ts";
import { SliceWalk } from "../../src/shard/slice-walk.ts";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { append, batchOf, READ_BYTES, readValues } from "./fixture.ts";

/** Starting a process takes a while on a busy machine. */
const PROCESS_TEST_MS = 60_000;
const FOLDER = "topics/ratings/0";
const FIRST_SEGMENT = join(FOLDER, "00000000000000000000.log");
/** The partition leader epoch: a broker's to set, so no checksum covers it. */
const UNCHECKED_BYTES = new Set([12, 13, 14, 15]);

describe("an embedded topic", () => {
  let root: string;
  /** Where two batches are confirmed and a third is not. */
  let home: string;
  /** The segment file in `home`. */
  let segment: Buffer;
  let confirmedBytes: number;
  /** What `home` notes as confirmed. */
  let note: string;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "tidemark-damage-"));
    const living = join(root, "living");
    await new LocalTopicAdmin(living, "setup").create("ratings", 1);
    const writer = await LocalTopicWriter.open(living, "ratings", "produce");
    await append(writer, ["a", "b"]);
    await append(writer, ["c"]);
    await writer.flush();
    confirmedBytes = statSync(join(living, FIRST_SEGMENT)).size;
    await append(writer, ["d", "e"]);
    home = join(root, "home");
    cpSync(living, home, { recursive: true });
    segment = readFileSync(join(home, FIRST_SEGMENT));
    note = readFileSync(join(home, FOLDER, "confirmed"), "utf8");
    await writer.close();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** The topic with another segment file. */
  function damage(content: Uint8Array): void {
    writeFileSync(join(home, FIRST_SEGMENT), content);
  }

  /** As it was before a writer went on. */
  function restoreNote(): void {
    writeFileSync(join(home, FOLDER, "confirmed"), note);
  }

  function flipped(at: number): Uint8Array {
    const content = Uint8Array.from(segment);
    content[at] ^= 0x40;
    return content;
  }

  async function values(offset = 0): Promise<(string | null)[]> {
    const reader = await LocalTopicReader.open(home, "ratings");
    try {
      return await readValues(reader, 0, offset);
    } finally {
      await reader.close();
    }
  }

  /** As `values`, the way `process` reads: each batch is checked as it is walked. */
  async function checkedOffsets(): Promise<number[]> {
    const reader = await LocalTopicReader.open(home, "ratings");
    try {
      const { end } = await reader.bounds(0);
      const walk = new SliceWalk("the topic");
      const offsets: number[] = [];
      for (let offset = 0; offset < end; ) {
        const slice = await reader.read(0, offset, READ_BYTES);
        walk.load(slice.bytes, end);
        while (walk.next(offset)) offsets.push(walk.cursor.offset);
        offset = slice.nextOffset;
      }
      return offsets;
    } finally {
      await reader.close();
    }
  }

  /** Opens a writer, appends `f`, and gives what opening cut off. */
  async function write(): Promise<LocalTopicWriter["cut"]> {
    const writer = await LocalTopicWriter.open(home, "ratings", "produce");
    await append(writer, ["f"]);
    const { cut } = writer;
    await writer.close();
    return cut;
  }

  test("keeps a batch that was written but not confirmed when only its writer died", async () => {
    expect(await values()).toEqual(["a", "b", "c", "d", "e"]);
    expect(await write()).toEqual([]);
    expect(await values()).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("hides a batch that is torn, at whatever byte, and the next writer cuts it", async () => {
    for (let bytes = confirmedBytes + 1; bytes < segment.length; bytes++) {
      damage(segment.subarray(0, bytes));
      expect(await values()).toEqual(["a", "b", "c"]);
      expect(await values(3)).toEqual([]);
      const [cut] = await write();
      expect(cut).toMatchObject({ partition: 0, position: confirmedBytes, bytes: bytes - confirmedBytes, offset: 3 });
      expect(await values()).toEqual(["a", "b", "c", "f"]);
      restoreNote();
    }
  });

  test("hides a batch past the confirmed end that has one wrong byte, and the next writer cuts it", async () => {
    for (let at = confirmedBytes; at < segment.length; at++) {
      if (UNCHECKED_BYTES.has(at - confirmedBytes)) continue;
      damage(flipped(at));
      restoreNote();
      expect(await values()).toEqual(["a", "b", "c"]);
      expect((await write())[0]?.bytes).toBe(segment.length - confirmedBytes);
      expect(await values()).toEqual(["a", "b", "c", "f"]);
    }
  });

  test("hides what a power failure leaves of a write: a file of the right length, without the content", async () => {
    damage(Uint8Array.from(segment).fill(0, confirmedBytes));
    expect(await values()).toEqual(["a", "b", "c"]);
    expect((await write())[0]?.bytes).toBe(segment.length - confirmedBytes);
  });

  test("is exit 4 for a wrong byte anywhere before the confirmed end, and no writer cuts there", async () => {
    for (let at = 0; at < confirmedBytes; at++) {
      const firstBatchBytes = batchOf(["a", "b"]).length;
      if (UNCHECKED_BYTES.has(at < firstBatchBytes ? at : at - firstBatchBytes)) continue;
      damage(flipped(at));
      expect((await failureOf(checkedOffsets)).exitCode).toBe(4);
      expect(await write()).toEqual([]);
      expect((await failureOf(checkedOffsets)).exitCode).toBe(4);
      restoreNote();
    }
  });

  test("names file, byte and offset where batches before the confirmed end do not follow each other", async () => {
    const secondBatchAt = batchOf(["a", "b"]).length;
    damage(flipped(secondBatchAt + 7));
    const error = await failureOf(checkedOffsets);
    expect(error.message).toContain(`${FIRST_SEGMENT} is damaged at byte ${secondBatchAt} (offset 2)`);
    expect(error.hint).toContain("setup --drop");
  });

  test("is exit 4 where its file was cut before the confirmed end", async () => {
    damage(segment.subarray(0, confirmedBytes - 1));
    const errors: UserError[] = [];
    for (const attempt of [values, write]) errors.push(await failureOf(attempt));
    expect(errors.map(({ exitCode }) => exitCode)).toEqual([4, 4]);
    expect(errors[0].message).toContain("it was cut");
  });

  test("is exit 4 where a segment in the middle is missing", async () => {
    const options = { segmentBytesMax: 1 };
    const writer = await LocalTopicWriter.open(home, "ratings", "produce", options);
    for (const value of ["f", "g", "h"]) await append(writer, [value]);
    await writer.close();
    const names = readdirSync(join(home, FOLDER))
      .filter((name) => name.endsWith(".log"))
      .sort();
    expect(names).toHaveLength(4);
    rmSync(join(home, FOLDER, names[2]));
    expect(await failureOf(values)).toMatchObject({ exitCode: 4, message: expect.stringContaining("missing") });
    expect(await values(7)).toEqual(["h"]);
    rmSync(join(home, FOLDER, names[3]));
    expect(await failureOf(values)).toMatchObject({ exitCode: 4, message: expect.stringContaining(names[3]) });
  });

  test("loses nothing with an old, damaged or missing note of what is confirmed", async () => {
    const notes = [`${"0".repeat(20)} ${"0".repeat(20)} ${"0".repeat(20)} 00000000\n`, note.replace("3", "4"), "", "x"];
    for (const other of notes) {
      damage(segment);
      writeFileSync(join(home, FOLDER, "confirmed"), other);
      expect(await values()).toEqual(["a", "b", "c", "d", "e"]);
      expect(await write()).toEqual([]);
    }
    rmSync(join(home, FOLDER, "confirmed"));
    expect(await values()).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("shows a living reader a batch when it is whole, not before", async () => {
    const batch = segment.subarray(confirmedBytes);
    truncateSync(join(home, FIRST_SEGMENT), confirmedBytes);
    const reader = await LocalTopicReader.open(home, "ratings");
    const stop = new AbortController();
    const waiting = reader.waitForMore(0, 3, stop.signal);
    for (const byte of batch.subarray(0, -1)) {
      appendFileSync(join(home, FIRST_SEGMENT), Uint8Array.of(byte));
      expect(await readValues(reader, 0, 3)).toEqual([]);
      expect((await reader.bounds(0)).end).toBe(3);
    }
    appendFileSync(join(home, FIRST_SEGMENT), batch.subarray(-1));
    await waiting;
    expect(await readValues(reader, 0, 3)).toEqual(["d", "e"]);
    await reader.close();
  });

  function startWriter(limits = ""): ReturnType<typeof spawn> {
    const script = `${limits} exec "$0" "$1" "$2"`;
    const path = join(import.meta.dirname, "writer-process.ts");
    return spawn("bash", ["-c", script, process.execPath, path, home], { stdio: ["ignore", "pipe", "inherit"] });
  }

  test(
    "holds every batch that a writer killed by -9 had confirmed, and takes a new writer at once",
    async () => {
      const writer = startWriter();
      let confirmed = 0;
      for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
        confirmed = Number(line);
        if (confirmed >= 500 && !writer.killed) writer.kill("SIGKILL");
      }
      const found = (await values(5)).length;
      expect(found).toBeGreaterThanOrEqual(confirmed);
      await write();
      expect((await values(5)).length).toBe(found + 1);
    },
    PROCESS_TEST_MS,
  );

  test(
    "is exit 3 on a full disk, ends with a whole batch, and goes on when there is room",
    async () => {
      // In units of 1024 bytes; a file that may not grow is to a writer what a full disk is.
      const writer = startWriter("ulimit -f 100;");
      const lines: string[] = [];
      createInterface({ input: writer.stdout as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
      await once(writer, "close");
      expect(lines.at(-1)).toStartWith("exit 3: cannot write ");
      const confirmed = Number(lines.at(-2));
      const found = (await values(5)).length;
      expect(found).toBeGreaterThanOrEqual(confirmed);
      expect(statSync(join(home, FIRST_SEGMENT)).size).toBe(
        segment.length + found * batchOf(["x".repeat(1000)]).length,
      );
      expect(await write()).toEqual([]);
      expect((await values(5)).length).toBe(found + 1);
    },
    PROCESS_TEST_MS,
  );
});
