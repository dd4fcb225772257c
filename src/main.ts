/**
 * The command line: the table of commands, signals, and the only place that exits. A user's error becomes
 * `tidemark: …` and `hint: …` on stderr with its own exit code; anything else is a bug, with its stack and exit 1.
 * Commands are loaded when they are run, so that `--help` is quick.
 */
import { type CommandDef, defineCommand, runCommand } from "citty";
import packageJson from "../package.json" with { type: "json" };
import type { Command } from "./command.ts";
import { serviceError, systemErrorCode, UserError, usageError } from "./errors.ts";
import { nearest } from "./settings/command-line.ts";
import { COMMAND_NAMES, type CommandName } from "./settings/row.ts";
import { readSettings, settingsOf } from "./settings/settings.ts";
import { commandHelp, overview } from "./settings/usage.ts";
import { createLog } from "./terminal/log.ts";
import { Progress } from "./terminal/progress.ts";
import { Screen } from "./terminal/screen.ts";
import { visible } from "./terminal/visible-text.ts";

/** The contract is 10 s from a signal to the end; a command that takes longer is ended here, its state being safe. */
const STOP_MS_MAX = 9500;
const EXIT_BUG = 1;
/** As shells have it: 128 and the signal's number. */
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

interface CommandEntry {
  readonly description: string;
  readonly load: () => Promise<Command>;
  /** Of a command that has an end to come to: what is said where a signal ended it before, which is no exit 0. */
  readonly undone?: { readonly message: string; readonly hint: string };
  /** Of one that goes on until a signal: what holds where it did not end in time. */
  readonly goesOn?: string;
}

const COMMANDS: Readonly<Record<CommandName, CommandEntry>> = {
  setup: {
    description: "Makes the topics and the table of results; safe to repeat.",
    load: async () => (await import("./commands/setup.ts")).setup,
    undone: { message: "interrupted before all was made", hint: "run it again: it makes what is missing" },
  },
  produce: {
    description: "Sends the lines of rating files to the ratings topic.",
    load: async () => (await import("./commands/produce.ts")).produce,
    undone: {
      message: "interrupted before all lines were sent",
      hint: "send the rest with --resume; until then, let no `process --drain` close windows on a part of the ratings",
    },
  },
  process: {
    description: "Turns ratings into rows of results and anomalies, exactly once, until it is stopped.",
    load: async () => (await import("./commands/process.ts")).processRatings,
    goesOn: "the next start goes on from the last checkpoint",
  },
  "consume-kafka": {
    description: "Prints each anomaly as it comes, and goes on where it left off.",
    load: async () => (await import("./commands/consume-kafka.ts")).consumeKafka,
    goesOn: "the next start may print the last lines again",
  },
  "consume-jdbc": {
    description: "Shows the newest windows of the table of results.",
    load: async () => (await import("./commands/consume-jdbc.ts")).consumeJdbc,
  },
  cleanup: {
    description: "Removes what setup and the run made: topics, results, checkpoints.",
    load: async () => (await import("./commands/cleanup.ts")).cleanup,
    undone: { message: "interrupted before all was removed", hint: "run it again: it removes what is left" },
  },
};

const program: CommandDef = defineCommand({
  meta: { name: "tidemark", version: packageJson.version, description: packageJson.description },
  subCommands: Object.fromEntries(
    COMMAND_NAMES.map((name) => {
      const description = COMMANDS[name].description;
      return [name, defineCommand({ meta: { name, description }, run: ({ rawArgs }) => run(name, rawArgs) })];
    }),
  ),
});

const stop = new AbortController();
const screen = new Screen(process.stderr);
/** Whoever read our stdout (`| head`) has closed it. */
let readerGone = false;
let running: CommandEntry | undefined;
let stoppedBy: keyof typeof EXIT_BY_SIGNAL = "SIGTERM";

/** Runs one command with what stands behind its name. */
async function run(name: CommandName, args: readonly string[]): Promise<void> {
  checkWorkingFolder();
  const settings = readSettings(name, args, process.env);
  running = COMMANDS[name];
  const command = await running.load();
  await command({
    settings,
    stdin: process.stdin,
    stdout: { write: print },
    log: createLog({ level: settings.logLevel, screen, now: Date.now }),
    progress: (noun) => new Progress({ noun, screen, now: Date.now }),
    signal: stop.signal,
    now: Date.now,
    isTerminal: process.stdout.isTTY === true,
  });
}

/**
 * Exit 2 where the working folder was removed. Bun would then take a relative path, as the default home is, from the
 * executable's folder, and so use another's home, or remove it.
 */
function checkWorkingFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    throw usageError("the working folder is gone: it was removed", "change into a folder that is there", error);
  }
}

/** Writes to stdout; rejects when its reader has gone, or as a service that refuses us (a full disk: exit 3). */
function print(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (!error) return resolve();
      readerGone ||= systemErrorCode(error) === "EPIPE";
      const hint = "check where stdout leads: is the disk full?";
      reject(readerGone ? error : serviceError(`cannot write to stdout: ${error.message}`, hint, error));
    });
  });
}

/** What the arguments ask for. Settles when it is done. */
async function main(args: readonly string[]): Promise<void> {
  const [first, ...rest] = args;
  const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;
  if (first === undefined)
    throw usageError("no command is given", `give one of ${COMMAND_NAMES.join(", ")}; see tidemark --help`);
  if (first === "--help" || first === "-h") return print(await overview(program, colours));
  if (first === "--version" || first === "-v") return print(`${packageJson.version}\n`);
  const name = COMMAND_NAMES.find((known) => known === first);
  if (name === undefined) throw unknownCommand(first);
  if (rest.includes("--help") || rest.includes("-h")) {
    return print(commandHelp(name, COMMANDS[name].description, settingsOf(name)));
  }
  await runCommand(program, { rawArgs: [...args] });
}

function unknownCommand(first: string): UserError {
  if (first.startsWith("-")) {
    return usageError(`the command comes first, but ${first.replace(/=.*/s, "")} is a flag`, "see tidemark --help");
  }
  const near = nearest(first, COMMAND_NAMES);
  const suggestion = near === undefined ? "" : `did you mean ${near}? `;
  return usageError(`there is no command ${JSON.stringify(first)}`, `${suggestion}see tidemark --help`);
}

/** Says what went wrong, and gives the exit code. */
function report(error: unknown): number {
  screen.status("");
  if (error instanceof UserError) {
    screen.write(`tidemark: ${visible(error.message)}\nhint: ${visible(error.hint)}\n`);
    return error.exitCode;
  }
  // The reader of our stdout has seen enough: a clean end.
  if (readerGone && systemErrorCode(error) === "EPIPE") return 0;
  if (stop.signal.aborted && error instanceof Error && error.name === "AbortError") return reportInterrupted();
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  screen.write(`tidemark: this is a bug in Tidemark\n${text}\nhint: report it, with these lines and what you ran\n`);
  return EXIT_BUG;
}

/** For a command that a signal ended: a clean end, unless it had something to bring to its end. */
function reportInterrupted(): number {
  if (running?.undone === undefined) return 0;
  screen.write(`tidemark: ${running.undone.message}\nhint: ${running.undone.hint}\n`);
  return EXIT_BY_SIGNAL[stoppedBy];
}

function requestStop(signal: keyof typeof EXIT_BY_SIGNAL): void {
  if (stop.signal.aborted) {
    if (signal === "SIGINT") process.exit(EXIT_BY_SIGNAL.SIGINT);
    return;
  }
  stoppedBy = signal;
  stop.abort();
  setTimeout(() => {
    screen.status("");
    const after = running?.goesOn === undefined ? "" : `; ${running.goesOn}`;
    screen.write(`tidemark: not ended in time, so ended at once${after}\n`);
    process.exit(reportInterrupted());
  }, STOP_MS_MAX).unref();
}

process.on("SIGTERM", () => requestStop("SIGTERM"));
process.on("SIGINT", () => requestStop("SIGINT"));
process.on("uncaughtException", (error) => process.exit(report(error)));
process.on("unhandledRejection", (error) => process.exit(report(error)));
// Each write learns of a reader that has gone from its own callback.
process.stdout.on("error", () => {});

process.exit(await main(process.argv.slice(2)).then(() => 0, report));
