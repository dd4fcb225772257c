/**
 * The README's commands do what it says: the block of a first job runs as it stands, in an empty folder, by a shell.
 */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** The first shell block below a heading of the README. */
function shellBlock(heading: string): string {
  const section = readFileSync(join(ROOT, "README.md"), "utf8").split(`## ${heading}\n`)[1];
  const block = /```sh\n([\s\S]*?)```/.exec(section)?.[1];
  if (block === undefined) throw new Error(`the README shows no commands under ${heading}`);
  return block;
}

test("a first job of your own", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-readme-"));
  try {
    symlinkSync(join(ROOT, "dist"), join(folder, "dist"));
    // The executable is built already, and npm would need the project's folder: the sample's program is called itself.
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
