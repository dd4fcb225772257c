/**
 * A workplace whose commands are killed with -9 while they work. Has its own copy of the executable: another build may
 * replace the one in `dist` meanwhile.
 */
import { copyFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "../scenarios/running-command.ts";
import { EXECUTABLE, type Places, Workplace } from "../scenarios/workplace.ts";

export class KillableWorkplace extends Workplace {
  constructor(places?: Places) {
    super(places);
    this.program = [this.path("tidemark")];
    copyFileSync(EXECUTABLE, this.path("tidemark"));
  }

  /** Kills a command after a while; says whether it was still at it. One that ended by itself must have ended well. */
  async kill(command: RunningCommand, afterMs: number): Promise<boolean> {
    await Promise.race([sleep(afterMs), command.outcome()]);
    const { code, stderr } = await command.end("SIGKILL");
    if (code !== null && code !== 0) throw new Error(`a command ended with ${code}:\n${stderr}`);
    return code === null;
  }

  /** Starts a command and kills it after a while, as `kill`. */
  startAndKill(commandLine: string, afterMs: number): Promise<boolean> {
    return this.kill(this.start(commandLine), afterMs);
  }

  /** Runs a command to its end; how long it took, in milliseconds. */
  time(commandLine: string): number {
    const startMs = performance.now();
    this.succeed(commandLine);
    return performance.now() - startMs;
  }
}
