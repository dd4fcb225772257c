/** The scripts by their old names: each runs its command from any folder, and sourcing one leaves the shell alone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND_NAMES } from "../../src/settings/row.ts";
import { settingsOf } from "../../src/settings/settings.ts";

const SCRIPTS = join(import.meta.dirname, "..", "..", "scripts");
const ENVIRONMENT = { PATH: process.env.PATH ?? "" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-scripts-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function bash(script: string, env: Record<string, string> = {}) {
  const options = { cwd: folder, env: { ...ENVIRONMENT, SCRIPTS, ...env }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script], options);
  return { status, stdout, stderr };
}

test.each([
  ["setup", "setup"],
  ["kafka_producer", "produce"],
  ["processing_engine", "process"],
  ["kafka_consumer", "consume-kafka"],
  ["jdbc_consumer", "consume-jdbc"],
  ["cleanup", "cleanup"],
])("%s.sh is tidemark %s, run or sourced from any folder", (script, command) => {
  const ran = bash(`"$SCRIPTS/${script}.sh" --help`);
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: "" });
  expect(ran.stdout).toContain(`USAGE tidemark ${command} `);

  // Through a link, also one to a link, and by whatever shell is named sh.
  const links = `ln -s "$SCRIPTS/${script}.sh" ${script}; ln -s ${script} ${script}-again`;
  const linked = bash(`${links}; "$PWD/${script}" --help && cd / && "$OLDPWD/${script}-again" --help`);
  expect(linked).toEqual({ status: 0, stdout: ran.stdout + ran.stdout, stderr: "" });
  expect(bash(`sh "$SCRIPTS/${script}.sh" --help; sh ./${script} --help`)).toEqual(linked);
  expect(bash(`source ./${script} --help`)).toEqual(ran);

  const sourced = bash(
    `options=$(set -o; shopt); variables=$(compgen -v)
    source "$SCRIPTS/${script}.sh" --nonsense; echo "exit $?"
    [ "$options" = "$(set -o; shopt)" ] && [ "$PWD" = "${folder}" ] && echo untouched`,
  );
  expect(sourced.stderr).toContain(`tidemark ${command} knows no flag --nonsense`);
  expect(sourced.stdout).toBe("exit 2\nuntouched\n");
});

test.each(["bash", "sh"])("run by %s, a script becomes the executable, so that signals reach it", (shell) => {
  writeFileSync(join(folder, "whoami"), "#!/bin/sh\necho $$\n", { mode: 0o755 });
  const { stdout } = bash(`${shell} "$SCRIPTS/setup.sh" & echo $!; wait`, { TIDEMARK: join(folder, "whoami") });
  const [started, became] = stdout.trim().split("\n");
  expect(became).toBe(started);
});

test("arguments come through as they are", () => {
  const { stdout } = bash(`"$SCRIPTS/setup.sh" --home "a  b" '$HOME' ''`, { TIDEMARK: "printf" });
  // printf takes the command's name as its format.
  expect(stdout).toBe("setup");
  const words = bash(`"$SCRIPTS/setup.sh" "a  b" '$HOME'`, { TIDEMARK: "echo" });
  expect(words.stdout).toBe("setup a  b $HOME\n");
});

const SETTINGS = [...new Set(COMMAND_NAMES.flatMap(settingsOf))];

/** What is in the environment after a script that sources `file`. */
function sourced(file: string, env: Record<string, string> = {}): Map<string, string> {
  const { status, stdout, stderr } = bash(`set -eu; cd /; . "${file}"; env`, env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return new Map(stdout.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
}

test("env.sh names every variable of the settings once, and no other", () => {
  const lines = readFileSync(join(SCRIPTS, "env.sh"), "utf8").matchAll(/^(?:# )?export (\w+)="\$\{(\w+):-\S+\}"$/gm);
  const named = [...lines].map(([, name, fallbackOf]) => {
    expect(fallbackOf).toBe(name);
    return name;
  });
  const known = SETTINGS.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable]));
  expect(named.toSorted()).toEqual(known.toSorted());
});

test("env.sh sets those that have a default to it, and no other", () => {
  const after = sourced(join(SCRIPTS, "env.sh"));
  const wanted = SETTINGS.map(({ variable, default: fallback }) => [variable, fallback]);
  expect(SETTINGS.map(({ variable }) => [variable, after.get(variable)])).toEqual(wanted);
});

test("env.sh can have every line that is commented out, and still leaves alone what is set", () => {
  const whole = readFileSync(join(SCRIPTS, "env.sh"), "utf8").replace(/^# export /gm, "export ");
  const file = join(folder, "whole-env.sh");
  writeFileSync(file, whole);
  const mine = Object.fromEntries(SETTINGS.map(({ variable }) => [variable, `my ${variable}`]));
  for (const after of [sourced(file, mine), sourced(join(SCRIPTS, "env.sh"), mine)]) {
    expect(Object.fromEntries(SETTINGS.map(({ variable }) => [variable, after.get(variable)]))).toEqual(mine);
  }
});

test("env.sh leaves alone what is set", () => {
  const { stdout } = bash(`source "$SCRIPTS/env.sh"; echo "$PROCESSING_TYPE $ANOMALY_PERIOD_LENGTH"`, {
    PROCESSING_TYPE: "C",
  });
  expect(stdout).toBe("C 30\n");
});
