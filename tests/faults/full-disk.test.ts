/**
 * The disk of the checkpoints fills up under a `process` on a real broker and a real PostgreSQL, at starts and in the
 * middle of a run: exit 3, and once there is room the next start goes on, every row, anomaly and rejected line there
 * once. `TEST_SEED` makes other input.
 */
import { describe, expect, test } from "bun:test";
import { setImmediate as pause } from "node:timers/promises";
import { expectFull, SmallDisk, withFileLimit } from "../scenarios/small-disk.ts";
import { EXECUTABLE } from "../scenarios/workplace.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

/** More than this job's checkpoint ever needs. */
const ROOM_KIB = 64 * 1024;
/** After this many sends it must have been full. */
const SENDS_MAX = 40;
const services = OwnServices.ofThisFile();

/** Starts on a little more room each time, until one gets through; says how many did not. */
async function startUntilThereIsRoom(job: ServiceJob, sizes: Iterable<number>, resize: (size: number) => void) {
  let fullTimes = 0;
  job.sendMore();
  for (const size of sizes) {
    resize(size);
    const outcome = job.run("process --once");
    if (outcome.code === 0) break;
    expectFull(outcome);
    fullTimes++;
    job.sendMore();
  }
  expect(fullTimes).toBeGreaterThan(1);
  console.log(`the disk was full at ${fullTimes} starts`);
  await job.expectOracle();
}

/** A run comes upon a full disk in its middle; with room for the next start, all goes on. */
async function fillUnderway(job: ServiceJob, makeRoom: () => void): Promise<void> {
  const running = job.start("process");
  for (let times = 0; !running.hasEnded; times++) {
    expect(times).toBeLessThan(SENDS_MAX);
    job.sendMore();
    // Sending holds up all events of this process, also that the other has ended.
    await pause();
  }
  expectFull(await running.outcome());
  makeRoom();
  job.succeed("process --once");
  await job.expectOracle();
  job.sendMore();
  job.succeed("process --once");
  await job.expectOracle();
}

/** Twice as much room each time, up to far more than there is any use for. */
function* growing(first: number): Generator<number> {
  for (let size = first; size < ROOM_KIB; size *= 2) yield size;
}

describe.each(["A", "C"] as const)("in mode %s", (mode) => {
  test("checkpoint files that may not grow", async () => {
    const job = services.newJob(mode);
    const limit = (blocks: number) => {
      job.program = withFileLimit(blocks, [EXECUTABLE]);
    };
    await startUntilThereIsRoom(job, growing(2), limit);
    await fillUnderway(job, () => {
      job.program = [EXECUTABLE];
    });
  });

  // Only root may mount, and not everywhere; there the limit on files above has to stand for a full disk.
  test.skipIf(!SmallDisk.isPossible())("a small disk for the checkpoints", async () => {
    const job = services.newJob(mode);
    const disk = new SmallDisk(job.path("disk"), 8);
    try {
      job.env.CHECKPOINT_LOCATION = job.path("disk");
      await startUntilThereIsRoom(job, growing(8), (sizeKib) => disk.resize(sizeKib));
      await fillUnderway(job, () => disk.resize(ROOM_KIB));
    } finally {
      disk.remove();
    }
  });
});
