/** The running sum, beside a plain map: figures, and which slots reach the least count, as days come and go. */
import { expect, test } from "bun:test";
import { RunningSum } from "../../src/shard/running-sum.ts";
import { Random } from "../generate/random.ts";

const COUNT_MIN = 10;
const WINDOW_DAYS = 5;
const INT32_MAX = 2 ** 31 - 1;
const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test("figures and the slots that reach the least count are those of the days in it", () => {
  console.log(`TEST_SEED=${SEED}`);
  const random = new Random(SEED);
  const running = new RunningSum(COUNT_MIN);
  const days: Int32Array[] = [];
  for (let day = 0; day < 60; day++) {
    // A movie may be in a day more than once; later days have more of them.
    const movies = random.whole(0, 40 * (day + 1));
    const entries = Array.from({ length: movies }, () => {
      // Two of the largest are beyond 32 bits.
      const count = random.chance(0.02) ? INT32_MAX : random.whole(1, 6);
      return [random.whole(0, 60 * (day + 1)), count, Math.min(INT32_MAX, count * random.whole(1, 5))];
    });
    days.push(Int32Array.from(entries.flat()));
    running.add(days[day]);
    if (day >= WINDOW_DAYS) running.takeAway(days[day - WINDOW_DAYS]);

    const figures = new Map<number, [count: number, sum: number]>();
    for (const list of days.slice(-WINDOW_DAYS)) {
      for (let at = 0; at < list.length; at += 3) {
        const [count, sum] = figures.get(list[at]) ?? [0, 0];
        figures.set(list[at], [count + list[at + 1], sum + list[at + 2]]);
      }
    }
    const reaching = [...figures].filter(([, [count]]) => count >= COUNT_MIN).map(([slot]) => slot);
    expect([...running.reaching].sort((a, b) => a - b)).toEqual(reaching.sort((a, b) => a - b));
    for (const [slot, [count, sum]] of figures) {
      expect([running.countOf(slot), running.sumOf(slot)]).toEqual([count, sum]);
    }
  }
});
