/** The command line as a user meets it: help, version, exit codes, what is said about errors, signals, pipes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMMAND_NAMES } from "../src/settings/row.ts";
import { settingsOf } from "../src/settings/settings.ts";

const ROOT = join(import.meta.dirname, "..");
/** Built by `npm run build`; `npm test` does so first. */
const EXECUTABLE = join(ROOT, "dist", "tidemark");
/** Enough for programs to run, and nothing of Tidemark's. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "" };

const RUNTIMES: Record<string, string[]> = {
  "the executable": [EXECUTABLE],
  Bun: [process.execPath, join(ROOT, "src", "main.ts")],
  Deno: [join(ROOT, "node_modules", ".bin", "deno"), "run", "-A", join(ROOT, "src", "main.ts")],
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-main-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run([program, ...fixed]: string[], args: string[], env: Record<string, string> = {}) {
  const options = { cwd: folder, env: { ...ENVIRONMENT, ...env }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(program, [...fixed, ...args], options);
  return { status, stdout, stderr };
}

const tidemark = (args: string[], env?: Record<string, string>) => run([EXECUTABLE], args, env);

describe.each(Object.entries(RUNTIMES))("%s", (_, command) => {
  test("prints the version of package.json", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(run(command, ["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("prints an overview of all commands, without colours when piped", () => {
    const { status, stdout, stderr } = run(command, ["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of COMMAND_NAMES) expect(stdout).toMatch(new RegExp(`^ +${name} +[A-Z].*\\.$`, "m"));
    expect(stdout).not.toContain("\u001b");
  });

  test("answers wrong usage with what is wrong, a hint and exit code 2", () => {
    expect(run(command, ["process", "--anomaly-day", "1"])).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "tidemark: tidemark process knows no flag --anomaly-day\n" +
        "hint: did you mean --anomaly-days? see tidemark process --help\n",
    });
  });

  test("sets up a home", () => {
    const home = join(folder, `home of ${command[0].replaceAll("/", " ")}`);
    const { status, stderr } = run(command, ["setup", "--home", home]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(existsSync(home)).toBe(true);
  });
});

describe("help", () => {
  test.each([...COMMAND_NAMES])("of %s names every flag, variable and default, in lines of 100 columns", (name) => {
    const { status, stdout } = tidemark([name, "--help"]);
    expect(status).toBe(0);
    for (const { flag, variable, default: fallback } of settingsOf(name)) {
      const row = stdout.split("\n").find((line) => line.includes(` ${variable} `)) ?? "";
      expect(row).toContain(flag === undefined ? "(no flag)" : `--${flag}`);
      if (fallback !== undefined) expect(row).toEndWith(fallback === "false" ? " off" : ` ${fallback}`);
    }
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toContain("\u001b");
  });

  test("wins over other flags, right or wrong", () => {
    expect(tidemark(["process", "--nonsense", "-h"]).status).toBe(0);
  });
});

describe("errors", () => {
  test.each([
    [[], "no command is given"],
    [["proces"], "did you mean process?"],
    [["--mode", "A", "process"], "the command comes first"],
    [["--password=Xq7Zr9Wv", "process"], "--password is a flag"],
    [["consume-jdbc", "--limit", "0"], '--limit is "0"'],
    [["process", "--brokers", "localhost:99999"], '--brokers is "localhost:99999"'],
    [["consume-jdbc", "--database", "postgres://h/d"], "no user is given"],
  ])("%j: %s", (args, message) => {
    const { status, stdout, stderr } = tidemark(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^tidemark: .*\nhint: .*\n$/);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("Xq7Zr9Wv");
  });

  test("never hold a password of the environment", () => {
    const url = "postgres://u:Xq7Zr9Wv@h/d";
    for (const env of [{ JDBC_URL: url }, { JDBC_URL: `${url}/x` }, { JDBC_URL: url, JDBC_PASSWORD: "Xq7Zr9Wv" }]) {
      const { status, stdout, stderr } = tidemark(["process", "--brokers", "localhost"], env);
      expect(status).toBe(2);
      expect(stdout + stderr).not.toContain("Xq7Zr9Wv");
    }
  });

  test("a full disk behind stdout is exit 3, and no bug", () => {
    const full = `${EXECUTABLE} --help > /dev/full`;
    const { status, stderr } = run(["sh", "-c"], [full]);
    expect(status).toBe(3);
    expect(stderr).toStartWith("tidemark: cannot write to stdout: ENOSPC");
  });
});

describe("the folder that it is run in", () => {
  test("decides nothing by a .env or bunfig.toml", () => {
    writeFileSync(join(folder, ".env"), "KAFKA_BOOTSTRAP_SERVERS=localhost:0\nTIDEMARK_LOG=nonsense\n");
    writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./hostile.ts"]\n');
    writeFileSync(join(folder, "hostile.ts"), 'require("node:fs").writeFileSync("was-here", "");\n');
    const { status, stderr } = tidemark(["setup", "--home", "home"]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(existsSync(join(folder, "was-here"))).toBe(false);
    expect(existsSync(join(folder, "home"))).toBe(true);
    // The same in the environment does decide.
    expect(tidemark(["setup", "--home", "home"], { KAFKA_BOOTSTRAP_SERVERS: "localhost:0" }).status).toBe(2);
  });

  // Bun takes a relative path from the executable's folder then: another home would be used, and removed.
  test("was removed: exit 2 for every command, and a home beside the executable is left alone", () => {
    const beside = mkdtempSync(join(folder, "beside-"));
    const copy = join(beside, "tidemark");
    copyFileSync(EXECUTABLE, copy);
    expect(spawnSync(copy, ["setup"], { cwd: beside, env: ENVIRONMENT }).status).toBe(0);
    const before = readdirSync(beside, { recursive: true }).sort();
    const inRemoved = (...args: string[]) => {
      const moving = `mkdir "$1/gone" && cd "$1/gone" && rmdir "$1/gone" && shift && exec "$@"`;
      return run(["sh", "-c", moving, "sh", beside, copy], args);
    };
    for (const name of COMMAND_NAMES) {
      expect(inRemoved(name, ...(name === "cleanup" ? ["--yes"] : []))).toEqual({
        status: 2,
        stdout: "",
        stderr: "tidemark: the working folder is gone: it was removed\nhint: change into a folder that is there\n",
      });
    }
    expect(readdirSync(beside, { recursive: true }).sort()).toEqual(before);
    for (const flag of ["--help", "--version"]) expect(inRemoved(flag).status).toBe(0);
    expect(inRemoved("process", "--help").status).toBe(0);
  });
});

describe("a running command", () => {
  const follow = ["consume-jdbc", "--home", "home", "--format", "csv", "--interval", "0.1"];
  beforeAll(() => {
    expect(tidemark(["setup", "--home", "home"]).status).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends with 0 on %s", async (signal) => {
    const child = spawn(EXECUTABLE, follow, { cwd: folder, env: ENVIRONMENT, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    // Its first lines; or its end, if it fails.
    await Promise.race([once(child.stdout, "data"), ended]);
    child.stdout.resume();
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("that is not done on %s ends with %d, and says what to do", async (signal, status) => {
    mkdirSync(join(folder, "ratings"), { recursive: true });
    for (const name of ["1.csv", "2.csv"]) {
      writeFileSync(join(folder, "ratings", name), "date,film_id,user_id,rate\n2002-09-20,1,7,4\n");
    }
    const produce = ["produce", "--home", "home", "--ratings", "ratings", "--sleep", "1000"];
    const child = spawn(EXECUTABLE, produce, { cwd: folder, env: ENVIRONMENT, stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(child, "close");
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    await Promise.race([sleep(1500), ended]);
    child.kill(signal);
    expect(await ended).toEqual([status, null]);
    expect(stderr).toMatch(/tidemark: interrupted before all lines were sent\nhint: .*--resume/);
  });

  test("ends quietly with 0 when the reader of its output goes away", () => {
    const pipe = `"$@" | head -n 1; echo "exit \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = run(["bash", "-c", pipe, "bash", EXECUTABLE], follow);
    expect(stdout).toMatch(/^window_start,.*\nexit 0\n$/);
    expect(stderr).toBe("");
  });
});
