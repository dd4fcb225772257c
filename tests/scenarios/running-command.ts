/**
 * A command that goes on until it is told to end: its output as it arrives, signals, and how it ended. Waits are for
 * events with a generous limit, never for a time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./workplace.ts";

/** Far longer than anything takes; a test that waits this long has failed. */
const WAIT_MS_MAX = 90_000;
const POLL_MS = 20;

export class RunningCommand {
  stdout = "";
  stderr = "";
  hasEnded = false;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(program: string, args: readonly string[], folder: string, env: Record<string, string>) {
    this.#child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.hasEnded = true;
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Resolves when `condition` holds; fails when the command ends before, or never gets there. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const waited = waitFor(what, () => {
      if (condition()) return true;
      if (this.hasEnded) throw new Error(`the command ended before ${what}`);
      return false;
    });
    await waited.catch((error) => {
      throw new Error(`${error.message}; it said:\n${this.stderr}`);
    });
  }

  /** Sends the signal, and resolves with how the command ended. */
  end(signal: NodeJS.Signals): Promise<Outcome> {
    this.#child.kill(signal);
    return this.outcome();
  }

  /** Resolves when the command has ended by itself. */
  async outcome(): Promise<Outcome> {
    const code = await Promise.race([
      this.#ended,
      sleep(WAIT_MS_MAX, undefined, { ref: false }).then(() => {
        this.#child.kill("SIGKILL");
        throw new Error(`the command did not end within ${WAIT_MS_MAX} ms:\n${this.stderr}`);
      }),
    ]);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Resolves when `condition` holds, looking again and again; fails after a generous limit. */
export async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (const startMs = performance.now(); !condition(); await sleep(POLL_MS)) {
    if (performance.now() - startMs > WAIT_MS_MAX) throw new Error(`waited ${WAIT_MS_MAX} ms for ${what}`);
  }
}
