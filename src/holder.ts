/**
 * How a process names itself: in lock files, for the message that a second process gets. For people only: nothing is
 * ever decided by it.
 */
import { hostname } from "node:os";

/** `tidemark process (pid 12 on host x, since 2026-11-23T20:00:00.000Z)`. */
export function holderText(command: string, startedMs: number): string {
  return `tidemark ${command} (pid ${process.pid} on host ${hostname()}, since ${new Date(startedMs).toISOString()})`;
}
