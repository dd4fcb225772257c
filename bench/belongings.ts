/**
 * What a benchmark has on this machine while it runs: folders, servers, processes. Promises that all of it is ended and
 * removed, last first, when the benchmark says so, and on SIGINT, SIGTERM or SIGHUP, whatever it is about; after a
 * signal it ends as shells expect, with 130, 143 or 129. How a server is ended is its own to know.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** For a process to take away what it has made itself. */
const END_MS_MAX = 5_000;

/** How to remove each, in the order in which they came. */
const removals = new Set<() => unknown>();
let removing: Promise<void> | undefined;
let isEnding = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, async () => {
    isEnding = true;
    // The benchmark finds everything gone, and fails: that must not end us before our time.
    for (const failure of ["uncaughtException", "unhandledRejection"]) process.on(failure, () => {});
    await removeAll();
    process.exit(128 + constants.signals[signal]);
  });
}

/**
 * Waits for what is being made, which belongs to us from now on, not only when it is there. Without `remove` it goes
 * with something else, and is only waited for in the end.
 */
export function keep<T>(making: Promise<T>, remove: (made: T) => unknown = () => {}): Promise<T> {
  // What could not be made has removed itself.
  removals.add(() => making.then(remove, () => {}));
  return unlessEnding(making);
}

/** A new folder, in the system's temporary one where nothing else is said. */
export function keepFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, "tidemark-bench-"));
  removals.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process until it has ended, which must lead a group of its own: what it starts ends with it. */
export function keepProcess<T>(pid: number, ended: Promise<T>): Promise<T> {
  const end = async () => {
    signalGroup(pid, "SIGTERM");
    await Promise.race([ended, sleep(END_MS_MAX)]);
    signalGroup(pid, "SIGKILL");
    await ended;
  };
  removals.add(end);
  return unlessEnding(ended.finally(() => removals.delete(end)));
}

/** The same for one that was spawned `detached`. */
export function keepChild<C extends ChildProcess>(child: C): C {
  void keepProcess(child.pid ?? Number.NaN, new Promise((resolve) => child.once("exit", resolve)));
  return child;
}

/** Removes all that there is, and what comes meanwhile. */
export function removeAll(): Promise<void> {
  removing ??= removeEach();
  return removing;
}

async function removeEach(): Promise<void> {
  while (removals.size > 0) {
    const last = [...removals].at(-1) as () => unknown;
    removals.delete(last);
    try {
      await last();
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
  }
}

/** Whoever waits for something while all is being removed has nothing more to do. */
async function unlessEnding<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } finally {
    if (isEnding) await new Promise(() => {});
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}
