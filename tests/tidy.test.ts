/**
 * The house rules that a machine can check: size and opening comment of files, pure code without I/O or clock, one
 * place that exits, sources that run on every runtime, nothing dead, no test that is silently left out.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const LINES_MAX = 300;
const COLUMNS_MAX = 120;

/**
 * Pure is whatever a shard runs, and every file whose opening comment says "Pure": no I/O, clock, chance or process, so
 * that the same input gives the same output anywhere. These too, which do not say so:
 */
const PURE_TOO = [
  /^src\/topic\/(murmur2|slice-pieces)\.ts$/,
  /^src\/topic\/kafka\/(fetched-batches|compressed-batch|compression|lz4-block|lz4-frame)\.ts$/,
  /^src\/topic\/kafka\/(flexible-fields|fetch-by-id|topic-metadata)\.ts$/,
  /^src\/table\/print\.ts$/,
];
/** All that a pure file may import from elsewhere: no node:fs, net, http, https, tls, sqlite, child_process; no pg. */
const PURE_IMPORTS = ["node:buffer", "node:zlib", "csv-parse/sync", "@stablelib/snappy"];
const IMPURE = [
  /\b(Date|performance)\.now\b|\bnew Date\(\)/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bprocess\.|\bMath\.random\b|\bcrypto\.|\bfetch\(|\bnew (WebSocket|Worker)\b/,
];

function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.endsWith(ending)).map((path) => join(folder, path));
}

const SOURCES = filesIn("src", ".ts");
const ALL = [...SOURCES, ...["wasm", "tests", "scripts", "bench"].flatMap((folder) => filesIn(folder, ".ts"))];
const TEXTS = new Map(ALL.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));

const text = (path: string): string => TEXTS.get(path) ?? "";
const lines = (path: string): string[] => text(path).replace(/\n$/, "").split("\n");
/** Without comments, in which anything may be named. */
const code = (path: string): string =>
  text(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "");

/** Every line of `path` for which `wrong` holds, as `path:number: line`. */
function offences(path: string, wrong: (line: string, index: number, all: string[]) => boolean): string[] {
  const all = lines(path);
  return all.flatMap((line, index) => (wrong(line, index, all) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

/** Project files that `path` imports: statically, dynamically, as text, or as the file of a thread. */
function imports(path: string, content = code(path)): string[] {
  const specifiers = content.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\()["'](\.{1,2}\/[^"']+)["']/g);
  return [...specifiers].map(([, specifier]) => normalize(join(dirname(path), specifier)));
}

/** `from` and all that its imports lead to. */
function reachable(from: string): Set<string> {
  return closure(from, code);
}

/** The same without what is imported for its types only, which is gone when the code runs. */
function runBy(from: string): Set<string> {
  return closure(from, (path) => code(path).replace(/\bimport type [^;]*;/g, ""));
}

function closure(from: string, codeOf: (path: string) => string): Set<string> {
  const reached = new Set([from]);
  // A Set's iteration takes in what is added meanwhile.
  for (const path of reached) for (const imported of imports(path, codeOf(path))) reached.add(imported);
  return reached;
}

const PURE = new Set([
  ...runBy("src/shard/shard.ts"),
  ...SOURCES.filter((path) => /^\/\*\*(?:(?!\*\/)[\s\S])*\bPure\b/.test(text(path))),
  ...SOURCES.filter((path) => PURE_TOO.some((pattern) => pattern.test(path))),
]);

/** What a pure file must not have. */
function impurities(path: string): string[] {
  const specifiers = code(path).matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^."'][^"']*)["']/g);
  const foreign = [...specifiers].map(([, name]) => name).filter((name) => !PURE_IMPORTS.includes(name));
  const calls = IMPURE.flatMap((call) => call.exec(code(path))?.[0] ?? []);
  return [...foreign, ...calls].map((what) => `${path}: ${what}`);
}

describe("every file", () => {
  test(`has at most ${LINES_MAX} lines`, () => {
    expect(ALL.filter((path) => lines(path).length > LINES_MAX)).toEqual([]);
  });

  test(`has lines of at most ${COLUMNS_MAX} columns`, () => {
    expect(ALL.flatMap((path) => offences(path, (line) => line.length > COLUMNS_MAX))).toEqual([]);
  });

  test("opens with a comment that says what it is", () => {
    expect(ALL.filter((path) => !/^\/\*\*\n? ?(\* )?\S/.test(text(path)))).toEqual([]);
  });

  test("is named for what it is", () => {
    const vague = /(^|-)(utils?|helpers?|managers?|types)(-|\.|$)/i;
    expect(ALL.filter((path) => vague.test(basename(path)))).toEqual([]);
  });
});

describe("sources", () => {
  test("that are pure use no I/O, clock, chance or process", () => {
    expect([...PURE].flatMap(impurities)).toEqual([]);
  });

  test("that are pure are what a shard runs, and all that say so", () => {
    const some = [
      "src/shard/closing.ts",
      "src/errors.ts",
      "src/shard/totals.ts",
      "src/topic/crc32c.ts",
      "src/checkpoint/frames.ts",
    ];
    expect(some.filter((path) => !PURE.has(path))).toEqual([]);
    expect(PURE_TOO.filter((pattern) => !SOURCES.some((path) => pattern.test(path)))).toEqual([]);
  });

  test("run on every runtime: nothing of Bun's or Deno's own", () => {
    expect(SOURCES.filter((path) => /\b(Bun|Deno)\.[a-z]|["']bun(:|["'])/.test(code(path)))).toEqual([]);
  });

  test("leave exiting to main.ts", () => {
    const exits = /\bprocess\.(exit|abort|kill|exitCode)\b/;
    expect(SOURCES.filter((path) => path !== "src/main.ts" && exits.test(code(path)))).toEqual([]);
  });

  test("are all reached from main.ts, SQL statements too", () => {
    const reached = reachable("src/main.ts");
    const modules = SOURCES.filter((path) => !path.endsWith(".d.ts"));
    expect([...modules, ...filesIn("sql", ".sql")].filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("tests", () => {
  test("are found by the runner", () => {
    const tests = [...TEXTS].filter(([, content]) => /^import .* from "bun:test";$/m.test(content));
    const shared = new Set(ALL.flatMap((path) => imports(path)));
    expect(tests.map(([path]) => path).filter((path) => !path.endsWith(".test.ts") && !shared.has(path))).toEqual([]);
  });

  test("that are left out or run alone say why", () => {
    const leftOut = /\.(skip|todo|only|skipIf|todoIf)\(/;
    const silent = (line: string, index: number, all: string[]) =>
      leftOut.test(line) && !line.includes("//") && !/^\s*\/\//.test(all[index - 1] ?? "");
    expect(ALL.flatMap((path) => offences(path, silent))).toEqual([]);
  });
});
