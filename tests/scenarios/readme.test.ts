/**
 * The README's commands do what it says: the block of a first job runs as it is, in an empty folder, by a shell. The
 * examples of formats are what the executable makes of each other.
 */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** What the README says below a heading. */
function section(heading: string): string {
  const found = readFileSync(join(ROOT, "README.md"), "utf8").split(`\n## ${heading}\n`)[1];
  if (found === undefined) throw new Error(`the README has no section ${heading}`);
  return found.split("\n## ")[0];
}

/** The first shell block below a heading. */
function shellBlock(heading: string): string {
  const block = /```sh\n([\s\S]*?)```/.exec(section(heading))?.[1];
  if (block === undefined) throw new Error(`the README shows no commands under ${heading}`);
  return block;
}

test("a first job of your own", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-readme-"));
  try {
    symlinkSync(join(ROOT, "dist"), join(folder, "dist"));
    // The executable is built already, and npm would need the project's folder: the sample's program is run directly.
    const script = shellBlock("A first job of your own")
      .replace("npm run build\n", "")
      .replace("npm run sample --", `${process.execPath} ${join(ROOT, "scripts/sample.ts")}`);
    const { TIDEMARK_HOME: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", script], { cwd: folder, env, encoding: "utf8" });
    expect(stderr).toContain("read 200000 = counted 200000 + rejected 0");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d 00:00:00,\d{4}-\d\d-\d\d 00:00:00,.*,\d+,\d+\.\d+$/m);
    expect(stdout).toContain("title(movie_id)");
    // Only what the user brought is left.
    expect(readdirSync(folder).sort()).toEqual(["data", "dist"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the examples of formats", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-readme-"));
  const { TIDEMARK_HOME: _, ...env } = process.env;
  const tidemark = (args: string) => {
    const options = { cwd: folder, env, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(join(ROOT, "dist/tidemark"), args.split(" "), options);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  try {
    const text = section("Formats");
    const blocks = [...text.matchAll(/```(?:json)?\n([\s\S]*?)```/g)].map(([, block]) => block);
    const [ratings, titles, anomalies, rows, totals] = blocks;
    mkdirSync(join(folder, "data/ratings"), { recursive: true });
    writeFileSync(join(folder, "data/ratings/a.csv"), ratings);
    writeFileSync(join(folder, "data/movie_titles.csv"), titles);
    tidemark("setup");
    tidemark("produce");
    tidemark(`process ${/`(--mode C[^`]*)`/.exec(text)?.[1]}`);
    expect(tidemark("consume-kafka --once")).toBe(anomalies);
    expect(tidemark("consume-jdbc --once --format csv")).toBe(rows);
    const rejected = tidemark("consume-kafka --once --anomaly-topic netflix-ratings-rejected").split("\n");
    expect(rejected).toEqual(["2002-11-30,12725,30878,four", "2002-09-22,12725,124105,4", ""]);
    const written = readFileSync(join(folder, "tidemark-data/checkpoints/totals.json"), "utf8");
    expect(JSON.parse(written)).toEqual(JSON.parse(totals));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
