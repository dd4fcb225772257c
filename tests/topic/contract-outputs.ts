/**
 * The part of the topics' contract that is about the two output topics: what an epoch puts there, that it is put there
 * once whatever is repeated, and what is found there after a start. Knows no files and no brokers.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { Epoch } from "../../src/epoch.ts";
import { UserError } from "../../src/errors.ts";
import type { OutputEnds, OutputTopics, UnconfirmedEpochs } from "../../src/topic/contract.ts";
import { failureOf } from "../failure.ts";
import { epochOf, identity, readAll, readValues, SOURCE, type TestTopics } from "./fixture.ts";

/** At what must not be there: together longer than it would take to come. */
const LOOKS = 20;
const START: OutputEnds = { anomalies: 0, rejected: 0 };

/** A log that has confirmed nothing but the run's beginning. */
export function logOf(epochs: readonly Epoch[], ends = START, partition = 0): UnconfirmedEpochs {
  return { partition, confirmed: identity(0), epochs, ends };
}

export function numbersIn(missing: Map<number, Epoch[]>, partition = 0): number[] {
  return (missing.get(partition) ?? []).map(({ identity: { number } }) => number);
}

export function outputsContract(topics: () => TestTopics): void {
  describe("output topics", () => {
    let outputs: OutputTopics;
    beforeEach(async () => {
      for (const topic of ["anomalies", "rejected"]) await topics().create(topic);
      outputs = await topics().outputs();
    });

    const values = async (topic: string) => readValues(await topics().reader(topic));

    /** What a process does that starts with this log. */
    async function start(log: readonly UnconfirmedEpochs[], opened = outputs): Promise<Map<number, Epoch[]>> {
      await opened.compare(log);
      await opened.fence();
      return opened.missing(log);
    }

    test("get an anomaly as its line, keyed by its movie, with its epoch in headers", async () => {
      await start([logOf([])]);
      await outputs.apply([epochOf(7, 1, 0, 2)]);
      expect(await readAll(await topics().reader("anomalies"))).toEqual([
        {
          offset: 0,
          key: "700",
          value: "2002-09-20 00:00:00,2002-09-21 00:00:00,Movie 700,36,4.0",
          headers: { run: "run-1", owner: "owner-1", epoch: "7", ...SOURCE, partition: "2" },
        },
      ]);
      expect(await outputs.ends()).toEqual({ anomalies: 1, rejected: 0 });
    });

    test("get a rejected line as it is, with its reason and offset in headers", async () => {
      await start([logOf([])]);
      const rejected = [
        { offset: 5, reason: "late", line: new TextEncoder().encode("2002-09-20,1,2,3\r"), fullBytes: 17 },
        { offset: 8, reason: "malformed", line: new TextEncoder().encode("cut"), fullBytes: 70_000 },
        { offset: 9, reason: "malformed", line: null, fullBytes: 0 },
      ] as const;
      await outputs.apply([{ ...epochOf(1, 0, 0), rejected }]);
      const origin = { run: "run-1", owner: "owner-1", epoch: "1", ...SOURCE, partition: "0" };
      const cut = { ...origin, offset: "8", reason: "malformed", "full-bytes": "70000" };
      expect(await readAll(await topics().reader("rejected"))).toEqual([
        { offset: 0, key: null, value: "2002-09-20,1,2,3\r", headers: { ...origin, offset: "5", reason: "late" } },
        { offset: 1, key: null, value: "cut", headers: cut },
        { offset: 2, key: null, value: null, headers: { ...origin, offset: "9", reason: "malformed" } },
      ]);
    });

    test("get nothing before the table has it", async () => {
      await start([logOf([])]);
      const { promise: inTable, resolve } = Promise.withResolvers<void>();
      const applied = outputs.apply([epochOf(1, 2, 1)], inTable);
      for (let look = 0; look < LOOKS; look++) expect(await values("anomalies")).toEqual([]);
      resolve();
      await applied;
      await outputs.fence();
      expect([await values("anomalies"), await values("rejected")].map(({ length }) => length)).toEqual([2, 1]);
    });

    test("get nothing where the table could not take it", async () => {
      await start([logOf([])]);
      const { promise: inTable, reject } = Promise.withResolvers<void>();
      inTable.catch(() => {}); // Whoever writes the table has it, too.
      const error = failureOf(() => outputs.apply([epochOf(1, 2, 1)], inTable));
      reject(new UserError(4, "taken by another process", "end one"));
      expect((await error).message).toBe("taken by another process");
      expect(numbersIn(await outputs.missing([logOf([epochOf(1, 2, 1)])]))).toEqual([1]);
      await outputs.apply([epochOf(1, 2, 1)]);
      await outputs.fence();
      expect([await values("anomalies"), await values("rejected")].map(({ length }) => length)).toEqual([2, 1]);
    });

    test("are told what they lack, and lack it no more when it was applied", async () => {
      const epochs = [epochOf(1, 2, 1), epochOf(2, 0, 0), epochOf(3, 1, 0), epochOf(4, 0, 2)];
      const missing = await start([logOf(epochs)]);
      // An epoch without records needs nothing, unless its offset does.
      expect(numbersIn(missing)).toEqual(topics().fixture.commitsOffsets ? [1, 2, 3, 4] : [1, 3, 4]);
      await outputs.apply(missing.get(0) ?? []);
      // As at a start: what was applied is sure to be found behind a fence only.
      await outputs.fence();
      expect(numbersIn(await outputs.missing([logOf(epochs)]))).toEqual([]);
      expect([await values("anomalies"), await values("rejected")].map(({ length }) => length)).toEqual([3, 3]);
    });

    test("are told by a successor's start how far its predecessor came", async () => {
      const epochs = [epochOf(1, 1, 1), epochOf(2, 1, 0), epochOf(3, 1, 1)];
      await start([logOf([])]);
      await outputs.apply(epochs.slice(0, 2));
      await outputs.close();

      const successor = await topics().outputs();
      expect(numbersIn(await start([logOf(epochs)], successor))).toEqual([3]);
      await successor.apply([epochs[2]]);
      expect(await values("anomalies")).toHaveLength(3);
      expect(await values("rejected")).toHaveLength(2);
    });

    test("keep the shards apart, and applies at the same time whole", async () => {
      await start([0, 1, 2].map((partition) => logOf([], START, partition)));
      const all = [0, 1, 2].flatMap((partition) => [epochOf(1, 3, 2, partition), epochOf(2, 1, 1, partition)]);
      await Promise.all(
        [0, 1, 2].map((partition) => outputs.apply(all.filter((epoch) => epoch.partition === partition))),
      );
      await outputs.fence();
      const records = await readAll(await topics().reader("anomalies"));
      expect(records).toHaveLength(12);
      // Every epoch's records stand together.
      const origins = records.map(({ headers }) => `${headers.partition}/${headers.epoch}`);
      expect(origins.filter((origin, index) => origin !== origins[index - 1])).toHaveLength(6);
      const logs = [0, 1, 2].map((partition) =>
        logOf([epochOf(1, 3, 2, partition), epochOf(2, 1, 1, partition)], START, partition),
      );
      const missing = await outputs.missing(logs);
      expect([0, 1, 2].map((partition) => numbersIn(missing, partition))).toEqual([[], [], []]);
    });

    test("are not searched before the ends that the log notes", async () => {
      await start([logOf([])]);
      await outputs.apply([epochOf(1, 1, 1)]);
      const ends = await outputs.ends();
      await outputs.apply([epochOf(2, 1, 1)]);
      await outputs.close();
      const successor = await topics().outputs();
      expect(numbersIn(await start([logOf([epochOf(2, 1, 1), epochOf(3, 1, 1)], ends)], successor))).toEqual([3]);
    });

    test("end with exit 4 where they hold an epoch that is not of this log", async () => {
      await start([logOf([])]);
      await outputs.apply([{ ...epochOf(1, 1, 0), identity: identity(1, "run-1", "another owner") }]);
      await outputs.close();
      for (const epochs of [[], [epochOf(1, 1, 0)], [epochOf(2, 1, 0)]]) {
        const successor = await topics().outputs();
        const error = await failureOf(() => successor.compare([logOf(epochs)]));
        expect([error.exitCode, error.hint]).toEqual([4, expect.stringContaining("--rebuild")]);
        expect(error.message).toContain("another owner");
      }
    });

    test("pass over what other groups and topics put there", async () => {
      for (const source of [
        { ...SOURCE, group: "another" },
        { ...SOURCE, topic: "another" },
      ]) {
        const other = await topics().outputs(source);
        await start([logOf([])], other);
        await other.apply([epochOf(1, 1, 1)]);
        await other.close();
      }
      expect(numbersIn(await start([logOf([epochOf(1, 1, 1)])]))).toEqual([1]);
    });

    test("end with exit 4 where they end before the log's ends: they were replaced", async () => {
      const error = await failureOf(() => outputs.compare([logOf([], { anomalies: 0, rejected: 1 })]));
      expect([error.exitCode, error.message]).toEqual([4, expect.stringContaining("rejected")]);
    });
  });
}
