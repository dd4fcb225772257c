/**
 * Produces ratings to a topic's first partition at a steady rate, in a process of its own, so that who measures is not
 * held up by it, nor it by them. A rating is due at its time whatever became of those before it: what could not be sent
 * in time follows at once. Idempotent, acks=all, one request in flight, a batch for all that is due. Prints
 * `{"beganMs":…}` (since 1970, with fractions: when the first rating was due), then `{"sent":…}`, acknowledged so far,
 * each second and at its end. SIGTERM ends it early. `bun bench/steady-producer.ts HOST:PORT TOPIC RATE SECONDS MOVIES
 * FIRST_DAY DAYS_A_SECOND`; the first day in days since 1970.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { formatDay } from "../src/calendar.ts";
import { KafkaTopicWriter } from "../src/topic/kafka/writer.ts";
import { testClient } from "../tests/topic/kafka-fixture.ts";
import { BATCH_RATINGS_MAX, SteadyRatings } from "./steady-ratings.ts";

const REPORT_MS = 1000;

const [broker, topic, ...numbers] = process.argv.slice(2);
const [perSecond, seconds, movies, firstDay, daysASecond] = numbers.map(Number);
const writer = await KafkaTopicWriter.open(testClient({ brokers: [broker] }), topic);
const ratings = new SteadyRatings(movies);
const total = Math.round(perSecond * seconds);
let isEnding = false;
process.once("SIGTERM", () => {
  isEnding = true;
});

const nowMs = () => performance.timeOrigin + performance.now();
const say = (report: object) => process.stdout.write(`${JSON.stringify(report)}\n`);
const beganMs = nowMs();
say({ beganMs });
let sent = 0;
let saidMs = beganMs;
while (sent < total && !isEnding) {
  const due = Math.min(total, Math.floor(((nowMs() - beganMs) / 1000) * perSecond) + 1);
  if (due > sent) {
    const count = Math.min(due - sent, BATCH_RATINGS_MAX);
    const day = firstDay + Math.floor((sent / perSecond) * daysASecond);
    await writer.append(0, ratings.batch(count, formatDay(day), Date.now()), count);
    sent += count;
  } else {
    await sleep(Math.max(0, beganMs + (sent * 1000) / perSecond - nowMs()));
  }
  if (nowMs() - saidMs < REPORT_MS) continue;
  say({ sent });
  saidMs = nowMs();
}
say({ sent });
await writer.close();
