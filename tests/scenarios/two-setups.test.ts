/**
 * Two `setup` at once, from two homes, for the same topics on one broker: each topic is noted by the one that made it,
 * so that the other's `cleanup` leaves it alone.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { KafkaBroker } from "../services/kafka.ts";
import { sharedBroker } from "../services/shared.ts";
import { KafkaNames } from "./kafka-names.ts";
import { Workplace } from "./workplace.ts";

const START_MS_MAX = 120_000;
const TEST_MS = 120_000;
/** Which of them is faster, and where they meet, differs from time to time. */
const ROUNDS = 6;
const HOMES = ["one", "other"];

let broker: KafkaBroker;
let work: Workplace;
beforeAll(async () => {
  broker = await sharedBroker();
}, START_MS_MAX);
afterAll(() => broker?.remove());
beforeEach(() => {
  work = new Workplace();
});
afterEach(() => work.remove());

test(
  "each topic is noted in one home",
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const names = new KafkaNames("two-setups");
      work.env = names.environment(broker.brokers);
      const running = HOMES.map((home) => work.start(`setup --partitions 2 --home ${home}-${round}`));
      for (const setup of running) expect((await setup.outcome()).code).toBe(0);
      const noted = HOMES.map((home) => work.path(`${home}-${round}`, "tidemark.json")).flatMap((path) => {
        const { topics } = JSON.parse(readManifest(path)) as { topics: string[] };
        return topics.map((topic) => topic.split("/").at(-1));
      });
      expect(noted.sort()).toEqual([names.anomalies, names.ratings, names.rejected].sort());
      for (const home of HOMES) work.succeed(`cleanup --yes --home ${home}-${round}`);
    }
  },
  TEST_MS,
);

/** A home that made no topic may have none. */
function readManifest(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return '{ "topics": [] }';
  }
}
