/** process on embedded topics, at a batch that cannot be read: what came before is kept, and the way past it named. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consumeJdbc } from "../../src/commands/consume-jdbc.ts";
import { consumeKafka } from "../../src/commands/consume-kafka.ts";
import { processRatings } from "../../src/commands/process.ts";
import { setup } from "../../src/commands/setup.ts";
import { BATCH_CRC_AT, BATCH_CRC_FROM, BATCH_HEADER_BYTES } from "../../src/topic/batch-layout.ts";
import { crc32c } from "../../src/topic/crc32c.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { batchOf } from "../topic/fixture.ts";
import { run } from "./run.ts";

const TOPIC = "netflix-ratings";
const LINES = ["2002-09-20,1,7,4", "2002-09-20,1,8,5", "2002-09-21,1,9,1"];
const SENT_MS = Date.UTC(2004, 0);

let home: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "tidemark-process-"));
  writeFileSync(join(home, "titles.csv"), "1,2001,K-Pax\n");
  await run("setup", setup, ["--home", home]);
});
afterEach(() => rmSync(home, { recursive: true }));

const process = (...args: string[]) =>
  run("process", processRatings, ["--home", home, "--titles", join(home, "titles.csv"), "--once", ...args]);

/** Sums of the rows that are there. */
async function sums(): Promise<number[]> {
  const { stdout } = await run("consume-jdbc", consumeJdbc, ["--home", home, "--once", "--format", "json"]);
  return JSON.parse(stdout).map(({ rating_sum }: { rating_sum: number }) => rating_sum);
}

/** Sends a batch that is good, and one that `edit` spoils before it gets its checksum. */
async function send(edit: (batch: Uint8Array, view: DataView) => void): Promise<void> {
  const writer = await LocalTopicWriter.open(home, TOPIC, "produce");
  await writer.append(0, batchOf(LINES, SENT_MS), LINES.length);
  const batch = batchOf(LINES, SENT_MS);
  const view = new DataView(batch.buffer);
  edit(batch, view);
  view.setUint32(BATCH_CRC_AT, crc32c(batch, BATCH_CRC_FROM, batch.length));
  await writer.append(0, batch, LINES.length);
  await writer.close();
}

/** Flips a bit of the last value in the topic. */
function spoil(topic: string): void {
  const folder = join(home, "topics", topic, "0");
  const segment = readdirSync(folder).find((name) => name.endsWith(".log"));
  const path = join(folder, String(segment));
  const bytes = readFileSync(path);
  bytes[bytes.length - 2] ^= 1;
  writeFileSync(path, bytes);
}

test("records of a batch that do not fit it: what came before, in it too, is kept", async () => {
  // The second record says that it is longer than the batch.
  await send((batch) => batch.fill(0x7e, BATCH_HEADER_BYTES + 23, BATCH_HEADER_BYTES + 24));
  for (let starts = 0; starts < 2; starts++) {
    const error = await failureOf(() => process());
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("batch at offset 3 does not fit")]);
    expect(error.hint).not.toContain("--skip-corrupt");
    expect(await sums()).toEqual([4 + 5 + 1 + 4]);
  }
});

test("a batch that says it is compressed: what came before is kept", async () => {
  await send((_, view) => view.setInt16(21, 2));
  const error = await failureOf(() => process());
  expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("batch at offset 3 is compressed")]);
  expect(await sums()).toEqual([4 + 5 + 1]);
});

test("a batch with a wrong checksum: what came before is kept, and --skip-corrupt, as is said, passes it", async () => {
  await send(() => {});
  spoil(TOPIC);
  const error = await failureOf(() => process());
  expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("offset 3: a wrong CRC")]);
  expect(error.hint).toContain("--skip-corrupt");
  expect(await sums()).toEqual([4 + 5 + 1]);
  await process("--skip-corrupt");
  expect(await sums()).toEqual([4 + 5 + 1]);
});

test("consume-kafka prints what came before such a batch, and names no flag that it does not have", async () => {
  await send(() => {});
  spoil(TOPIC);
  const printed: string[] = [];
  const stdout = { write: async (data: string | Uint8Array) => void printed.push(Buffer.from(data).toString()) };
  const consume = () =>
    run("consume-kafka", consumeKafka, ["--home", home, "--anomaly-topic", TOPIC, "--once"], { stdout });
  for (let starts = 0; starts < 2; starts++) {
    const error = await failureOf(consume);
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("offset 3: a wrong CRC")]);
    expect(error.hint).toContain("from a copy");
    expect(error.hint).not.toContain("--skip-corrupt");
  }
  expect(printed.join("")).toBe(`${LINES.join("\n")}\n`);
});
