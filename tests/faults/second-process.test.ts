/**
 * Two processes for one group and topic, on a real broker and a real PostgreSQL: a second beside a living one is turned
 * away and changes nothing; one that slept while another took over writes nothing any more. Every row, anomaly and
 * rejected line is there once. `TEST_SEED` makes other input.
 */
import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { quoted } from "../services/postgres.ts";
import { OwnServices } from "./own-services.ts";
import type { ServiceJob } from "./service-job.ts";

const services = OwnServices.ofThisFile();

let job: ServiceJob;

/** Ends every session of the job's database, as an administrator may. */
function endSessions(): void {
  const { name } = job.fixture;
  services.server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${quoted(name, "'")}`);
}

test("a second process beside a living one ends with exit 4, names it, and changes nothing", async () => {
  job = services.newJob();
  job.sendMore();
  const first = await job.startWorking();
  await job.awaitOracle(first);

  const owner = `tidemark process (pid ${first.pid} `;
  await job.expectRefused(`the home folder ./tidemark-data is in use by ${owner}`, "");
  // Another home, and so another checkpoint, but the same database.
  await job.expectRefused(`is in use by ${owner}`, "", " --home other");
  // Another table too: what is left in common is the group.
  job.succeed("setup --partitions 2 --home third", [], { JDBC_URL: "" });
  await job.expectRefused(`group ${job.group} stands at epoch`, "--group", " --home third", { JDBC_URL: "" });

  // It was not even fenced.
  await job.expectGoesOn(first);
});

test.each(["still works", "has ended"])(
  "a process that sleeps, loses its sessions and is replaced by one that %s writes nothing when it wakes",
  async (successor) => {
    job = services.newJob(successor === "still works" ? "C" : "A");
    job.sendMore();
    const first = await job.startWorking();
    await job.awaitOracle(first);
    process.kill(first.pid, "SIGSTOP");
    endSessions();
    cpSync(job.path("tidemark-data"), job.path("copy"), { recursive: true });
    job.sendMore();

    const second = await job.startWorking({ TIDEMARK_HOME: "copy" });
    await job.awaitOracle(second);
    if (successor === "has ended") expect((await second.end("SIGTERM")).code).toBe(0);
    const before = { shards: job.shards(), rows: job.tableRows() };

    process.kill(first.pid, "SIGCONT");
    const { code, stderr } = await first.outcome();
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining("taken by another process") });
    expect({ shards: job.shards(), rows: job.tableRows() }).toEqual(before);
    await job.expectOracle();

    job.sendMore();
    if (successor === "has ended") job.succeed("process --once --home copy");
    else {
      await job.awaitOracle(second);
      expect((await second.end("SIGTERM")).code).toBe(0);
    }
    await job.expectOracle();
    // The home of the one that slept is an old copy now.
    await job.expectRefused("which is not in the checkpoint's log", "--rebuild");
  },
);
