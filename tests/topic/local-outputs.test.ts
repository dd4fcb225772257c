/**
 * Embedded output topics after a crash in the middle of an epoch: whatever the files hold of it, a start completes it,
 * each topic once and in order. Crashes are made by cutting the files, not by timing.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Epoch } from "../../src/epoch.ts";
import type { OutputEnds } from "../../src/topic/contract.ts";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalOutputs } from "../../src/topic/local/outputs.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { failureOf } from "../failure.ts";
import { logOf, numbersIn } from "./contract-outputs.ts";
import { epochOf, readAll, SOURCE } from "./fixture.ts";

const TOPICS = ["anomalies", "rejected"] as const;
type Topic = (typeof TOPICS)[number];

describe("embedded output topics", () => {
  let root: string;
  /** Files of each topic: `before` the epoch that the crash meets, and `after` it. */
  let before: Record<Topic, Uint8Array>;
  let after: Record<Topic, Uint8Array>;
  let ends: OutputEnds;
  const first = epochOf(1, 2, 1);
  const second = epochOf(2, 1, 1);
  const third = epochOf(3, 1, 1);
  const home = () => join(root, "crashed");

  const open = (path: string) => new LocalOutputs(path, "anomalies", "rejected", SOURCE, "process, pid 3", () => 1_000);
  const segmentPath = (path: string, topic: Topic) => join(path, "topics", topic, "0/00000000000000000000.log");
  const segmentsOf = (path: string) => ({
    anomalies: readFileSync(segmentPath(path, "anomalies")),
    rejected: readFileSync(segmentPath(path, "rejected")),
  });

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "tidemark-outputs-"));
    const living = join(root, "living");
    const admin = new LocalTopicAdmin(living, "setup");
    for (const topic of TOPICS) await admin.create(topic, 1);
    const outputs = open(living);
    await outputs.fence();
    await outputs.missing([logOf([])]);
    await outputs.apply([first]);
    ends = await outputs.ends();
    cpSync(living, join(root, "noted"), { recursive: true });
    before = segmentsOf(living);
    await outputs.apply([second]);
    after = segmentsOf(living);
    await outputs.close();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** A home as a crash within `second` leaves it, with this many of its bytes on each topic. */
  function crash(bytes: Record<Topic, number>): void {
    rmSync(home(), { recursive: true, force: true });
    cpSync(join(root, "noted"), home(), { recursive: true });
    for (const topic of TOPICS) {
      writeFileSync(segmentPath(home(), topic), after[topic].subarray(0, before[topic].length + bytes[topic]));
    }
  }

  /** Starts on the crashed home and applies what is missing; gives its numbers. */
  async function recover(epochs: readonly Epoch[]): Promise<number[]> {
    const outputs = open(home());
    const log = [logOf(epochs, ends)];
    await outputs.compare(log);
    await outputs.fence();
    const missing = await outputs.missing(log);
    await outputs.apply(missing.get(0) ?? []);
    await outputs.close();
    return numbersIn(missing);
  }

  /** The epochs on a topic, record by record. */
  async function epochsOn(topic: Topic): Promise<string[]> {
    const reader = await LocalTopicReader.open(home(), topic);
    const records = await readAll(reader);
    await reader.close();
    return records.map(({ headers }) => headers.epoch);
  }

  async function expectEachOnce(): Promise<void> {
    expect(await epochsOn("anomalies")).toEqual(["1", "1", "2", "3"]);
    expect(await epochsOn("rejected")).toEqual(["1", "2", "3"]);
  }

  /** Bytes of the second epoch on a topic. */
  const added = (topic: Topic) => after[topic].length - before[topic].length;

  test("complete an epoch that a crash cut anywhere on either topic, each topic once", async () => {
    for (const torn of TOPICS) {
      const other: Topic = torn === "anomalies" ? "rejected" : "anomalies";
      const whole = added(torn);
      // Nothing, within the batch's header, at its end, within the record, all.
      for (const bytes of [0, 1, 60, 61, 62, Math.floor(whole / 2), whole - 1, whole]) {
        for (const otherBytes of [0, added(other)]) {
          crash({ anomalies: 0, rejected: 0, [torn]: bytes, [other]: otherBytes });
          const isWhole = bytes === whole && otherBytes > 0;
          expect(await recover([second, third])).toEqual(isWhole ? [3] : [2, 3]);
          await expectEachOnce();
          expect(await recover([second, third])).toEqual([]);
        }
      }
    }
  });

  test("say what they cut, so that it can be reported", async () => {
    crash({ anomalies: 5, rejected: 0 });
    const outputs = open(home());
    expect(outputs.cut).toEqual([]);
    await outputs.fence();
    expect(outputs.cut).toMatchObject([{ bytes: 5, offset: 2, position: before.anomalies.length }]);
    await outputs.close();
  });

  test("end with exit 4 where an epoch stands there without the one before it", async () => {
    crash({ anomalies: added("anomalies"), rejected: added("rejected") });
    const between = { ...epochOf(2, 1, 1), identity: { run: "run-1", owner: "owner-1", number: 1.5 } };
    const error = await failureOf(() => open(home()).compare([logOf([between, second], ends)]));
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("epoch 2")]);
  });

  test("are changed by nobody else between fence and close", async () => {
    crash({ anomalies: 0, rejected: 0 });
    const outputs = open(home());
    await outputs.fence();
    const late = open(home());
    const error = await failureOf(() => late.fence());
    expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("process, pid 3")]);
    await late.close();
    await outputs.close();
    expect(await recover([second, third])).toEqual([2, 3]);
    await expectEachOnce();
  });
});
