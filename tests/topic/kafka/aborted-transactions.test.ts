/** What a reader of committed records sees of transactions: compared with a naive model that knows how each ended. */
import { describe, expect, test } from "bun:test";
import { type AbortedTransaction, readableBatches } from "../../../src/topic/kafka/fetched-batches.ts";
import { Random } from "../../generate/random.ts";
import { batchOf, joined, marker, SOURCE, seen, TRANSACTIONAL, valuesOf } from "./fetched-fixture.ts";
import { JAVA_PRODUCER_ID, javaBatch } from "./java-batches.ts";

describe("transactions", () => {
  test("of Java's client: an aborted batch and both markers are left out", () => {
    const plain = batchOf({
      baseOffset: 1043,
      records: valuesOf(1),
      attributes: TRANSACTIONAL,
      producerId: JAVA_PRODUCER_ID,
    });
    const fetched = joined(javaBatch("transactional"), javaBatch("abort"), javaBatch("commit"), plain);
    const aborted = [{ producerId: JAVA_PRODUCER_ID, firstOffset: 1040 }];
    const { bytes, nextOffset } = readableBatches(fetched, 1040, aborted, SOURCE);
    expect(bytes.buffer).toBe(fetched.buffer);
    expect([seen(bytes), nextOffset]).toEqual([["1043 value 0"], 1044]);
    expect(seen(readableBatches(fetched, 1040, [], SOURCE).bytes)).toEqual(["1040 aborted", "1043 value 0"]);
  });

  test("a producer's batches outside of a transaction are seen", () => {
    const fetched = batchOf({ records: valuesOf(1), producerId: 9 });
    expect(seen(readableBatches(fetched, 0, [{ producerId: 9, firstOffset: 0 }], SOURCE).bytes)).toHaveLength(1);
  });

  test("only what was left out is passed over: no bytes, but the offset after it", () => {
    const fetched = joined(marker("commit", 3, 10), marker("abort", 4, 11));
    expect(readableBatches(fetched, 10, [], SOURCE)).toEqual({ bytes: new Uint8Array(0), isOwn: true, nextOffset: 12 });
  });

  test("are left out as in a naive model, from wherever one begins", () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    for (let round = 0; round < 400; round++) {
      const topic = randomTopic(random);
      const from = random.whole(0, topic.end);
      const first = topic.batches.findIndex((batch) => batch.lastOffset >= from);
      const begin = first < 0 ? topic.batches.length : Math.max(0, first - random.whole(0, 2));
      const rest = topic.batches.slice(begin);
      const cut = random.chance(0.5) && rest.length > 0 ? random.whole(1, rest[rest.length - 1].bytes.length) : 0;
      const all = joined(...rest.map(({ bytes }) => bytes));
      const whole = cut === 0 ? rest : rest.slice(0, -1);
      // What a broker lists: aborted transactions that reach into the range, in any order.
      const aborted = topic.aborted.filter(({ markerOffset }) => markerOffset >= (rest[0]?.baseOffset ?? 0));
      aborted.sort(() => random.whole(-1, 1));
      const { bytes, nextOffset } = readableBatches(all.subarray(0, all.length - cut), from, aborted, SOURCE);
      const expected = whole.filter((batch) => batch.readable && batch.lastOffset >= from);
      try {
        expect(seen(bytes)).toEqual(expected.flatMap(({ values }) => values));
        expect(nextOffset).toBe(Math.max(from, (whole.at(-1)?.lastOffset ?? -1) + 1));
      } catch (error) {
        throw new Error(`seed ${seed}, round ${round}`, { cause: error });
      }
    }
  });

  interface ModelBatch {
    readonly bytes: Uint8Array;
    readonly baseOffset: number;
    readonly lastOffset: number;
    readonly values: string[];
    readable: boolean;
  }

  /** Several producers' transactions through each other, whose ends are drawn when they come: the model knows them. */
  function randomTopic(random: Random) {
    const batches: ModelBatch[] = [];
    const aborted: (AbortedTransaction & { markerOffset: number })[] = [];
    const open = new Map<number, ModelBatch[]>();
    let end = random.pick([0, 100, 2 ** 33]);
    for (let step = random.whole(0, 40); step > 0; step--) {
      const producerId = random.whole(1, 4);
      const mine = open.get(producerId);
      if (mine !== undefined && random.chance(0.4)) {
        const type = random.pick(["abort", "commit"] as const);
        if (type === "abort") {
          for (const batch of mine) batch.readable = false;
          aborted.push({ producerId, firstOffset: mine[0].baseOffset, markerOffset: end });
        }
        batches.push({
          bytes: marker(type, producerId, end),
          baseOffset: end,
          lastOffset: end,
          values: [],
          readable: false,
        });
        open.delete(producerId);
        end++;
        continue;
      }
      const plain = random.chance(0.3);
      const records = valuesOf(random.whole(1, 4), `step ${step}`);
      const attributes = plain ? 0 : TRANSACTIONAL;
      const batch = {
        bytes: batchOf(
          {
            records,
            baseOffset: end,
            attributes,
            producerId: plain && random.chance(0.5) ? -1 : plain ? 9 : producerId,
          },
          random.pick([0, 0, 0, 1, 2, 3, 4]),
        ),
        baseOffset: end,
        lastOffset: end + records.length - 1,
        values: records.map(({ value }, index) => `${end + index} ${new TextDecoder().decode(value)}`),
        readable: true,
      };
      if (!plain) open.set(producerId, [...(mine ?? []), batch]);
      batches.push(batch);
      end += records.length + random.pick([0, 0, 0, 5]);
    }
    return { batches, aborted, end };
  }
});
