/**
 * kill -9 of `process --rebuild` at random moments, topics and table in the home: see `killed-rebuild.ts`.
 */
import { afterEach, setDefaultTimeout, test } from "bun:test";
import { Random } from "../generate/random.ts";
import { KillableWorkplace } from "./killable-workplace.ts";
import { killRebuilds } from "./killed-rebuild.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const JOB = { ratings: 60_000, days: 180, movies: 400, kills: 16 };

let workplace: KillableWorkplace | undefined;
afterEach(() => workplace?.remove());

test.each([
  { mode: "A", partitions: 3 },
  { mode: "C", partitions: 1 },
] as const)("mode $mode, partitions: $partitions", async (job) => {
  workplace = new KillableWorkplace();
  await killRebuilds(workplace, { ...JOB, ...job }, new Random(SEED), `seed ${SEED}`);
});
