/**
 * The log: lines for people, on stderr, by consola. On a terminal it is consola's own display; elsewhere plain lines,
 * `2026-11-23T20:00:00.000Z warn  text`, without colours, boxes or icons. stdout is never touched.
 */
import { createConsola, LogLevels } from "consola";
import type { Screen } from "./screen.ts";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Log {
  /** Something failed. */
  error(message: string): void;
  /** Something to look at; the work goes on. */
  warn(message: string): void;
  /** What is done, and what became of it. */
  info(message: string): void;
  /** What helps to find the cause of a fault. */
  debug(message: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly screen: Screen;
  readonly now: () => number;
}

/** Wide enough for every level's name, so that messages begin in one column. */
const LEVEL_WIDTH = 5;

export function createLog({ level, screen, now }: LogOptions): Log {
  const plain = {
    log: ({ type, args }: { type: string; args: unknown[] }) => {
      screen.write(`${new Date(now()).toISOString()} ${type.padEnd(LEVEL_WIDTH)} ${args.join(" ")}\n`);
    },
  };
  // All that consola asks of a stream.
  const stderr = { columns: screen.width, isTTY: screen.isTerminal, write: (text: string) => screen.write(text) };
  const consola = createConsola({
    level: LogLevels[level],
    stdout: stderr as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    // Repeated lines are never swallowed: how often something happened is what a reader wants to know.
    throttle: 0,
    ...(screen.isTerminal ? { fancy: true } : { reporters: [plain] }),
  });
  // A string and nothing else: consola would take an object apart.
  return {
    error: (message) => consola.error(String(message)),
    warn: (message) => consola.warn(String(message)),
    info: (message) => consola.info(String(message)),
    debug: (message) => consola.debug(String(message)),
  };
}
