/**
 * Damage in the files of a home, killed at any step: a flipped bit, a cut, a torn tail, things that a crash left lying
 * about. Whatever it is, a start is refused with exit 4, or it ends with the right results: never wrong ones, and never
 * with a bug. What a crash alone can leave is never refused.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../src/errors.ts";
import { Random } from "../generate/random.ts";
import { generateRatings } from "../generate.ts";
import { type ProcessOptions, runProcess, send, setUp } from "./embedded-home.ts";
import { makeFastFolder, Photograph, Photographer } from "./photographs.ts";
import { difference, expectedResults, type Results, type Rules, storedResults } from "./results.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.TIDEMARK_SEED ?? Date.now() % 1_000_000);
const TRIALS = 150;
const { partitions: RECORDS, titles: TITLES } = generateRatings(SEED, {
  ...{ partitions: 2, records: 90, movies: 12, untitled: 0, startDay: 12_000 },
  kinds: { malformed: 40, forwardJump: 4, farForward: 0 },
});
const RULES: Rules = { mode: "C", anomalyDays: 3, anomalyMinCount: 1, anomalyMinMean: 2 };
const OPTIONS: ProcessOptions = { rules: RULES, titles: TITLES };

const random = new Random(SEED);
let folder: string;
let home: string;
let expected: Results;
/** The home at every step of a process, and at its end. */
let killed: readonly Photograph[];
let finished: Photograph;

beforeAll(async () => {
  folder = makeFastFolder("tidemark-damage-");
  home = join(folder, "home");
  mkdirSync(home);
  await setUp(home, RECORDS.length);
  await send(home, random, RECORDS, 12);
  expected = expectedResults(home, TITLES, RULES);
  const photographer = new Photographer(home, random);
  await photographer.during(() =>
    runProcess(home, { ...OPTIONS, around: (table) => photographer.watched(table, "table") }),
  );
  // From where there is a checkpoint to damage.
  killed = photographer.taken.slice(photographer.taken.findIndex(({ before }) => before === "table.claim"));
  finished = Photograph.take(home, "nothing");
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => console.log(`seed ${SEED}`));

function develop(photograph: Photograph): void {
  rmSync(home, { recursive: true });
  photograph.develop(home);
}

/** The home's files of ours; SQLite guards its own. */
function files(pattern = /^/): string[] {
  const entries = readdirSync(home, { recursive: true, withFileTypes: true });
  const ours = entries.filter((entry) => entry.isFile() && !/^tidemark\.(db|json)|\.lock/.test(entry.name));
  return ours
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path))
    .sort();
}

function run(): Promise<"done" | UserError> {
  return runProcess(home, OPTIONS).then(
    () => "done",
    (error) => {
      if (!(error instanceof UserError)) throw error;
      return error;
    },
  );
}

function expectRight(what: string): void {
  const different = difference(storedResults(home), expected);
  if (different !== undefined) throw new Error(`${what}: ${different}`);
}

describe("any damage is refused or harmless:", () => {
  test("a flipped bit in any file", async () => {
    const seen = { refused: 0, harmless: 0 };
    for (let trial = 0; trial < TRIALS; trial++) {
      const photograph = random.pick([finished, random.pick(killed)]);
      develop(photograph);
      const path = random.pick(files().filter((file) => statSync(file).size > 0));
      const bytes = readFileSync(path);
      const at = random.whole(0, bytes.length - 1);
      const bit = 1 << random.whole(0, 7);
      bytes[at] ^= bit;
      writeFileSync(path, bytes);
      const what = `killed before ${photograph.before}, bit ${bit} of byte ${at} of ${path.slice(home.length)}`;
      const outcome = await run().catch((error) => {
        throw new Error(`${what}: ${error.message}`, { cause: error });
      });
      if (outcome !== "done") {
        expect(`${what}: ${outcome.exitCode}`).toBe(`${what}: 4`);
        seen.refused++;
        if (!path.includes("checkpoints")) continue;
        await runProcess(home, { ...OPTIONS, rebuild: true });
        expectRight(`${what}, then rebuilt`);
        continue;
      }
      // What nobody reads any more may stay damaged: there the results are read as they were written.
      const after = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      if (after[at] === bytes[at]) {
        after[at] ^= bit;
        writeFileSync(path, after);
      }
      expectRight(what);
      seen.harmless++;
    }
    console.log(seen);
    expect(Math.min(seen.refused, seen.harmless)).toBeGreaterThan(10);
  });

  test("a checkpoint log cut anywhere", async () => {
    const seen = { refused: 0, harmless: 0 };
    for (let trial = 0; trial < TRIALS; trial++) {
      const photograph = random.pick([finished, random.pick(killed)]);
      develop(photograph);
      const path = random.pick(files(/shard-\d\.log$/));
      const { size } = statSync(path);
      // Often in what is not confirmed yet.
      const length = random.chance(0.5) ? size - random.whole(1, 50) : random.whole(0, size - 1);
      truncateSync(path, length);
      const outcome = await run();
      const what = `killed before ${photograph.before}, ${basename(path)} cut to ${length}`;
      if (outcome === "done") expectRight(what);
      else expect(`${what}: ${outcome.exitCode}`).toBe(`${what}: 4`);
      seen[outcome === "done" ? "harmless" : "refused"]++;
    }
    console.log(seen);
    expect(Math.min(seen.refused, seen.harmless)).toBeGreaterThan(10);
  });

  test("every bit of the file that names the run", async () => {
    develop(finished);
    const path = join(home, "checkpoints", "current");
    const bytes = readFileSync(path);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      writeFileSync(path, flipped);
      const outcome = await run();
      // A line end may be another blank.
      if (outcome === "done") expect(flipped.toString().trim()).toBe(bytes.toString().trim());
      else expect(outcome.exitCode).toBe(4);
    }
    writeFileSync(path, bytes);
    expect(await run()).toBe("done");
    expectRight("put right again");
  });
});

describe("what a crash leaves is settled:", () => {
  const garbage = () => random.bytes(random.whole(1, 200));
  const zeros = () => new Uint8Array(random.whole(1, 5000));

  /** On homes killed at some steps, and on a finished one. */
  async function settled(what: string, leave: () => void, steps = killed): Promise<void> {
    for (const photograph of [finished, ...Array.from({ length: 12 }, () => random.pick(steps))]) {
      develop(photograph);
      leave();
      const outcome = await run();
      if (outcome !== "done") throw new Error(`${what}, killed before ${photograph.before}: ${outcome.message}`);
      expectRight(`${what}, killed before ${photograph.before}`);
      expect(await run()).toBe("done");
      expectRight(`${what}, once more`);
    }
  }

  const segments = () => files(/topics\/[^/]*\/\d+\/\d+\.log$/);
  const notes = () => files(/topics\/[^/]*\/\d+\/confirmed$/);
  const logs = () => files(/shard-\d\.log$/);

  test("a part of a batch, or garbage, behind the last batch of every topic", async () => {
    await settled("garbage", () => {
      for (const path of segments()) appendFileSync(path, garbage());
    });
    await settled("zeros", () => {
      for (const path of segments()) appendFileSync(path, zeros());
    });
    await settled("a part of a batch", () => {
      for (const path of segments()) {
        const bytes = readFileSync(path);
        if (bytes.length > 0) appendFileSync(path, bytes.subarray(0, random.whole(1, bytes.length - 1) % 90));
      }
    });
  });

  test("every topic's note of what is durable: old, torn, empty or gone", async () => {
    await settled("a note that is gone", () => {
      for (const path of notes()) rmSync(path);
    });
    await settled("a note that is empty", () => {
      for (const path of notes()) truncateSync(path);
    });
    await settled("a note that is torn", () => {
      for (const path of notes()) truncateSync(path, random.whole(0, 60));
    });
  });

  test("a torn or empty tail of a checkpoint log", async () => {
    // Behind whole logs: a write that was cut off is the last one.
    const whole = [finished];
    const zerosBehind = () => {
      for (const path of logs()) appendFileSync(path, zeros());
    };
    await settled("zeros", zerosBehind, whole);
    const partBehind = () => {
      for (const path of logs()) {
        const bytes = readFileSync(path);
        const firstFrame = bytes.subarray(0, 12 + bytes.readUInt32BE(0));
        appendFileSync(path, firstFrame.subarray(0, random.whole(1, firstFrame.length - 1)));
      }
    };
    await settled("a part of a frame", partBehind, whole);
  });

  test("temporary files and a run that never became current", async () => {
    await settled("leftovers", () => {
      const [log] = logs();
      writeFileSync(`${log}.new`, garbage());
      const checkpoints = dirname(dirname(log));
      writeFileSync(join(checkpoints, "current.7.new"), "run-");
      const unfinished = join(checkpoints, "run-00000000-0000-4000-8000-000000000000");
      mkdirSync(unfinished);
      writeFileSync(join(unfinished, "shard-0.log"), garbage());
    });
    expect(readdirSync(join(home, "checkpoints")).filter((name) => name.startsWith("run-"))).toHaveLength(1);
  });
});
