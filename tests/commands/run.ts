/** Runs a command in the test's own process, with its streams, its signal and its log in the test's hands. */
import { Readable, Writable } from "node:stream";
import type { Command, CommandContext, Output } from "../../src/command.ts";
import type { CommandName } from "../../src/settings/row.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { createLog } from "../../src/terminal/log.ts";
import { Progress } from "../../src/terminal/progress.ts";
import { Screen } from "../../src/terminal/screen.ts";

/** Shows nothing: the tests read the log from the commands' own messages. */
const NO_SCREEN = new Screen(new Writable({ write: (_chunk, _encoding, done) => done() }) as NodeJS.WriteStream);

export interface RunOptions {
  /** What is typed on a terminal; undefined: stdin is no terminal. */
  readonly typed?: string;
  readonly signal?: AbortSignal;
  readonly stdout?: Output;
  readonly now?: () => number;
  /** Variables that the command sees. */
  readonly env?: Record<string, string>;
}

export interface RunResult {
  readonly stdout: string;
  /** The same as it was written. */
  readonly stdoutBytes: Buffer;
  /** What was logged, a line each. */
  readonly logged: readonly string[];
}

export async function run(
  name: CommandName,
  command: Command,
  args: readonly string[],
  { typed, signal = new AbortController().signal, stdout, now = Date.now, env = {} }: RunOptions = {},
): Promise<RunResult> {
  const written: Uint8Array[] = [];
  const logged: string[] = [];
  const collect: Output = {
    write: async (data) => {
      written.push(Buffer.from(data));
    },
  };
  const note = (message: string) => void logged.push(message);
  const stdin = Object.assign(Readable.from([typed ?? ""]), { isTTY: typed !== undefined });
  const context: CommandContext = {
    settings: readSettings(name, args, env),
    stdin,
    stdout: stdout ?? collect,
    log: { ...createLog({ level: "error", screen: NO_SCREEN, now: Date.now }), info: note, warn: note },
    progress: (noun) => new Progress({ noun, screen: NO_SCREEN, now: Date.now }),
    signal,
    now,
    isTerminal: false,
  };
  await command(context);
  const stdoutBytes = Buffer.concat(written);
  return { stdout: stdoutBytes.toString(), stdoutBytes, logged };
}
