/**
 * `npm run wasm`: compiles `wasm/lane.ts` into `src/shard/lane-wasm.ts`, which is kept in the repository so that every
 * runtime takes the sources as they are. With `--print` the file goes to stdout: a test compares the two.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const TARGET = join(ROOT, "src/shard/lane-wasm.ts");
/** Of Base64, so that no line is longer than 120 columns. */
const COLUMNS = 112;

const folder = mkdtempSync(join(tmpdir(), "tidemark-wasm-"));
try {
  const compiled = join(folder, "lane.wasm");
  const flags = ["-O3", "--runtime", "stub", "--noAssert", "--importMemory", "--noExportMemory", "--enable", "simd"];
  const compiler = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
  execFileSync(process.execPath, [compiler, "wasm/lane.ts", ...flags, "-o", compiled], { cwd: ROOT, stdio: "inherit" });
  const lines =
    readFileSync(compiled)
      .toString("base64")
      .match(new RegExp(`.{1,${COLUMNS}}`, "g")) ?? [];
  const text =
    "/** `wasm/lane.ts` as WebAssembly, in Base64. Made by `npm run wasm`: change that file, not this one. */\n" +
    `export const LANE_WASM = [\n${lines.map((line) => `  "${line}",\n`).join("")}].join("");\n`;
  if (process.argv.includes("--print")) process.stdout.write(text);
  else writeFileSync(TARGET, text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
