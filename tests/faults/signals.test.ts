/**
 * SIGTERM to a `process` on a real broker and a real PostgreSQL: at a start while one of them is away or mute, and in
 * the middle of a run, whatever is under way. Always a clean end, and the next start goes on from there. `TEST_SEED`
 * makes other input.
 */
import { afterEach, expect, test } from "bun:test";
import { PostgresSession } from "../../src/table/postgres-session.ts";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { KafkaCutProxy } from "../services/kafka-cut-proxy.ts";
import { freePort } from "../services/programs.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

/** What is said by an end that could not wait. */
const FORCED = "not ended in time";
/** The contract's 10 s, and what a busy machine needs to see that they are over. */
const END_MS_MAX = 15_000;

const services = OwnServices.ofThisFile();

/** A job that reaches its broker through a proxy. */
interface Scene {
  readonly job: ServiceJob;
  readonly proxy: KafkaCutProxy;
  readonly through: Record<string, string>;
}

const scenes: Scene[] = [];
async function newScene(): Promise<Scene> {
  const proxy = await KafkaCutProxy.start(services.broker.brokers);
  const scene = { job: services.newJob(), proxy, through: { KAFKA_BOOTSTRAP_SERVERS: proxy.brokers } };
  scenes.push(scene);
  return scene;
}
afterEach(() => {
  for (const { proxy } of scenes.splice(0)) proxy.shut();
});

/** Ends it by SIGTERM: exit 0 in time; whether it had to be cut short is for the caller. */
async function endedBy(running: RunningCommand): Promise<string> {
  const sentMs = performance.now();
  const { code, stderr } = await running.end("SIGTERM");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("bug") });
  expect(performance.now() - sentMs).toBeLessThan(END_MS_MAX);
  return stderr;
}

/** A start without faults brings what is lacking. */
async function expectNextStartGoesOn({ job }: Scene): Promise<void> {
  job.sendMore();
  job.succeed("process --once");
  await job.expectOracle();
}

test("at a start while the broker is away", async () => {
  const scene = await newScene();
  scene.proxy.shut();
  const running = scene.job.start("process", scene.through);
  await running.until("the broker being missed", () => running.stderr.includes("waiting for the Kafka brokers"));
  expect(await endedBy(running)).not.toContain(FORCED);
  await expectNextStartGoesOn(scene);
});

test("at a start while PostgreSQL is away", async () => {
  const scene = await newScene();
  const url = new URL(scene.job.env.JDBC_URL);
  url.port = String(await freePort());
  const running = scene.job.start("process", { JDBC_URL: url.href });
  await running.until("the server being missed", () => running.stderr.includes("waiting for database"));
  expect(await endedBy(running)).not.toContain(FORCED);
  await expectNextStartGoesOn(scene);
});

test("in a rebuild that reads what stands on the topics: nothing is put out twice afterwards", async () => {
  const scene = await newScene();
  const { job, proxy, through } = scene;
  job.sendMore();
  job.succeed("process --once");
  proxy.losesFetches = true;
  const running = job.start("process --rebuild", through);
  await running.until("a fetch", () => proxy.lostFetches > 0);
  // Its answer may be waited for.
  await endedBy(running);
  await expectNextStartGoesOn(scene);
});

test("in the middle of the work, again and again", async () => {
  const scene = await newScene();
  for (let times = 0; times < 3; times++) {
    const running = scene.job.start("process");
    scene.job.sendMore();
    expect(await endedBy(running)).not.toContain(FORCED);
  }
  await expectNextStartGoesOn(scene);
});

/** In a run, with an epoch that the broker does not take. */
async function withEpochUnderWay(): Promise<Scene & { running: RunningCommand }> {
  const scene = await newScene();
  const { job, proxy } = scene;
  job.sendMore();
  const running = await job.startWorking(scene.through);
  await job.awaitOracle(running);
  // The ratings are read; the transaction is not begun any more.
  proxy.cutAt("AddPartitionsToTxn", "before", true);
  job.sendMore();
  await running.until("a transaction cut off", () => running.stderr.includes("was cut off"));
  return { ...scene, running };
}

async function makeMute({ proxy, running }: Scene & { running: RunningCommand }): Promise<void> {
  const before = proxy.connections;
  proxy.isFrozen = true;
  await proxy.open();
  await running.until("a connection", () => proxy.connections > before);
}

// All at once: each may take its 10 s.
test("at a start while the broker is mute; in a run while it is away, or mute", async () => {
  const starting = await newScene();
  starting.proxy.isFrozen = true;
  const atStart = { ...starting, running: starting.job.start("process", starting.through) };
  await atStart.running.until("a connection", () => starting.proxy.connections > 0);
  const away = await withEpochUnderWay();
  const mute = await withEpochUnderWay();
  await makeMute(mute);
  await Promise.all([atStart, away, mute].map(({ running }) => endedBy(running)));
  for (const scene of [atStart, away, mute]) await expectNextStartGoesOn(scene);
});

test("in a run while another program locks the table; the next start is not held up", async () => {
  const scene = await newScene();
  const { job } = scene;
  job.sendMore();
  const running = await job.startWorking();
  await job.awaitOracle(running);
  const other = await PostgresSession.connect(job.fixture.database());
  const waiting = () =>
    job.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'").map(({ pid }) => pid);
  try {
    await other.query("SET idle_in_transaction_session_timeout = 0");
    await other.query("BEGIN; LOCK TABLE public.movie_ratings IN ACCESS EXCLUSIVE MODE");
    job.sendMore();
    await running.until("a wait for the table", () => waiting().length > 0);
    const [before] = waiting();
    await endedBy(running);
    const next = job.start("process --once");
    await next.until("another wait for the table", () => waiting().some((pid) => pid !== before));
    await other.query("COMMIT");
    expect((await next.outcome()).code).toBe(0);
  } finally {
    await other.end();
  }
  await job.expectOracle();
  await expectNextStartGoesOn(scene);
});
